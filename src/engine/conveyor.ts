// Bytes on their way from one descriptor to another that takes them in its own time.

import { isSyscallError } from "../../ffi/syscall-error.ts";
import { read, write } from "../../ffi/unistd.ts";

/** Looks at what is typed, holds some of it back, and finds what ends it all. */
export interface KeyFilter {
  pass(typed: Uint8Array): { readonly bytes: Uint8Array; readonly isDetached: boolean };
}

/** More than a filter holds back. */
const HELD_BYTES = 256;
const ROOM_BYTES = 64 * 1024;
/** PIPE_BUF: what a pipe that poll(2) calls writable takes without blocking. */
const WRITE_BYTES = 4096;

/** A queue of at most 64 KiB. Whoever asks for more room than there is, has to wait: see hasRoom. */
export class Conveyor {
  readonly #bytes = new Uint8Array(ROOM_BYTES);
  #first = 0;
  #end = 0;

  get isEmpty(): boolean {
    return this.#first === this.#end;
  }

  /** Set once a filter has found the keys that detach. */
  isDetached = false;

  /** The same through a filter. To be called while it is empty. */
  readThrough(fd: number, filter: KeyFilter): number | undefined {
    const typed = new Uint8Array(ROOM_BYTES - HELD_BYTES);
    const length = readSome(fd, typed);
    if (length === undefined || length === 0) return length;
    const { bytes, isDetached } = filter.pass(typed.subarray(0, length));
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
    this.isDetached = isDetached;
    return length;
  }

  /** Whether readFrom() may be called. */
  get hasRoom(): boolean {
    return this.#end < ROOM_BYTES;
  }

  /**
   * How many bytes were read, 0 where none were there (EAGAIN); undefined at the end, which a
   * terminal says by EIO.
   */
  readFrom(fd: number): number | undefined {
    const length = readSome(fd, this.#bytes.subarray(this.#end));
    this.#end += length ?? 0;
    return length;
  }

  /** Writes what is accepted at once. False where nobody reads any more: EPIPE, a terminal's EIO. */
  writeTo(fd: number): boolean {
    const end = Math.min(this.#end, this.#first + WRITE_BYTES);
    try {
      this.#first += write(fd, this.#bytes.subarray(this.#first, end));
    } catch (error) {
      if (isSyscallError(error, "EAGAIN")) return true;
      if (isSyscallError(error, "EPIPE") || isSyscallError(error, "EIO")) return false;
      throw error;
    }
    if (this.isEmpty) this.clear();
    return true;
  }

  /** Forgets what is in it. */
  clear(): void {
    this.#first = 0;
    this.#end = 0;
  }
}

/** How many bytes were read, 0 where none were there; undefined at the end. */
export function readSome(fd: number, bytes: Uint8Array): number | undefined {
  try {
    const length = read(fd, bytes);
    return length === 0 ? undefined : length;
  } catch (error) {
    if (isSyscallError(error, "EAGAIN")) return 0;
    if (isSyscallError(error, "EIO")) return undefined;
    throw error;
  }
}
