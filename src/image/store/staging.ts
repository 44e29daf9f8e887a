// Blobs that are whole, but not in their places yet: they wait in ingest/ for what is to name them,
// and then go to the disk together.
//
// Speed: a journal writes all that waits for it at once. Four files that are synced one after the
// other take four turns of it, 5 to 20 ms each; four that are begun together take one.

import type { Fd } from "../../../ffi/fd.ts";
import { removeFile, renameFile } from "../../../ffi/files.ts";
import { beginSync, fsync } from "../../../ffi/unistd.ts";
import type { Digest } from "../digest.ts";
import type { StorePaths } from "./paths.ts";

/** Each is an open file. */
const STAGED_MAX = 32;

interface Staged {
  readonly path: string;
  readonly fd: Fd;
}

export class Staging {
  readonly #staged = new Map<Digest, Staged>();

  constructor(private readonly paths: StorePaths) {}

  /** Takes a whole file over. */
  add(digest: Digest, path: string, fd: Fd): void {
    const before = this.#staged.get(digest);
    if (before !== undefined) discard(before);
    this.#staged.set(digest, { path, fd });
    if (this.#staged.size > STAGED_MAX) this.publish();
  }

  /** Where a blob waits; undefined for one that does not. */
  pathOf(digest: Digest): string | undefined {
    return this.#staged.get(digest)?.path;
  }

  /** Puts all of them in their places, safe from a power cut, and `also` to the disk with them. */
  publish(also?: Fd): void {
    const files = [...this.#staged.values()].map(({ fd }) => fd);
    if (also !== undefined) files.push(also);
    for (const fd of files) beginSync(fd.number);
    for (const fd of files) fsync(fd.number);
    // Order: whole on the disk before it has its name, as a crash must not leave a hollow blob.
    for (const [digest, { path, fd }] of this.#staged) {
      renameFile(path, this.paths.blob(digest));
      fd[Symbol.dispose]();
      this.#staged.delete(digest);
    }
  }

  /** Gives up what nothing names. */
  discard(): void {
    for (const each of this.#staged.values()) discard(each);
    this.#staged.clear();
  }
}

function discard({ path, fd }: Staged): void {
  fd[Symbol.dispose]();
  removeFile(path);
}
