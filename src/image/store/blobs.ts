// Content-addressed blobs: hashed while they are written, in their place only once they are right.

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  fileSize,
  fileType,
  listDirectory,
  openFile,
  removeFile,
  renameFile,
} from "../../../ffi/files.ts";
import { beginSync, fsync, read, write } from "../../../ffi/unistd.ts";
import { UserError } from "../../errors.ts";
import { type Digest, DigestHasher, digestOf } from "../digest.ts";
import type { StorePaths } from "./paths.ts";
import { Staging } from "./staging.ts";

/** What a blob must turn out to be, as far as that is known beforehand. */
export interface ExpectedBlob {
  readonly digest?: Digest;
  /** In bytes: more are refused as they come. */
  readonly size?: number;
  /**
   * Whether a large one gets its place before anything names it: a pull that is killed need not
   * fetch it again. Others wait, and go to the disk together.
   */
  readonly keepUnnamed?: boolean;
}

export interface StoredBlob {
  readonly digest: Digest;
  readonly size: number;
}

/** What is that small is fetched again sooner than it is synced. */
const SMALL_BYTES = 1024 * 1024;
/** After so many bytes the kernel is told to begin writing. */
const BEGIN_BYTES = 4 * 1024 * 1024;

/** A blob on its way into the store. Disposed without commit(), it leaves nothing behind. */
export class BlobWriter implements Disposable {
  readonly #hasher = new DigestHasher();
  readonly #fd: Fd;
  readonly #path: string;
  #size = 0;
  /** How much the kernel was told to write already. */
  #begun = 0;
  #isOpen = true;

  /** @param verified gets the digest once the blob is whole */
  constructor(
    private readonly paths: StorePaths,
    private readonly expected: ExpectedBlob,
    private readonly staging: Staging,
    private readonly verified: Set<Digest>,
  ) {
    this.#path = paths.unfinished();
    this.#fd = new Fd(openFile(this.#path, O.O_WRONLY | O.O_CREAT | O.O_EXCL, 0o644));
  }

  /** How many bytes were written. */
  get size(): number {
    return this.#size;
  }

  /** Adds all of `chunk`. Throws UserError where that is more than was expected, SyscallError. */
  write(chunk: Uint8Array): void {
    const { size = Infinity } = this.expected;
    if (this.#size + chunk.length > size) {
      throw new UserError(`${this.#name()} is longer than the ${size} bytes that it should have`);
    }
    this.#hasher.update(chunk);
    let rest = chunk;
    while (rest.length > 0) rest = rest.subarray(write(this.#fd.number, rest, this.#path));
    this.#size += chunk.length;
    if (this.#size - this.#begun < BEGIN_BYTES) return;
    beginSync(this.#fd.number);
    this.#begun = this.#size;
  }

  /**
   * Verifies the blob. It waits for what names it, and is read from where it waits, unless it is to
   * be kept at once. Throws UserError where it is not what it should be.
   */
  commit(): StoredBlob {
    try {
      const digest = this.#hasher.digest();
      this.#verify(digest);
      this.#settle(digest);
      this.#isOpen = false;
      this.verified.add(digest);
      return { digest, size: this.#size };
    } finally {
      this.abort();
    }
  }

  #settle(digest: Digest): void {
    if (this.expected.keepUnnamed !== true || this.#size <= SMALL_BYTES) {
      this.staging.add(digest, this.#path, new Fd(this.#fd.release()));
      return;
    }
    // Order: whole on the disk before it has its name, as a crash must not leave a hollow blob.
    fsync(this.#fd.number);
    renameFile(this.#path, this.paths.blob(digest));
  }

  /** Keeps nothing. Harmless after commit(). */
  abort(): void {
    if (this.#isOpen) removeFile(this.#path);
    this.#isOpen = false;
    this.#fd[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  #verify(digest: Digest): void {
    const { size, digest: wanted } = this.expected;
    if (size !== undefined && this.#size !== size) {
      throw new UserError(`${this.#name()} has ${this.#size} bytes: it should have ${size}`);
    }
    if (wanted !== undefined && wanted !== digest) {
      throw new UserError(`${this.#name()} is not what its digest says: its content has ${digest}`);
    }
  }

  #name(): string {
    return this.expected.digest === undefined ? "the blob" : `blob ${this.expected.digest}`;
  }
}

const DAMAGE_HINT = 'run "bunker system check --repair", then pull or load the image again';

/** The blobs of a store. */
export class Blobs {
  /** Those that this process wrote, and so need not be hashed again. */
  readonly verified = new Set<Digest>();

  readonly staging: Staging;

  constructor(private readonly paths: StorePaths) {
    this.staging = new Staging(paths);
  }

  /** The file of a blob, which need not be there. */
  path(digest: Digest): string {
    return this.staging.pathOf(digest) ?? this.paths.blob(digest);
  }

  has(digest: Digest): boolean {
    return this.staging.pathOf(digest) !== undefined || fileType(this.paths.blob(digest)) !== 0;
  }

  /** The size in bytes; undefined where there is no such blob. */
  size(digest: Digest): number | undefined {
    return this.has(digest) ? fileSize(this.path(digest)) : undefined;
  }

  /** The whole blob, verified. Throws UserError: missing, larger than `maxBytes`, damaged. */
  read(digest: Digest, maxBytes: number): Uint8Array {
    const size = this.size(digest);
    if (size === undefined) {
      throw new UserError(`blob ${digest} is missing in the store`, DAMAGE_HINT);
    }
    if (size > maxBytes) {
      throw new UserError(`blob ${digest} has ${size} bytes: at most ${maxBytes} are read here`);
    }
    const bytes = readWhole(this.path(digest), size);
    if (digestOf(bytes) !== digest) {
      throw new UserError(`blob ${digest} is damaged in the store`, DAMAGE_HINT);
    }
    return bytes;
  }

  ingest(expected: ExpectedBlob): BlobWriter {
    return new BlobWriter(this.paths, expected, this.staging, this.verified);
  }

  /** Those in their places. */
  list(): Digest[] {
    const found = listDirectory(this.paths.blobs) ?? [];
    return found.map(({ name }): Digest => `sha256:${name}`);
  }

  remove(digest: Digest): void {
    removeFile(this.paths.blob(digest));
  }
}

function readWhole(path: string, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  using fd = new Fd(openFile(path, O.O_RDONLY | O.O_CLOEXEC));
  let length = 0;
  while (length < size) {
    const count = read(fd.number, bytes.subarray(length));
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
