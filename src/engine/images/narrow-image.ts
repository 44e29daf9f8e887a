// `--platform` of save and push: of an image for several machines, the one for that.

import { UserError } from "../../errors.ts";
import { formatPlatform, parsePlatform } from "../../image/platform.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";

/** The image alone, without the index that it is in. @throws UserError where there is none */
export function narrowImage(
  image: StoredImage,
  platform: string | undefined,
  store: ImageStore,
): StoredImage {
  if (platform === undefined) return image;
  const wanted = parsePlatform(platform);
  const found = store.imageFor(image.top, wanted);
  if (found !== undefined) return { ...image, ...found, top: found.manifest };
  throw new UserError(
    `the image does not provide the specified platform (${formatPlatform(wanted)})`,
    undefined,
    1,
  );
}
