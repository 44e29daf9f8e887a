// Writes images of the store as archives and folders that docker, podman, skopeo and containerd
// read. Blobs go out as they are in the store, compressed or not: nothing is packed anew.
//
//   blobs/sha256/HEX   every manifest, configuration and layer, once
//   index.json         an OCI index of the manifests, with the images' names
//   manifest.json      docker-archive: what docker reads instead
//   repositories       docker-archive: what very old readers want
//   oci-layout

import { closeSync, copyFileSync, openSync, readFileSync, readSync } from "node:fs";
import { fileType, makeDirectoryTree, renameFile, writeText } from "../../../ffi/files.ts";
import { toByteString } from "../../../ffi/tree.ts";
import { UserError } from "../../errors.ts";
import { type Digest, digestHex } from "../digest.ts";
import { PLAIN_ENTRY, TarWriter } from "../layer/tar-writer.ts";
import { parseManifest } from "../parse-manifest.ts";
import { familiarName, formatFamiliar, parseReference } from "../reference.ts";
import { DOCUMENT_BYTES, type ImageStore, type StoredImage } from "../store/store.ts";
import {
  type Annotations,
  type Descriptor,
  isIndex,
  isIndexType,
  type Manifest,
  MEDIA_TYPE,
  REF_NAME,
} from "../types.ts";
import { blobName } from "./contents.ts";
import { CONTAINERD_NAME } from "./import-oci.ts";

import type { Transport } from "./transport.ts";

export interface SaveImage {
  readonly image: StoredImage;
  /** Canonical; the archive's reader gives the image these names. */
  readonly names: readonly string[];
}

const OCI_LAYOUT = '{"imageLayoutVersion":"1.0.0"}';
const COPY_BYTES = 1024 * 1024;

/**
 * Writes an archive of images.
 * @param write takes all of the bytes, and may not keep them
 * @throws UserError where a blob is missing
 */
export function saveArchive(
  images: readonly SaveImage[],
  format: "docker-archive" | "oci-archive",
  write: (bytes: Uint8Array) => void,
  store: ImageStore,
): void {
  const isDocker = format === "docker-archive";
  const plan = planSave(images, store, isDocker);
  const tar = new TarWriter(write);
  const text = (name: string, value: string) => tar.file(name, new TextEncoder().encode(value));
  for (const folder of ["blobs", "blobs/sha256"]) {
    tar.entry({ ...PLAIN_ENTRY, name: folder, type: "folder", mode: 0o755 });
  }
  for (const digest of plan.blobs) writeBlob(tar, digest, store);
  text("index.json", JSON.stringify(plan.index));
  if (isDocker) {
    text("manifest.json", JSON.stringify(plan.dockerEntries));
    const repositories = makeRepositories(plan.dockerEntries);
    if (repositories !== undefined) text("repositories", repositories);
  }
  text("oci-layout", OCI_LAYOUT);
  tar.finish();
}

/** Writes `oci:` (beside what the folder has) or `dir:` (one image). Throws UserError. */
export function saveFolder(
  images: readonly SaveImage[],
  transport: Transport,
  store: ImageStore,
): void {
  makeDirectoryTree(transport.path, 0o755);
  if (transport.kind === "dir") saveDir(images, transport.path, store);
  else saveLayout(images, transport, store);
}

// ------------------------------------------------------------- what belongs to it

interface SavePlan {
  /** Every blob, once. */
  readonly blobs: ReadonlySet<Digest>;
  readonly index: object;
  readonly dockerEntries: readonly DockerEntry[];
}

interface DockerEntry {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

function planSave(images: readonly SaveImage[], store: ImageStore, isDocker: boolean): SavePlan {
  const blobs = new Set<Digest>();
  const manifests: Descriptor[] = [];
  const dockerEntries: DockerEntry[] = [];
  for (const { image, names } of images) {
    // docker's archives know no indexes: of several platforms, ours.
    const top = plainDescriptor(isDocker ? image.manifest : image.top);
    addBlobs(top, blobs, store);
    manifests.push(...entriesOf(top, names));
    if (isDocker) dockerEntries.push(makeDockerEntry(image, names, store));
  }
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
  return { blobs, index, dockerEntries };
}

/** Without the store's own annotations. */
function plainDescriptor({ annotations: _, ...descriptor }: Descriptor): Descriptor {
  return descriptor;
}

function entriesOf(top: Descriptor, names: readonly string[]): Descriptor[] {
  if (names.length === 0) return [top];
  return names.map((name) => ({ ...top, annotations: nameAnnotations(name) }));
}

function nameAnnotations(name: string): Annotations {
  return { [CONTAINERD_NAME]: name, [REF_NAME]: name };
}

function makeDockerEntry(
  { manifest }: StoredImage,
  names: readonly string[],
  store: ImageStore,
): DockerEntry {
  const { config, layers } = readImageManifest(manifest, store);
  const tags = names.filter((name) => parseReference(name).digest === undefined);
  return {
    Config: blobName(config.digest),
    RepoTags: tags.length === 0 ? null : tags.map((name) => formatFamiliar(parseReference(name))),
    Layers: layers.map(({ digest }) => blobName(digest)),
  };
}

function readImageManifest(descriptor: Descriptor, store: ImageStore): Manifest {
  const manifest = store.readManifest(descriptor);
  if (isIndex(manifest)) throw new UserError("an index where a manifest is wanted");
  return manifest;
}

/** Collects what a descriptor leads to; of an index, what is there of it. */
function addBlobs(descriptor: Descriptor, blobs: Set<Digest>, store: ImageStore): void {
  const document = store.readManifest(descriptor);
  blobs.add(descriptor.digest);
  if (isIndex(document)) {
    for (const each of document.manifests) {
      if (isWhole(each, store)) addBlobs(each, blobs, store);
    }
    return;
  }
  for (const { digest } of [document.config, ...document.layers]) {
    if (!store.hasBlob(digest)) throw new UserError(`blob ${digest} is missing in the store`);
    blobs.add(digest);
  }
}

function isWhole(descriptor: Descriptor, store: ImageStore): boolean {
  if (!store.hasBlob(descriptor.digest)) return false;
  if (isIndexType(descriptor.mediaType)) return true;
  const document = store.readManifest(descriptor);
  if (isIndex(document)) return true;
  return [document.config, ...document.layers].every(({ digest }) => store.hasBlob(digest));
}

/** `{"alpine":{"latest":"HEX"}}`; undefined where no image has a tag. */
function makeRepositories(entries: readonly DockerEntry[]): string | undefined {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { RepoTags, Layers } of entries) {
    for (const text of RepoTags ?? []) {
      const reference = parseReference(text);
      const top = Layers.at(-1)?.slice("blobs/sha256/".length) ?? "";
      const tags = (repositories[familiarName(reference)] ??= {});
      if (reference.tag !== undefined) tags[reference.tag] = top;
    }
  }
  return Object.keys(repositories).length === 0 ? undefined : JSON.stringify(repositories);
}

// ------------------------------------------------------------- writing it

function writeBlob(tar: TarWriter, digest: Digest, store: ImageStore): void {
  const size = store.blobs.size(digest);
  if (size === undefined) throw new UserError(`blob ${digest} is missing in the store`);
  tar.entry({ ...PLAIN_ENTRY, name: toByteString(blobName(digest)), size });
  const fd = openSync(store.blobPath(digest), "r");
  try {
    const buffer = new Uint8Array(Math.min(size, COPY_BYTES));
    let rest = size;
    while (rest > 0) {
      const count = readSync(fd, buffer, 0, Math.min(rest, buffer.length), null);
      if (count === 0) throw new UserError(`blob ${digest} is damaged: it is too short`);
      tar.data(buffer.subarray(0, count));
      rest -= count;
    }
  } finally {
    closeSync(fd);
  }
  if (size > 0) tar.end();
}

/** Copies a blob to a path, whole or not at all; on some file systems without copying. */
function copyBlob(digest: Digest, path: string, store: ImageStore): void {
  if (fileType(path) !== 0) return;
  copyFileSync(store.blobPath(digest), `${path}.new`);
  renameFile(`${path}.new`, path);
}

function saveLayout(
  images: readonly SaveImage[],
  { path, reference }: Transport,
  store: ImageStore,
): void {
  const { blobs } = planSave(images, store, false);
  makeDirectoryTree(`${path}/blobs/sha256`, 0o755);
  for (const digest of blobs) copyBlob(digest, `${path}/${blobName(digest)}`, store);
  writeText(`${path}/oci-layout`, OCI_LAYOUT);
  const entries = images.flatMap(({ image, names }) => {
    const top = plainDescriptor(image.top);
    if (reference === undefined) return entriesOf(top, names);
    return [{ ...top, annotations: { [REF_NAME]: reference } }];
  });
  const names = new Set(entries.map(({ annotations }) => annotations?.[REF_NAME]));
  const kept = layoutEntries(path).filter(
    ({ annotations }) => annotations?.[REF_NAME] === undefined || !names.has(annotations[REF_NAME]),
  );
  const manifests = [...kept, ...entries];
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
  writeText(`${path}/index.json.new`, JSON.stringify(index));
  renameFile(`${path}/index.json.new`, `${path}/index.json`);
}

function layoutEntries(path: string): readonly Descriptor[] {
  if (fileType(`${path}/index.json`) === 0) return [];
  const bytes = readFileSync(`${path}/index.json`);
  if (bytes.length > DOCUMENT_BYTES) throw new UserError(`"${path}/index.json" is too large`);
  const index = parseManifest(bytes, MEDIA_TYPE.ociIndex);
  return isIndex(index) ? index.manifests : [];
}

function saveDir(images: readonly SaveImage[], path: string, store: ImageStore): void {
  const [only, ...others] = images;
  if (only === undefined || others.length > 0) throw new UserError("dir: holds one image");
  const { image } = only;
  const { config, layers } = readImageManifest(image.manifest, store);
  for (const { digest } of [config, ...layers]) {
    copyBlob(digest, `${path}/${digestHex(digest)}`, store);
  }
  writeText(`${path}/version`, "Directory Transport Version: 1.1\n");
  copyFileSync(store.blobPath(image.manifest.digest), `${path}/manifest.json`);
}
