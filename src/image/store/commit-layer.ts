// An overlay's upper folder → a layer in the store. It is not compressed: that is most of the time
// that a commit would take, and `push` does it for the registry.

import { writeTree, type WriteTreeOptions } from "../layer/write-tree.ts";
import { type Descriptor, MEDIA_TYPE } from "../types.ts";
import type { ImageStore } from "./store.ts";

/** Small writes gather in a block of this size. */
const BLOCK_BYTES = 256 * 1024;

/**
 * Stores the layer. Its digest is its diffID as well.
 * @param folder the upper folder of an overlay that was mounted with redirect_dir=off,metacopy=off
 */
export function commitLayer(
  folder: string,
  store: ImageStore,
  options: Omit<WriteTreeOptions, "whiteouts"> = {},
): Descriptor {
  using writer = store.ingest();
  const gather = new Gatherer((bytes) => writer.write(bytes));
  writeTree(folder, (bytes) => gather.add(bytes), { ...options, whiteouts: true });
  gather.flush();
  return { mediaType: MEDIA_TYPE.ociLayer, ...writer.commit() };
}

/** Makes few large writes of many small ones. */
export class Gatherer {
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #length = 0;

  constructor(private readonly write: (bytes: Uint8Array) => void) {}

  add(bytes: Uint8Array): void {
    if (this.#length + bytes.length > BLOCK_BYTES) this.flush();
    if (bytes.length >= BLOCK_BYTES) {
      this.write(bytes);
      return;
    }
    this.#block.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  flush(): void {
    if (this.#length > 0) this.write(this.#block.subarray(0, this.#length));
    this.#length = 0;
  }
}
