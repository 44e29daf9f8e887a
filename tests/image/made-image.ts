// Small images made in memory, and the archives that docker, podman and skopeo would write of them.

import { gzipSync, zstdCompressSync } from "node:zlib";
import { type Digest, digestHex, digestOf } from "../../src/image/digest.ts";
import { archive, latin1, type RawEntry } from "./make-tar.ts";

export interface MadeLayer {
  /** As it is shipped. */
  readonly blob: Uint8Array;
  readonly digest: Digest;
  readonly diffId: Digest;
  readonly mediaType: string;
}

export interface MadeImage {
  readonly layers: readonly MadeLayer[];
  readonly config: Uint8Array;
  readonly configDigest: Digest;
  readonly manifest: Uint8Array;
  readonly manifestDigest: Digest;
}

const OCI = "application/vnd.oci.image";
const encode = (value: unknown): Uint8Array => latin1(JSON.stringify(value));

export function makeLayer(
  entries: readonly RawEntry[],
  compression: "none" | "gzip" | "zstd" = "none",
): MadeLayer {
  const tar = archive(...entries);
  const blob =
    compression === "gzip" ? gzipSync(tar) : compression === "zstd" ? zstdCompressSync(tar) : tar;
  const suffix = compression === "none" ? "" : `+${compression}`;
  return {
    blob,
    digest: digestOf(blob),
    diffId: digestOf(tar),
    mediaType: `${OCI}.layer.v1.tar${suffix}`,
  };
}

export function makeImage(layers: readonly MadeLayer[], extra: object = {}): MadeImage {
  const config = encode({
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: { Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    ...extra,
  });
  const manifest = encode({
    schemaVersion: 2,
    mediaType: `${OCI}.manifest.v1+json`,
    config: {
      mediaType: `${OCI}.config.v1+json`,
      digest: digestOf(config),
      size: config.length,
    },
    layers: layers.map(({ mediaType, digest, blob }) => ({ mediaType, digest, size: blob.length })),
  });
  return {
    layers,
    config,
    configDigest: digestOf(config),
    manifest,
    manifestDigest: digestOf(manifest),
  };
}

const blobPath = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

/** As `skopeo copy … oci-archive:` writes it. */
export function ociArchive(
  images: readonly (readonly [name: string | undefined, MadeImage])[],
  change: (files: Map<string, Uint8Array>) => void = () => undefined,
): Uint8Array {
  const files = new Map<string, Uint8Array>([
    ["oci-layout", encode({ imageLayoutVersion: "1.0.0" })],
  ]);
  const manifests = images.map(([name, image]) => {
    for (const { digest, blob } of image.layers) files.set(blobPath(digest), blob);
    files.set(blobPath(image.configDigest), image.config);
    files.set(blobPath(image.manifestDigest), image.manifest);
    return {
      mediaType: `${OCI}.manifest.v1+json`,
      digest: image.manifestDigest,
      size: image.manifest.length,
      ...(name === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": name } }),
    };
  });
  files.set("index.json", encode({ schemaVersion: 2, manifests }));
  change(files);
  return archive(...[...files].map(([name, contents]): RawEntry => longName(name, contents)));
}

/** As docker before 25 writes it: a folder a layer, and links where one comes again. */
export function dockerArchive(
  images: readonly (readonly [names: readonly string[], MadeImage])[],
  change: (entries: RawEntry[]) => void = () => undefined,
): Uint8Array {
  const seen = new Map<Digest, string>();
  const entries: RawEntry[] = [];
  const manifest = images.map(([names, image], n) => {
    const layers = image.layers.map(({ digest, blob }, i) => {
      const name = `layer-${n}-${i}/layer.tar`;
      const first = seen.get(digest);
      if (first === undefined) entries.push({ name, contents: blob });
      else entries.push({ name, type: "2", link: `../${first}` });
      seen.set(digest, first ?? name);
      return name;
    });
    const config = `${digestHex(image.configDigest)}.json`;
    entries.push({ name: config, contents: image.config });
    return { Config: config, RepoTags: names.length === 0 ? null : names, Layers: layers };
  });
  entries.push({ name: "manifest.json", contents: encode(manifest) });
  entries.push({ name: "repositories", contents: encode({}) });
  change(entries);
  return archive(...entries);
}

const longName = (name: string, contents: Uint8Array): RawEntry => ({ name, contents });

/** The pieces of an archive as a stream gives them. */
export async function* inPieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}
