// sys/stat.h: all that statx(2) tells of a file, as the words of its struct.

import { AT } from "./constants.ts";
import { bytesAddress, cString } from "./library.ts";
import { syscall } from "./syscall.ts";
import { isSyscallError } from "./syscall-error.ts";

/** Offsets in struct statx, in bytes. */
export const STATX = {
  bytes: 256,
  mode: 28,
  inode: 32,
  size: 40,
  changed: 96,
  modified: 112,
  device: 136,
  mount: 144,
} as const;

/** STATX_BASIC_STATS, and STATX_MNT_ID of Linux 5.8. */
export const STATX_BASIC_AND_MOUNT = 0x17ff;

/** undefined where there is nothing. @param path of what it leads to; "" for the file at `fd` itself */
export function statx(fd: number, path: string): DataView | undefined {
  const bytes = new Uint8Array(STATX.bytes);
  const flags = path === "" ? AT.AT_EMPTY_PATH : 0;
  const args = [fd, cString(path), flags, STATX_BASIC_AND_MOUNT, bytesAddress(bytes)];
  try {
    syscall("statx", args, { path });
  } catch (error) {
    if (isSyscallError(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  return new DataView(bytes.buffer);
}
