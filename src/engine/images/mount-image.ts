// `--mount type=image`: an image's files as a folder of another container.

import { UserError } from "../../errors.ts";
import type { RunOptions, StoredMountOption } from "../run-options.ts";
import { findRunImage } from "./run-image.ts";

/**
 * The folder of the host that has the image's files.
 * @throws UserError for an image of several layers, which no one folder has
 */
export async function mountImage(
  { reference, subpath }: Extract<StoredMountOption, { type: "image" }>,
  options: Pick<RunOptions, "pull" | "quiet" | "pullProgress">,
  isLookOnly: boolean,
): Promise<string> {
  const image = await findRunImage(reference, options, isLookOnly);
  const [only, second] = image.lower;
  if (only === undefined || second !== undefined) {
    throw new UserError(
      `image "${reference}" cannot be mounted: it has ${image.lower.length} layers`,
      "an image of one layer can: 'bunker export' and 'bunker import' make one",
    );
  }
  const folder = `${image.links}/${only}`;
  return subpath === undefined ? folder : `${folder}/${subpath}`;
}
