// sys/mman.h: memory of one's own, shared memory, and files that exist only in memory.

import { rawCall } from "./syscall.ts";
import { runtime } from "#runtime";
import { formatFlags, MFD } from "./constants.ts";
import { Fd } from "./fd.ts";
import { check, cString, library } from "./library.ts";

const mmanH = library({
  munmap: ["i32", "pointer", "i64"],
  msync: ["i32", "pointer", "i64", "i32"],
});

export const PROT_NONE = 0;
export const PROT_EXEC = 4;
export const MS_ASYNC = 1;
export const MS_SYNC = 4;

/** A file without a name in any folder; `name` only shows in /proc. memfd_create(2) */
export function memfd_create(name: string, flags: number): Fd {
  const result = rawCall("memfd_create", cString(name), flags);
  return new Fd(check(result, "memfd_create", () => ({ detail: formatFlags(MFD, flags) })));
}

/** Mapped memory, unmapped at the end of its scope. */
export class Mapping implements Disposable {
  #mapped = true;

  constructor(
    readonly address: number,
    readonly byteLength: number,
  ) {}

  /**
   * The memory itself, not a copy. Order: nothing may touch the bytes once the mapping is
   * disposed of; the process would die of SIGSEGV.
   */
  get bytes(): Uint8Array {
    if (!this.#mapped) throw new Error("memory used after it was unmapped");
    return new Uint8Array(runtime.memoryAt(this.address, this.byteLength));
  }

  [Symbol.dispose](): void {
    if (!this.#mapped) return;
    this.#mapped = false;
    munmap(this.address, this.byteLength);
  }
}

export interface MapRequest {
  readonly byteLength: number;
  /** PROT bits. */
  readonly protection: number;
  /** MAP bits: MAP_SHARED or MAP_PRIVATE, MAP_ANONYMOUS … */
  readonly flags: number;
  /** The file; none with MAP_ANONYMOUS. */
  readonly fd?: number;
  /** Where in the file: a multiple of the page size. */
  readonly offset?: number;
  /** Where in memory; only there with MAP_FIXED_NOREPLACE (4.17), else EEXIST. */
  readonly address?: number;
}

/** Memory of `byteLength` bytes, of a file or of nothing. mmap(2) */
export function mmap(request: MapRequest): Mapping {
  const { byteLength, protection, flags, fd = -1, offset = 0, address = 0 } = request;
  const result = rawCall("mmap", address, byteLength, protection, flags, fd, offset);
  const detail = `${byteLength} bytes of fd ${fd}`;
  return new Mapping(check(result, "mmap", { detail }), byteLength);
}

/** Gives memory back. munmap(2); EINVAL for an address that is not a page's. */
export function munmap(address: number, byteLength: number): void {
  check(mmanH().munmap(address, byteLength), "munmap", { detail: `${byteLength} bytes` });
}

/** Brings shared memory to its file. msync(2); ENOMEM for memory that is not mapped. */
export function msync(address: number, byteLength: number, flags: number): void {
  check(mmanH().msync(address, byteLength, flags), "msync", { detail: `${byteLength} bytes` });
}
