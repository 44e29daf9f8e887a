// The pull that a run begins with, when its image is not there.

import { UserError } from "../../errors.ts";
import { formatFamiliar, type Reference } from "../../image/reference.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";

export interface RunPull {
  readonly platform: string | undefined;
  readonly quiet: boolean | undefined;
  /** The image was looked for and is not there. */
  readonly isMissing: boolean;
}

/** The image, once it is there. Progress goes to stderr, as what the program prints is the program's. */
export async function pullForRun(
  reference: Reference,
  _pull: RunPull,
  _store: ImageStore,
): Promise<StoredImage> {
  await Promise.resolve();
  throw new UserError(`image "${formatFamiliar(reference)}" cannot be pulled yet`);
}
