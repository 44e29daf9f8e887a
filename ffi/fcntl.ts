// fcntl.h: opening files, and what descriptors carry: flags, seals.

import {
  AT_FDCWD,
  F_ADD_SEALS,
  F_GET_SEALS,
  F_SEAL,
  formatFlags,
  O,
  RESOLVE,
} from "./constants.ts";
import { Fd } from "./fd.ts";
import { check, cString, library, scratch } from "./library.ts";
import { OPEN_HOW } from "./struct-tables.ts";
import { writeStruct } from "./structs.ts";
import { rawCall, syscall } from "./syscall.ts";
import { isSyscallError } from "./syscall-error.ts";

const fcntlH = library({
  fcntl: ["i32", "i32", "i32", "i64"],
});

/** Commands of fcntl(2); those of seals are in constants.ts. */
export const F = {
  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  F_GETLK: 5,
  F_SETLK: 6,
  F_SETLKW: 7,
  F_DUPFD_CLOEXEC: 1030,
  F_SETPIPE_SZ: 1031,
  F_GETPIPE_SZ: 1032,
} as const;
export const FD_CLOEXEC = 1;

/** The file at `path`, always with O_CLOEXEC. openat(2) */
export function openat(directory: number, path: string, flags: number, mode = 0o666): Fd {
  const all = flags | O.O_CLOEXEC;
  const result = rawCall("openat", directory, cString(path), all, mode);
  return new Fd(check(result, "open", () => ({ path, detail: formatFlags(O, all) })));
}

/** The file at `path`, always with O_CLOEXEC. open(2) */
export function open(path: string, flags: number, mode?: number): Fd {
  return openat(AT_FDCWD, path, flags, mode);
}

/** The same; undefined where there is none. */
export function openIfThere(path: string, flags: number): Fd | undefined {
  try {
    return open(path, flags);
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return undefined;
    throw error;
  }
}

export interface OpenHow {
  /** O bits; O_CLOEXEC is always added. */
  readonly flags: number;
  /** Permissions of a new file; other than 0 only with O_CREAT. */
  readonly mode?: number;
  /** RESOLVE bits. */
  readonly resolve?: number;
}

/**
 * The file at `path` below `directory`, reached only as `resolve` allows: EXDEV where the way leads
 * out of RESOLVE_BENEATH, ELOOP for a forbidden link. openat2(2), 5.6
 */
export function openat2(
  directory: number,
  path: string,
  { flags, mode = 0, resolve = 0 }: OpenHow,
): Fd {
  const how = scratch(OPEN_HOW.byteLength);
  writeStruct(OPEN_HOW, how.bytes, { flags: (flags | O.O_CLOEXEC) >>> 0, mode, resolve });
  const args = [directory, cString(path), how.address, OPEN_HOW.byteLength];
  const context = () => ({
    path,
    detail: `${formatFlags(O, flags)}, ${formatFlags(RESOLVE, resolve)}`,
  });
  for (let retries = RETRIES; ; retries -= 1) {
    try {
      return new Fd(syscall("openat2", args, context));
    } catch (error) {
      if (!isSyscallError(error, "EAGAIN") || resolve === 0 || retries === 0) throw error;
    }
  }
}

/** Kernel: EAGAIN for a way with ".." while anything is mounted or renamed, to be tried again. */
const RETRIES = 100;

/** What the command answers. fcntl(2) */
export function fcntl(fd: number, command: number, argument = 0): number {
  const context = () => ({ detail: `fd ${fd}, command ${command}` });
  return check(fcntlH().fcntl(fd, command, argument), "fcntl", context);
}

/** Says whether an exec closes `fd`. */
export function setCloseOnExec(fd: number, closes: boolean): void {
  fcntl(fd, F.F_SETFD, closes ? FD_CLOEXEC : 0);
}

/** Another descriptor, 3 or above, of the same open file, closed by exec. */
export function duplicate(fd: number): Fd {
  return new Fd(fcntl(fd, F.F_DUPFD_CLOEXEC, 3));
}

const F_WRLCK = 1;
const F_UNLCK = 2;
const FLOCK_BYTES = 32;
const FLOCK_PID_OFFSET = 24;

/** A struct flock that stands for writing to the whole of a file. */
export function wholeFile(): Uint8Array {
  const bytes = new Uint8Array(FLOCK_BYTES);
  bytes[0] = F_WRLCK;
  return bytes;
}

/** The process that has a lock on any part of an open file; undefined where none has. fcntl(2) */
export function lockHolder(fd: number): number | undefined {
  const flock = scratch(FLOCK_BYTES);
  flock.bytes.set(wholeFile());
  check(rawCall("fcntl", fd, F.F_GETLK, flock.address), "fcntl");
  const view = new DataView(flock.bytes.buffer, flock.bytes.byteOffset);
  return view.getInt16(0, true) === F_UNLCK ? undefined : view.getInt32(FLOCK_PID_OFFSET, true);
}

/** Forbids changes of a memfd for good: F_SEAL bits. fcntl(2); EPERM where sealing is sealed. */
export function addSeals(fd: number, seals: number): void {
  const context = () => ({ detail: formatFlags(F_SEAL, seals) });
  check(rawCall("fcntl", fd, F_ADD_SEALS, seals), "fcntl", context);
}

/** The F_SEAL bits of a memfd. EINVAL for a file that can't have any. */
export function getSeals(fd: number): number {
  return fcntl(fd, F_GET_SEALS);
}
