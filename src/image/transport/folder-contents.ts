// Reads an OCI layout or a `dir:` folder, whose files go into the store when they are asked for.

import { closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { fileType } from "../../../ffi/files.ts";
import { S } from "../../../ffi/constants.ts";
import { CHUNK_BYTES } from "../layer/decompress.ts";
import type { ExpectedBlob, StoredBlob } from "../store/blobs.ts";
import { DOCUMENT_BYTES, type ImageStore } from "../store/store.ts";
import type { Contents } from "./contents.ts";

export class FolderContents implements Contents {
  readonly what = "the folder";

  constructor(
    private readonly folder: string,
    private readonly store: ImageStore,
  ) {}

  document(name: string): Uint8Array | undefined {
    const path = this.#file(name);
    if (path === undefined) return undefined;
    const fd = openSync(path, "r");
    try {
      return fstatSync(fd).size > DOCUMENT_BYTES ? undefined : readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  blob(name: string, expected: ExpectedBlob): StoredBlob | undefined {
    const path = this.#file(name);
    if (path === undefined) return undefined;
    const { digest } = expected;
    const size = digest === undefined ? undefined : this.store.blobs.size(digest);
    if (digest !== undefined && size !== undefined) return { digest, size };
    using writer = this.store.ingest(expected);
    const fd = openSync(path, "r");
    try {
      const buffer = new Uint8Array(4 * CHUNK_BYTES);
      for (;;) {
        const count = readSync(fd, buffer);
        if (count === 0) return writer.commit();
        writer.write(buffer.subarray(0, count));
      }
    } finally {
      closeSync(fd);
    }
  }

  #file(name: string): string | undefined {
    // Names come from manifests; a digest has no slashes or dots in it, others are ours.
    const path = `${this.folder}/${name}`;
    return fileType(path) === S.S_IFREG ? path : undefined;
  }
}
