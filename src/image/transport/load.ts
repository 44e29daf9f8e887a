// Brings images from archives and folders into the store, unpacked and with their names.

import { fileType, isDirectory } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import type { ImageStore } from "../store/store.ts";
import { formatPlatform } from "../platform.ts";
import { isIndexType, type Platform } from "../types.ts";
import { readArchive } from "./archive-contents.ts";
import type { Contents } from "./contents.ts";
import { FolderContents } from "./folder-contents.ts";
import { importDir } from "./import-dir.ts";
import { importDockerArchive, readDockerEntries } from "./import-docker.ts";
import { importOciLayout } from "./import-oci.ts";
import type { LoadedImage, Transport } from "./transport.ts";

/** What of it is wanted. */
export interface LoadOptions {
  /** One of its images; all of them without. */
  readonly reference?: string | undefined;
  /** Of an image for several machines the one for this; without, all that there are. */
  readonly platform?: Platform | undefined;
}

/**
 * Loads a docker archive or an OCI archive, plain or compressed with gzip or zstd: which it is shows.
 * @throws UserError for what is none, is damaged or names what it does not have
 */
export async function loadArchive(
  chunks: AsyncIterable<Uint8Array>,
  store: ImageStore,
  { reference, platform }: LoadOptions = {},
): Promise<LoadedImage[]> {
  using contents = await readArchive(chunks, store);
  return await finish(importContents(contents, store, reference), store, platform);
}

function importContents(contents: Contents, store: ImageStore, reference?: string): LoadedImage[] {
  const entries = readDockerEntries(contents);
  if (contents.document("index.json") !== undefined) {
    const loaded = importOciLayout(contents, store, undefined);
    // docker writes both: the names are in manifest.json, the manifests in the layout.
    if (entries === undefined) return importOciLayout(contents, store, reference);
    const named = entries.map((entry) => matchEntry(loaded, entry.config, store));
    if (reference === undefined && named.every((each) => each !== undefined)) {
      const names = importDockerArchive(contents, store, entries).map((each) => each.names);
      return named.map((each, i) => ({ ...each, names: names[i] ?? [] }));
    }
  }
  if (entries !== undefined) return importDockerArchive(contents, store, entries, reference);
  throw new UserError(
    "the archive has neither manifest.json nor index.json: it holds no image",
    'a root file system without an image comes in by "bunker import"',
  );
}

/** The image of the layout that an entry of manifest.json is about. */
function matchEntry(
  loaded: readonly LoadedImage[],
  config: string,
  store: ImageStore,
): LoadedImage | undefined {
  const hex = /([0-9a-f]{64})(\.json)?$/.exec(config)?.[1];
  return loaded.find(({ descriptor }) => {
    const found = store.platformManifest(descriptor);
    if (found === undefined) return false;
    const manifest = store.readManifest(found);
    return "config" in manifest && manifest.config.digest === `sha256:${hex}`;
  });
}

/** Loads from `oci:` or `dir:`. Throws UserError. */
export async function loadFolder(
  transport: Transport,
  store: ImageStore,
  platform?: Platform,
): Promise<LoadedImage[]> {
  const { kind, path, reference } = transport;
  if (!isDirectory(path)) {
    const state = fileType(path) === 0 ? "does not exist" : "is no folder";
    throw new UserError(`"${path}" ${state}`);
  }
  store.hold();
  const contents = new FolderContents(path, store);
  const loaded =
    kind === "dir" ? importDir(contents, store) : importOciLayout(contents, store, reference);
  return await finish(loaded, store, platform);
}

/** Order: unpacked before it has its name, as the layers may turn out to be no archives. */
async function finish(
  found: readonly LoadedImage[],
  store: ImageStore,
  platform: Platform | undefined,
): Promise<LoadedImage[]> {
  if (found.length === 0) throw new UserError("there is no image in it");
  const loaded =
    platform === undefined ? found : found.map((each) => narrow(each, platform, store));
  for (const { descriptor } of loaded) {
    const manifest = store.platformManifest(descriptor);
    if (manifest !== undefined) await store.ensureLayers({ manifest });
    else if (!isIndexType(descriptor.mediaType)) throw new Error("a manifest without itself");
  }
  for (const { descriptor, names } of loaded) {
    if (names.length === 0) store.keepNameless(descriptor);
    for (const name of names) store.setReference(name, descriptor);
  }
  return [...loaded];
}

/** The image alone, without the index that it is in. @throws UserError where there is none */
function narrow(image: LoadedImage, platform: Platform, store: ImageStore): LoadedImage {
  const found = store.imageFor(image.descriptor, platform);
  if (found !== undefined) return { ...image, descriptor: found.manifest };
  const name = image.names[0] ?? image.descriptor.digest;
  const wanted = formatPlatform(platform);
  throw new UserError(
    `image ${name} was found but does not provide the specified platform (${wanted})`,
  );
}
