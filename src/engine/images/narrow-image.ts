// `--platform` of save and push: of an image for several machines, the one for that.

import { UserError } from "../../errors.ts";
import { formatPlatform, matchesPlatform, parsePlatform } from "../../image/platform.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";
import { isIndex } from "../../image/types.ts";

/** The image alone, without the index that it is in. @throws UserError where there is none */
export function narrowImage(
  image: StoredImage,
  platform: string | undefined,
  store: ImageStore,
): StoredImage {
  if (platform === undefined) return image;
  const wanted = parsePlatform(platform);
  const manifest = store.platformManifest(image.top, wanted);
  const document = manifest && store.readManifest(manifest);
  if (manifest !== undefined && document !== undefined && !isIndex(document)) {
    const config = store.readConfig(document.config);
    if (matchesPlatform(config, wanted)) {
      return { ...image, id: document.config.digest, manifest, top: manifest };
    }
  }
  throw new UserError(
    `the image does not provide the specified platform (${formatPlatform(wanted)})`,
    undefined,
    1,
  );
}
