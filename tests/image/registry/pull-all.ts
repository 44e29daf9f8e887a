// Pulls several images at once into one store.
import { parseReference } from "../../../src/image/reference.ts";
import { SILENT } from "../../../src/image/registry/progress.ts";
import { pullImage } from "../../../src/image/registry/pull.ts";
import type { ImageStore } from "../../../src/image/store/store.ts";

/** @param names whole, with the registry's host */
export async function pullAll(names: readonly string[], store: ImageStore): Promise<void> {
  const options = { environment: {}, progress: SILENT };
  await Promise.all(names.map((name) => pullImage(parseReference(name), options, store)));
}
