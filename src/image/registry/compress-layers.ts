// Layers that lie uncompressed in the store, as archives bring them, are pushed compressed: a
// registry's clients expect it, and some take no others.
import { createReadStream } from "node:fs";
import { createGzip } from "node:zlib";
import { digestOf } from "../digest.ts";
import type { ImageStore } from "../store/store.ts";
import { type Descriptor, type Manifest, MEDIA_TYPE } from "../types.ts";
import { forEachParallel } from "./parallel.ts";

const COMPRESSED: Readonly<Record<string, string>> = {
  [MEDIA_TYPE.ociLayer]: MEDIA_TYPE.ociLayerGzip,
  [MEDIA_TYPE.dockerLayer]: MEDIA_TYPE.dockerLayerGzip,
};

/** zlib works in threads of its own: one for each of two cores. */
const WIDTH = 2;
const READ_BYTES = 1024 * 1024;

export interface CompressedManifest {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * A manifest with every layer compressed, and those layers in the store, which they are not
 * referenced in; undefined where all are compressed already.
 */
export async function compressLayers(
  manifest: Manifest,
  store: ImageStore,
): Promise<CompressedManifest | undefined> {
  const plain = manifest.layers.filter(({ mediaType }) => mediaType in COMPRESSED);
  if (plain.length === 0) return undefined;
  const done = new Map<string, Descriptor>();
  await forEachParallel(plain, WIDTH, async (layer) => {
    if (!done.has(layer.digest)) done.set(layer.digest, await compress(layer, store));
  });
  const layers = manifest.layers.map((layer) =>
    layer.mediaType in COMPRESSED ? (done.get(layer.digest) ?? layer) : layer,
  );
  const changed = { ...manifest, layers };
  const bytes = new TextEncoder().encode(JSON.stringify(changed));
  const { mediaType } = manifest;
  return {
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
    manifest: changed,
    bytes,
  };
}

async function compress(layer: Descriptor, store: ImageStore): Promise<Descriptor> {
  using writer = store.ingest();
  const file = createReadStream(store.blobPath(layer.digest), { highWaterMark: READ_BYTES });
  const gzip = file.pipe(createGzip({ chunkSize: READ_BYTES }));
  file.on("error", (error) => gzip.destroy(error));
  for await (const chunk of gzip) writer.write(chunk);
  const { digest, size } = writer.commit();
  return { mediaType: COMPRESSED[layer.mediaType] ?? layer.mediaType, digest, size };
}
