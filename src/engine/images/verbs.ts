// The verbs of images, loaded together by the first command that asks for one.

export { loadImages, pullFromTransport, pushToTransport, saveImages } from "./archives.ts";
export { readHistory } from "./history.ts";
export { inspectImages } from "./inspect-image.ts";
export { canonicalName, shortName } from "./open-store.ts";
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
