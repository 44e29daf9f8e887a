// The pull that a run begins with, when its image is not there.

import { formatFamiliar, type Reference } from "../../image/reference.ts";
import { SILENT } from "../../image/registry/progress.ts";
import { pullImage } from "../../image/registry/pull.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";
import type { RunOptions } from "../run-options.ts";
import { noteRepoDigest } from "./repo-digest.ts";
import { makeRegistryOptions, tellTransfer } from "./transfer.ts";

/** The image, once it is there. @throws UserError, RegistryError */
export async function pullForRun(
  reference: Reference,
  options: Pick<RunOptions, "platform" | "quiet" | "pullProgress">,
  isMissing: boolean,
  store: ImageStore,
): Promise<StoredImage> {
  const { platform, quiet, pullProgress } = options;
  const shown = quiet === true ? undefined : await pullProgress?.();
  const sink = shown ?? { ...SILENT, end: () => undefined };
  const name = formatFamiliar(reference);
  if (isMissing) sink.message(`Unable to find image '${name}' locally`);
  const registry = makeRegistryOptions({
    progress: sink,
    ...(platform !== undefined && { platform }),
  });
  const pulled = await pullImage(reference, registry, store);
  noteRepoDigest(pulled.name, pulled.top.digest, store);
  tellTransfer("pull", reference);
  sink.end({ name, digest: pulled.top.digest, isNew: pulled.isNew });
  return store.resolve(pulled.name);
}
