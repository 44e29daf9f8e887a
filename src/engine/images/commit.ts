// `commit`: a container's changes as one more layer of its image.

import { formatFamiliar } from "../../image/reference.ts";
import { commitLayer } from "../../image/store/commit-layer.ts";
import type { ContainerConfig, ImageConfig } from "../../image/types.ts";
import { applyInstruction } from "./change-instructions.ts";
import { parseNewName, storeImage } from "./make-image.ts";
import { openStore } from "./open-store.ts";
import { isMountPlace, openContainer, whilePaused } from "./running-container.ts";
import { tellContainer } from "../events/tell-container.ts";

export interface CommitOptions {
  readonly container: string;
  readonly name?: string;
  readonly author: string;
  readonly message: string;
  /** Instructions of a Dockerfile. */
  readonly changes: readonly string[];
  readonly pause: boolean;
}

/** The id of the new image. @throws UserError */
export async function commitContainer(options: CommitOptions): Promise<string> {
  using store = openStore();
  store.hold();
  const name = parseNewName(options.name);
  const container = await openContainer(options.container, store);
  const { details, manifest, imageConfig, upper } = container;
  const config = options.changes.reduce(applyInstruction, details.config);
  const layer = whilePaused(container, options.pause, () =>
    commitLayer(upper, store, { excludes: (path) => isMountPlace(`/${path}`) }),
  );
  const made = makeConfig(imageConfig, config, layer.digest, options);
  const imageID = storeImage(made, [...manifest.layers, layer], name, store);
  const imageRef = name === undefined ? "" : formatFamiliar(name);
  tellContainer("commit", container.id, { comment: options.message, imageID, imageRef });
  return imageID;
}

function makeConfig(
  base: ImageConfig,
  config: ContainerConfig,
  diffId: ImageConfig["rootfs"]["diff_ids"][number],
  { author, message }: CommitOptions,
): ImageConfig {
  const created = new Date().toISOString();
  const step = {
    created,
    created_by: (config.Cmd ?? []).join(" "),
    ...(author !== "" && { author }),
    ...(message !== "" && { comment: message }),
  };
  return {
    ...base,
    created,
    ...(author !== "" && { author }),
    config,
    rootfs: { type: "layers", diff_ids: [...base.rootfs.diff_ids, diffId] },
    history: [...(base.history ?? base.rootfs.diff_ids.map(() => ({}))), step],
  };
}
