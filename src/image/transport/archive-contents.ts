// Reads an archive of images into the store as it comes: what is large becomes a blob at once, what
// is small (manifests, configurations) stays in memory until it turns out what it is.

import { Buffer } from "node:buffer";
import { Readable } from "node:stream";
import { showByteString } from "../../../ffi/tree.ts";
import { UserError } from "../../errors.ts";
import { digestOf, isDigest } from "../digest.ts";
import { decompress, detectCompression, explainingDamage } from "../layer/decompress.ts";
import { cleanEntryPath, linkTarget, parentOf } from "../layer/entry-path.ts";
import type { TarEntry, TarSink } from "../layer/tar-entry.ts";
import { TarReader } from "../layer/tar-reader.ts";
import type { BlobWriter, ExpectedBlob, StoredBlob } from "../store/blobs.ts";
import { DOCUMENT_BYTES, type ImageStore } from "../store/store.ts";
import type { Contents } from "./contents.ts";

/** All small files together; the others become blobs, and are read from there. */
const MEMORY_BYTES = 32 * 1024 * 1024;
/** Security: each takes memory, whatever it holds. */
const FILES_MAX = 200_000;
const LINKS_MAX = 10;

export class ArchiveContents implements Contents, TarSink, Disposable {
  readonly what = "the archive";
  readonly #documents = new Map<string, Uint8Array>();
  readonly #blobs = new Map<string, StoredBlob>();
  readonly #links = new Map<string, string>();
  #memoryBytes = 0;
  #name = "";
  #writer: BlobWriter | undefined;
  #document: Uint8Array | undefined;
  #skip = false;

  constructor(private readonly store: ImageStore) {}

  entry(entry: TarEntry): void {
    const name = showByteString(cleanEntryPath(entry.name));
    this.#name = name;
    this.#skip = entry.type !== "file";
    if (this.#documents.size + this.#blobs.size + this.#links.size > FILES_MAX) {
      throw new UserError("the archive has too many files for one of images");
    }
    if (entry.type === "symlink" || entry.type === "link") {
      const folder = entry.type === "symlink" ? parentOf(name) : "";
      this.#links.set(name, linkTarget(folder, showByteString(entry.linkName)));
    } else if (entry.type === "file") this.#begin(name, entry.size);
  }

  #begin(name: string, size: number): void {
    const expected = expectedBlob(name, size);
    if (expected.digest !== undefined && this.store.blobs.size(expected.digest) === size) {
      this.#blobs.set(name, { digest: expected.digest, size });
      this.#skip = true;
    } else if (size <= DOCUMENT_BYTES && this.#memoryBytes + size <= MEMORY_BYTES) {
      this.#document = new Uint8Array(size);
      this.#memoryBytes += size;
    } else this.#writer = this.store.ingest(expected);
  }

  data(bytes: Uint8Array, offset: number): void {
    if (this.#skip) return;
    if (this.#document !== undefined) this.#document.set(bytes, offset);
    else this.#writer?.write(bytes);
  }

  end(): void {
    if (this.#document !== undefined) this.#documents.set(this.#name, this.#document);
    if (this.#writer !== undefined) this.#blobs.set(this.#name, this.#writer.commit());
    this.#document = undefined;
    this.#writer = undefined;
  }

  document(name: string): Uint8Array | undefined {
    const place = this.#follow(name);
    const found = this.#documents.get(place);
    if (found !== undefined) return found;
    const blob = this.#blobs.get(place);
    if (blob === undefined || blob.size > DOCUMENT_BYTES) return undefined;
    return this.store.readBlob(blob.digest, DOCUMENT_BYTES);
  }

  blob(name: string, expected: ExpectedBlob): StoredBlob | undefined {
    const place = this.#follow(name);
    const found = this.#blobs.get(place) ?? this.#storeDocument(place);
    if (found === undefined) return undefined;
    const isRight = expected.digest === undefined || expected.digest === found.digest;
    if (isRight && (expected.size === undefined || expected.size === found.size)) return found;
    throw new UserError(`"${name}" in the archive is not what the manifest says of it`);
  }

  #storeDocument(name: string): StoredBlob | undefined {
    const bytes = this.#documents.get(name);
    if (bytes === undefined) return undefined;
    const digest = digestOf(bytes);
    if (!this.store.hasBlob(digest)) this.store.ingestBytes(bytes);
    return { digest, size: bytes.length };
  }

  /** docker's old archives have one copy of each layer, and links to it. */
  #follow(name: string): string {
    let place = linkTarget("", name);
    for (let links = 0; links < LINKS_MAX; links++) {
      const next = this.#links.get(place);
      if (next === undefined) break;
      place = next;
    }
    return place;
  }

  [Symbol.dispose](): void {
    this.#writer?.abort();
  }
}

/** A blob of an OCI layout says by its name what it must be. */
function expectedBlob(name: string, size: number): ExpectedBlob {
  const digest = name.replace(/^blobs\/sha256\//, "sha256:");
  return isDigest(digest) ? { digest, size } : { size };
}

/**
 * Reads all of an archive, which may be compressed.
 * @throws UserError where it is none
 */
export async function readArchive(
  chunks: AsyncIterable<Uint8Array>,
  store: ImageStore,
): Promise<ArchiveContents> {
  store.hold();
  const contents = new ArchiveContents(store);
  try {
    const reader = new TarReader(contents);
    await explainingDamage("the archive", async () => {
      for await (const chunk of await plainChunks(chunks)) reader.push(chunk);
    });
    reader.finish();
    return contents;
  } catch (error) {
    contents[Symbol.dispose]();
    throw error;
  }
}

/** The stream without its compression, whichever it has. */
async function plainChunks(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  while (length < MAGIC_BYTES) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    first.push(value);
    length += value.length;
  }
  const compression = detectCompression(Buffer.concat(first).subarray(0, MAGIC_BYTES));
  const whole = continued(first, iterator);
  if (compression === "none") return whole;
  return decompress(Readable.from(whole, { objectMode: false }), compression);
}

const MAGIC_BYTES = 4;

async function* continued(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  for (;;) {
    const { done, value } = await rest.next();
    if (done === true) return;
    yield value;
  }
}
