// The verbs of images, loaded together by the first command that asks for one.

export { loadImages, pullFromTransport, pushToTransport, saveImages } from "./archives.ts";
export { commitContainer } from "./commit.ts";
export { diffContainer } from "./diff.ts";
export { exportContainer } from "./export.ts";
export { importImage } from "./import.ts";
export { pruneImages, removeImage } from "./remove-image.ts";
export { readHistory } from "./history.ts";
export { inspectImages } from "./inspect-image.ts";
export { canonicalName, findImageId, shortName } from "./open-store.ts";
export { listImages } from "./list-images.ts";
export { tagImage } from "./tag-image.ts";
export {
  inspectManifest,
  knownUser,
  login,
  logout,
  pullImages,
  pushImages,
  readPassword,
} from "./transfer.ts";
