// `--mount type=image`: an image's files as a folder of another container.

import { UserError } from "../../errors.ts";
import { realPath } from "../../../ffi/files.ts";
import type { HostMountOption, RunOptions, StoredMountOption } from "../run-options.ts";
import { makeBind, refuseLinks } from "../volumes/bind.ts";
import { findRunImage, type RunImage } from "./run-image.ts";

export interface MountedImage {
  /** To be disposed once it is written down that it is in use. */
  readonly image: RunImage;
  readonly mount: HostMountOption;
}

/**
 * The image's files as a mount: its one layer's folder, or an overlay of several.
 * @throws UserError for a part of an image of several layers, whose files are in no one folder
 */
export async function mountImage(
  { reference, subpath, target }: Extract<StoredMountOption, { type: "image" }>,
  options: Pick<RunOptions, "pull" | "quiet" | "pullProgress">,
  isLookOnly: boolean,
): Promise<MountedImage> {
  const image = await findRunImage(reference, options, isLookOnly);
  return { image, mount: makeMount(image, reference, subpath, target) };
}

function makeMount(
  image: RunImage,
  reference: string,
  subpath: string | undefined,
  target: string,
): HostMountOption {
  const lower = image.lower.map((link) => `${image.links}/${link}`);
  const [only = "", ...others] = lower;
  if (others.length === 0) {
    const source = subpath === undefined ? realPath(only) : `${realPath(only)}/${subpath}`;
    if (subpath !== undefined) refuseLinks(realPath(only), subpath);
    return makeBind(source, target, true);
  }
  if (subpath === undefined) return { type: "overlay", target, lower };
  throw new UserError(
    `image-subpath of "${reference}" cannot be mounted: it has ${lower.length} layers`,
    "leave image-subpath out, or make an image of one layer by 'bunker import'",
  );
}
