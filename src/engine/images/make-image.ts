// A configuration and layers → an image in the store: what `commit` and `import` end in.

import { UserError } from "../../errors.ts";
import { formatReference, type Reference } from "../../image/reference.ts";
import type { ImageStore } from "../../image/store/store.ts";
import { makeManifest, storeManifest } from "../../image/transport/import-docker.ts";
import type { Compression, Descriptor, ImageConfig } from "../../image/types.ts";
import { canonicalReference } from "./open-store.ts";

/** The name that a new image is to have. @throws UserError for one with a digest */
export function parseNewName(text: string | undefined): Reference | undefined {
  if (text === undefined || text === "") return undefined;
  const reference = canonicalReference(text);
  if (reference !== undefined && reference.digest === undefined) return reference;
  throw new UserError("refusing to create a tag with a digest reference", undefined, 1);
}

/** Stores an image; its id. @param layers the lowest first */
export function storeImage(
  config: ImageConfig,
  layers: readonly Descriptor[],
  name: Reference | undefined,
  store: ImageStore,
): string {
  const bytes = new TextEncoder().encode(JSON.stringify(config));
  const digest = store.ingestBytes(bytes);
  const blobs = layers.map((layer) => ({
    digest: layer.digest,
    size: layer.size,
    compression: compressionOf(layer.mediaType),
  }));
  const manifest = makeManifest({ digest, size: bytes.length }, blobs);
  const descriptor = storeManifest(store, manifest);
  if (name === undefined) store.keepNameless(descriptor);
  else store.setReference(formatReference(name), descriptor);
  return digest;
}

function compressionOf(mediaType: string): Compression {
  if (/[.+]gzip$/.test(mediaType)) return "gzip";
  return /[.+]zstd$/.test(mediaType) ? "zstd" : "none";
}
