// `--mount type=image`: an image's files as a folder of another container.

import { UserError } from "../../errors.ts";
import { realPath } from "../../../ffi/files.ts";
import type { HostMountOption, RunOptions, StoredMountOption } from "../run-options.ts";
import { findInLayers } from "../../image/layer/find-in-layers.ts";
import { linkRefusal, makeBind } from "../volumes/bind.ts";
import { findRunImage, type RunImage } from "./run-image.ts";

export interface MountedImage {
  /** To be disposed once it is written down that it is in use. */
  readonly image: RunImage;
  readonly mount: HostMountOption;
}

/**
 * The image's files as a mount, or a part of them: a folder, or an overlay of several.
 * @throws UserError for a part that is not there, or that a link leads to
 */
export async function mountImage(
  { reference, subpath, target }: Extract<StoredMountOption, { type: "image" }>,
  options: Pick<RunOptions, "pull" | "quiet" | "pullProgress">,
  isLookOnly: boolean,
): Promise<MountedImage> {
  const image = await findRunImage(reference, options, isLookOnly);
  return { image, mount: makeMount(image, subpath, target) };
}

function makeMount(image: RunImage, subpath: string | undefined, target: string): HostMountOption {
  const layers = image.lower.map((link) => `${image.links}/${link}`);
  const lower =
    subpath === undefined
      ? layers
      : listParts(
          layers.map((path) => realPath(path)),
          subpath,
        );
  const [only = "", ...others] = lower;
  return others.length === 0
    ? makeBind(realPath(only), target, true)
    : { type: "overlay", target, lower };
}

/** Where a part of the image is: in each layer that has a part of it. */
function listParts(layers: readonly string[], subpath: string): readonly string[] {
  const place = findInLayers(layers, subpath);
  if (place.kind === "folder") return place.paths;
  if (place.kind === "file") return [place.path];
  if (place.kind === "link") throw linkRefusal(place.path);
  throw new UserError(`cannot access path ${subpath}: no such file or directory`);
}
