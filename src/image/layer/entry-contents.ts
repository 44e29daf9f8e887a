// What an entry's file is given, wherever the archive is unpacked: contents, size and attributes.

import { EACCES, EOPNOTSUPP, EPERM } from "../../../ffi/errno.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import { setSize, showByteString, writeAt } from "../../../ffi/tree.ts";
import type { TarEntry } from "./tar-entry.ts";

/** A file that its entry's contents are being written to. */
export interface OpenEntry {
  readonly fd: number;
  readonly entry: TarEntry;
  /** Bytes, holes among them, up to the end of what was written last. */
  written: number;
}

/** @throws SyscallError */
export function writeContents(file: OpenEntry, bytes: Uint8Array, offset: number): void {
  let done = 0;
  while (done < bytes.length) {
    const rest = done === 0 ? bytes : bytes.subarray(done);
    done += must(writeAt(file.fd, rest, offset + done), "write", file.entry.name);
  }
  file.written = offset + bytes.length;
}

/** Makes the file as long as its entry says: it may end in a hole. @throws SyscallError */
export function completeContents({ fd, entry, written }: OpenEntry): void {
  if (written < entry.size) must(setSize(fd, entry.size), "ftruncate", entry.name);
}

/** Gives the entry's extended attributes to what `set` reaches. @throws SyscallError */
export function setAttributes(
  entry: TarEntry,
  set: (key: string, value: Uint8Array) => number,
): void {
  for (const [key, value] of entry.attributes ?? []) {
    // Security: overlay would obey these: a layer could show files of its own choice elsewhere.
    if (key.startsWith("trusted.overlay.") || key.startsWith("user.overlay.")) continue;
    const result = set(key, value);
    // As docker and GNU tar: what this file system or this user cannot have is left out.
    if ([-EOPNOTSUPP, -EPERM, -EACCES].includes(result)) continue;
    must(result, "setxattr", entry.name, showByteString(key));
  }
}

/** The result of a call on the path (a byte string). @throws SyscallError where it is minus an errno */
export function must(result: number, syscall: string, path: string, detail?: string): number {
  if (result >= 0) return result;
  const shown = showByteString(path);
  throw new SyscallError(
    syscall,
    -result,
    detail === undefined ? { path: shown } : { path: shown, detail },
  );
}
