// What an archive or a folder holds, by file name: the same to whoever reads images from it.

import type { Digest } from "../digest.ts";
import type { ExpectedBlob, StoredBlob } from "../store/blobs.ts";

export interface Contents {
  /** What messages call it: `the archive`. */
  readonly what: string;
  /** The whole of a small file; undefined where there is none, or it is large. */
  document(name: string): Uint8Array | undefined;
  /** Brings a file into the store. undefined where there is none. Throws UserError if it is not as expected. */
  blob(name: string, expected: ExpectedBlob): StoredBlob | undefined;
}

/** Where an OCI layout has a blob. */
export const blobName = (digest: Digest): string => `blobs/${digest.replace(":", "/")}`;
