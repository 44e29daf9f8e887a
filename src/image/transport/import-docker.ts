// Brings the images of a docker archive (`docker save`) into the store. It names configurations and
// layers, but has no manifests: they are made here, as Docker's schema 2 has them.

import { UserError } from "../../errors.ts";
import { closeSync, openSync, readSync } from "node:fs";
import { detectCompression } from "../layer/decompress.ts";
import { parseImageConfig } from "../parse-manifest.ts";
import { formatReference, parseReference, withDefaultTag } from "../reference.ts";
import type { StoredBlob } from "../store/blobs.ts";
import { DOCUMENT_BYTES, type ImageStore } from "../store/store.ts";
import { type Compression, type Descriptor, type Manifest, MEDIA_TYPE } from "../types.ts";
import type { Contents } from "./contents.ts";
import type { LoadedImage } from "./transport.ts";

/** One entry of manifest.json. */
export interface DockerArchiveEntry {
  readonly config: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

/** What manifest.json says; undefined where there is none. Throws UserError. */
export function readDockerEntries(contents: Contents): DockerArchiveEntry[] | undefined {
  const bytes = contents.document("manifest.json");
  if (bytes === undefined) return undefined;
  const invalid = () => new UserError(`manifest.json in ${contents.what} is not valid`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw invalid();
  }
  if (!Array.isArray(value)) throw invalid();
  return value.map((each: unknown): DockerArchiveEntry => {
    const entry = isRecord(each) ? each : {};
    const { Config: config, RepoTags: names, Layers: layers } = entry;
    if (typeof config !== "string" || !isTexts(names ?? []) || !isTexts(layers ?? []))
      throw invalid();
    return { config, names: texts(names), layers: texts(layers) };
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === "string");
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];

/** The images, those that `reference` names where one is given. */
export function importDockerArchive(
  contents: Contents,
  store: ImageStore,
  entries: readonly DockerArchiveEntry[],
  reference?: string,
): LoadedImage[] {
  const wanted = entries.map((entry) => ({ ...entry, names: canonicalNames(entry.names) }));
  if (reference === undefined) return wanted.map((entry) => importEntry(contents, store, entry));
  const index = /^@([0-9]+)$/.exec(reference);
  if (index !== null) {
    const entry = wanted[Number(index[1])];
    if (entry === undefined) throw new UserError(`${contents.what} has no image ${reference}`);
    return [importEntry(contents, store, entry)];
  }
  const name = formatReference(withDefaultTag(parseReference(reference)));
  const named = wanted.filter(({ names }) => names.includes(name));
  if (named.length === 0 && wanted.length === 1 && wanted[0]?.names.length === 0) {
    return [importEntry(contents, store, { ...wanted[0], names: [name] })];
  }
  if (named.length === 0) throw new UserError(`${contents.what} has no image "${reference}"`);
  return named.map((entry) => importEntry(contents, store, { ...entry, names: [name] }));
}

function canonicalNames(names: readonly string[]): string[] {
  return names.map((name) => formatReference(withDefaultTag(parseReference(name))));
}

function importEntry(
  contents: Contents,
  store: ImageStore,
  entry: DockerArchiveEntry,
): LoadedImage {
  const config = contents.document(entry.config);
  if (config === undefined) throw new UserError(`${contents.what} has no file "${entry.config}"`);
  const { rootfs } = parseImageConfig(config);
  if (rootfs.diff_ids.length !== entry.layers.length) {
    throw new UserError(
      `the image is not valid: ${entry.layers.length} layers in manifest.json, ` +
        `${rootfs.diff_ids.length} in its configuration`,
    );
  }
  const layers = entry.layers.map((name, i) => {
    // A layer without compression must be what the configuration says: found out before it is unpacked.
    const blob = contents.blob(name, {}) ?? storedBlob(store, rootfs.diff_ids[i]);
    if (blob === undefined) throw new UserError(`${contents.what} has no file "${name}"`);
    return { ...blob, compression: compressionOf(store, blob) };
  });
  const configBlob = contents.blob(entry.config, {});
  if (configBlob === undefined)
    throw new UserError(`${contents.what} has no file "${entry.config}"`);
  const descriptor = storeManifest(store, makeManifest(configBlob, layers));
  return { descriptor, names: entry.names };
}

function storedBlob(
  store: ImageStore,
  digest: Descriptor["digest"] | undefined,
): StoredBlob | undefined {
  if (digest === undefined) return undefined;
  const size = store.blobs.size(digest);
  return size === undefined ? undefined : { digest, size };
}

function compressionOf(store: ImageStore, { digest }: StoredBlob): Compression {
  const start = new Uint8Array(4);
  const fd = openSync(store.blobPath(digest), "r");
  try {
    readSync(fd, start, 0, start.length, 0);
    return detectCompression(start);
  } finally {
    closeSync(fd);
  }
}

const DOCKER_LAYER = { none: MEDIA_TYPE.dockerLayer, gzip: MEDIA_TYPE.dockerLayerGzip } as const;

const OCI_LAYER = {
  none: MEDIA_TYPE.ociLayer,
  gzip: MEDIA_TYPE.ociLayerGzip,
  zstd: MEDIA_TYPE.ociLayerZstd,
} as const;

interface CompressedBlob extends StoredBlob {
  readonly compression: Compression;
}

/** A schema 2 manifest; an OCI one where a layer is zstd, which schema 2 has no word for. */
export function makeManifest(config: StoredBlob, layers: readonly CompressedBlob[]): Manifest {
  const isOci = layers.some(({ compression }) => compression === "zstd");
  return {
    schemaVersion: 2,
    mediaType: isOci ? MEDIA_TYPE.ociManifest : MEDIA_TYPE.dockerManifest,
    config: { mediaType: isOci ? MEDIA_TYPE.ociConfig : MEDIA_TYPE.dockerConfig, ...config },
    layers: layers.map(({ compression, digest, size }) => ({
      mediaType:
        isOci || compression === "zstd" ? OCI_LAYER[compression] : DOCKER_LAYER[compression],
      digest,
      size,
    })),
  };
}

/** Stores a manifest; its descriptor. */
export function storeManifest(store: ImageStore, manifest: Manifest): Descriptor {
  const bytes = new TextEncoder().encode(JSON.stringify(manifest));
  if (bytes.length > DOCUMENT_BYTES) throw new UserError("the image has too many layers");
  return { mediaType: manifest.mediaType, digest: store.ingestBytes(bytes), size: bytes.length };
}
