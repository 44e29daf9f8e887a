// Takes away what no image needs: mark what is named, sweep the rest. Nothing is counted, so that
// nothing can be counted wrong; whoever is killed in between leaves something for the next sweep.

import type { Digest } from "../digest.ts";
import { type Descriptor, isIndex } from "../types.ts";
import { chainIds } from "./layers.ts";
import type { ImageStore } from "./store.ts";

/** What is kept. */
export interface Marks {
  readonly blobs: Set<Digest>;
  /** By chain id. */
  readonly layers: Set<Digest>;
  /** What could not be read, so that it is not known what it needs. */
  readonly unreadable: Descriptor[];
}

export interface SweepResult {
  readonly blobs: readonly Digest[];
  readonly layers: readonly Digest[];
  /** Of the blobs and layers taken away. */
  readonly bytes: number;
}

/** Everything that the images behind `roots` need. */
export function mark(roots: Iterable<Descriptor>, store: ImageStore): Marks {
  const marks: Marks = { blobs: new Set(), layers: new Set(), unreadable: [] };
  for (const root of roots) markDescriptor(root, store, marks);
  return marks;
}

function markDescriptor(descriptor: Descriptor, store: ImageStore, marks: Marks): void {
  const { digest } = descriptor;
  if (marks.blobs.has(digest)) return;
  marks.blobs.add(digest);
  try {
    const document = store.readManifest(descriptor);
    if (isIndex(document)) {
      for (const each of document.manifests) {
        if (store.hasBlob(each.digest)) markDescriptor(each, store, marks);
      }
      return;
    }
    for (const each of [document.config, ...document.layers]) marks.blobs.add(each.digest);
    const { diff_ids: diffIds } = store.readConfig(document.config).rootfs;
    for (const chainId of chainIds(diffIds)) marks.layers.add(chainId);
  } catch {
    marks.unreadable.push(descriptor);
  }
}

/**
 * Takes away every blob and layer that is not marked. The store must be this process's alone.
 * Where an image cannot be read, nothing is: what it needs is not known until it is repaired.
 */
export function sweep(marks: Marks, store: ImageStore): SweepResult {
  if (marks.unreadable.length > 0) return { blobs: [], layers: [], bytes: 0 };
  const blobs = store.blobs.list().filter((digest) => !marks.blobs.has(digest));
  const layers = store.layers.list().filter((chainId) => !marks.layers.has(chainId));
  let bytes = 0;
  for (const digest of blobs) {
    bytes += store.blobs.size(digest) ?? 0;
    store.blobs.remove(digest);
  }
  for (const chainId of layers) {
    bytes += store.layers.size(chainId);
    store.layers.remove(chainId);
  }
  store.layers.removeStaleLinks();
  return { blobs, layers, bytes };
}
