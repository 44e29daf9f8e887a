// The verbs of images. Start-up: each loads what it needs when it is called, as all of them together take
// longer to load than to list a hundred images.

import type { Later } from "../later.ts";
import type * as archives from "./archives.ts";
import type { commitContainer as commit } from "./commit.ts";
import type { diffContainer as diff } from "./diff.ts";
import type { exportContainer as exportFiles } from "./export.ts";
import type { readHistory as history } from "./history.ts";
import type { importImage as importFiles } from "./import.ts";
import type { inspectImages as inspect } from "./inspect-image.ts";
import type { listImages as list } from "./list-images.ts";
import type * as open from "./open-store.ts";
import type * as removal from "./remove-image.ts";
import type { tagImage as tag } from "./tag-image.ts";
import type * as lists from "./manifest-lists.ts";
import type * as transfer from "./transfer.ts";

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

export const createManifestList: Later<typeof lists.createManifestList> = async (...args) =>
  (await import("./manifest-lists.ts")).createManifestList(...args);

export const annotateManifest: Later<typeof lists.annotateManifest> = async (...args) =>
  (await import("./manifest-lists.ts")).annotateManifest(...args);

export const readManifestList: Later<typeof lists.readManifestList> = async (...args) =>
  (await import("./manifest-lists.ts")).readManifestList(...args);

export const pushManifestList: Later<typeof lists.pushManifestList> = async (...args) =>
  (await import("./manifest-lists.ts")).pushManifestList(...args);

export const removeManifestList: Later<typeof lists.removeManifestList> = async (...args) =>
  (await import("./manifest-lists.ts")).removeManifestList(...args);

export const login: Later<typeof transfer.login> = async (...args) =>
  (await import("./transfer.ts")).login(...args);

export const logout: Later<typeof transfer.logout> = async (...args) =>
  (await import("./transfer.ts")).logout(...args);

export const knownUser: Later<typeof transfer.knownUser> = async (...args) =>
  (await import("./transfer.ts")).knownUser(...args);

export const readPassword: Later<typeof transfer.readPassword> = async (...args) =>
  (await import("./transfer.ts")).readPassword(...args);

export const readHistory: Later<typeof history> = async (...args) =>
  (await import("./history.ts")).readHistory(...args);

export const inspectImages: Later<typeof inspect> = async (...args) =>
  (await import("./inspect-image.ts")).inspectImages(...args);

export const listImages: Later<typeof list> = async (...args) =>
  (await import("./list-images.ts")).listImages(...args);

export const canonicalName: Later<typeof open.canonicalName> = async (...args) =>
  (await import("./open-store.ts")).canonicalName(...args);

export const findImageId: Later<typeof open.findImageId> = async (...args) =>
  (await import("./open-store.ts")).findImageId(...args);

export const shortName: Later<typeof open.shortName> = async (...args) =>
  (await import("./open-store.ts")).shortName(...args);

export const pruneImages: Later<typeof removal.pruneImages> = async (...args) =>
  (await import("./remove-image.ts")).pruneImages(...args);

export const removeImage: Later<typeof removal.removeImage> = async (...args) =>
  (await import("./remove-image.ts")).removeImage(...args);

export const tagImage: Later<typeof tag> = async (...args) =>
  (await import("./tag-image.ts")).tagImage(...args);
