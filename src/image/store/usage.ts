// How much room images take on the disk, and how much of that only they do.

import type { Digest } from "../digest.ts";
import { mark, type Marks } from "./sweep.ts";
import type { ImageStore, StoredImage } from "./store.ts";

export interface ImageUsage {
  readonly image: StoredImage;
  /** Blobs and unpacked layers, in bytes. */
  readonly bytes: number;
  /** Of those, what other images need as well. */
  readonly sharedBytes: number;
}

export interface StoreUsage {
  readonly images: readonly ImageUsage[];
  /** Everything that images need, each part counted once. */
  readonly imageBytes: number;
  /** What no image needs: a sweep would take it away. */
  readonly garbageBytes: number;
}

/** @param images those of store.list() */
export function measureUsage(images: readonly StoredImage[], store: ImageStore): StoreUsage {
  const marked = images.map(({ top }) => mark([top], store));
  const users = new Map<Digest, number>();
  const parts = ({ blobs, layers }: Marks): Map<Digest, number> => {
    const found = new Map<Digest, number>();
    for (const digest of blobs) found.set(digest, store.blobs.size(digest) ?? 0);
    // A chain id may be the digest of an uncompressed blob: then both are there.
    for (const id of layers) found.set(id, (found.get(id) ?? 0) + store.layers.size(id));
    return found;
  };
  const all = new Map<Digest, number>();
  const each = marked.map(parts);
  for (const found of each) {
    for (const [digest, bytes] of found) {
      users.set(digest, (users.get(digest) ?? 0) + 1);
      all.set(digest, Math.max(all.get(digest) ?? 0, bytes));
    }
  }
  const usage = images.map((image, i): ImageUsage => {
    const found = [...(each[i] ?? [])];
    const shared = found.filter(([digest]) => (users.get(digest) ?? 0) > 1);
    return { image, bytes: sum(found), sharedBytes: sum(shared) };
  });
  const imageBytes = sum([...all]);
  return { images: usage, imageBytes, garbageBytes: totalBytes(store) - imageBytes };
}

const sum = (parts: readonly (readonly [Digest, number])[]): number =>
  parts.reduce((total, [, bytes]) => total + bytes, 0);

function totalBytes(store: ImageStore): number {
  let total = 0;
  for (const digest of store.blobs.list()) total += store.blobs.size(digest) ?? 0;
  for (const chainId of store.layers.list()) total += store.layers.size(chainId);
  return total;
}
