// The verbs of images. What many commands do is loaded with this file; what needs a registry, archives
// or a container's layers when it is called: loading it takes longer than to list a hundred images.

import type * as archives from "./archives.ts";
import type { commitContainer as commit } from "./commit.ts";
import type { diffContainer as diff } from "./diff.ts";
import type { exportContainer as exportFiles } from "./export.ts";
import type { importImage as importFiles } from "./import.ts";
import type * as transfer from "./transfer.ts";

export { readHistory } from "./history.ts";
export { inspectImages } from "./inspect-image.ts";
export { listImages } from "./list-images.ts";
export { canonicalName, findImageId, shortName } from "./open-store.ts";
export { pruneImages, removeImage } from "./remove-image.ts";
export { tagImage } from "./tag-image.ts";

type Later<F extends (...args: never[]) => unknown> = (
  ...args: Parameters<F>
) => Promise<Awaited<ReturnType<F>>>;

export const loadImages: Later<typeof archives.loadImages> = async (...args) =>
  (await import("./archives.ts")).loadImages(...args);

export const saveImages: Later<typeof archives.saveImages> = async (...args) =>
  (await import("./archives.ts")).saveImages(...args);

export const pullFromTransport: Later<typeof archives.pullFromTransport> = async (...args) =>
  (await import("./archives.ts")).pullFromTransport(...args);

export const pushToTransport: Later<typeof archives.pushToTransport> = async (...args) =>
  (await import("./archives.ts")).pushToTransport(...args);

export const commitContainer: Later<typeof commit> = async (...args) =>
  (await import("./commit.ts")).commitContainer(...args);

export const diffContainer: Later<typeof diff> = async (...args) =>
  (await import("./diff.ts")).diffContainer(...args);

export const exportContainer: Later<typeof exportFiles> = async (...args) =>
  (await import("./export.ts")).exportContainer(...args);

export const importImage: Later<typeof importFiles> = async (...args) =>
  (await import("./import.ts")).importImage(...args);

export const pullImages: Later<typeof transfer.pullImages> = async (...args) =>
  (await import("./transfer.ts")).pullImages(...args);

export const pushImages: Later<typeof transfer.pushImages> = async (...args) =>
  (await import("./transfer.ts")).pushImages(...args);

export const inspectManifest: Later<typeof transfer.inspectManifest> = async (...args) =>
  (await import("./transfer.ts")).inspectManifest(...args);

export const login: Later<typeof transfer.login> = async (...args) =>
  (await import("./transfer.ts")).login(...args);

export const logout: Later<typeof transfer.logout> = async (...args) =>
  (await import("./transfer.ts")).logout(...args);

export const knownUser: Later<typeof transfer.knownUser> = async (...args) =>
  (await import("./transfer.ts")).knownUser(...args);

export const readPassword: Later<typeof transfer.readPassword> = async (...args) =>
  (await import("./transfer.ts")).readPassword(...args);
