// sys/stat.h: making files, their owners, modes and times, and what they are.

import { AT } from "./constants.ts";
import { check, cString, library, scratch } from "./library.ts";
import { STATX, TIMESPEC } from "./struct-tables.ts";
import { structReader, writeStruct } from "./structs.ts";
import { syscall } from "./syscall.ts";

const statH = library({
  mkdirat: ["i32", "i32", "pointer", "u32"],
  mknodat: ["i32", "i32", "pointer", "u32", "i64"],
  fchmodat: ["i32", "i32", "pointer", "u32", "i32"],
  fchmod: ["i32", "i32", "u32"],
  fchownat: ["i32", "i32", "pointer", "u32", "u32", "i32"],
  fchown: ["i32", "i32", "u32", "u32"],
  utimensat: ["i32", "i32", "pointer", "pointer", "i32"],
  umask: ["u32", "u32"],
});

const octal = (mode: number) => `0${mode.toString(8)}`;

/** Makes a folder; the umask applies. mkdirat(2) */
export function mkdirat(directory: number, path: string, mode: number): void {
  const result = statH().mkdirat(directory, cString(path), mode);
  check(result, "mkdir", () => ({ path, detail: octal(mode) }));
}

/** Makes a file of any kind (S_IFCHR …); `device` as makeDevice() encodes it. mknodat(2) */
export function mknodat(directory: number, path: string, mode: number, device: number): void {
  const result = statH().mknodat(directory, cString(path), mode, device);
  check(result, "mknod", () => ({ path, detail: octal(mode) }));
}

/** Sets the mode of what `path` leads to, links followed. fchmodat(2) */
export function fchmodat(directory: number, path: string, mode: number): void {
  const result = statH().fchmodat(directory, cString(path), mode, 0);
  check(result, "chmod", () => ({ path, detail: octal(mode) }));
}

/** Sets the mode of an open file. fchmod(2) */
export function fchmod(fd: number, mode: number): void {
  check(statH().fchmod(fd, mode), "fchmod", () => ({ detail: octal(mode) }));
}

/** Sets the owner; `flags` are AT bits, e.g. AT_SYMLINK_NOFOLLOW. fchownat(2) */
export function fchownat(
  directory: number,
  path: string,
  uid: number,
  gid: number,
  flags: number,
): void {
  const result = statH().fchownat(directory, cString(path), uid, gid, flags);
  check(result, "chown", () => ({ path, detail: `${uid}:${gid}` }));
}

/** Sets the owner of an open file. fchown(2) */
export function fchown(fd: number, uid: number, gid: number): void {
  check(statH().fchown(fd, uid, gid), "fchown", () => ({ detail: `${uid}:${gid}` }));
}

/** A moment in seconds since 1970 and nanoseconds after it. */
export interface FileTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Sets the access and modification time; links are not followed. utimensat(2) */
export function utimensat(directory: number, path: string, access: FileTime, change: FileTime) {
  const times = scratch(2 * TIMESPEC.byteLength);
  for (const [i, time] of [access, change].entries()) {
    const bytes = times.bytes.subarray(i * TIMESPEC.byteLength);
    writeStruct(TIMESPEC, bytes, { tv_sec: time.seconds, tv_nsec: time.nanoseconds });
  }
  const { utimensat } = statH();
  const result = utimensat(directory, cString(path), times.address, AT.AT_SYMLINK_NOFOLLOW);
  check(result, "utimensat", { path });
}

/** The mask from before. umask(2): of the whole process, and it never fails. */
export function umask(mask: number): number {
  return statH().umask(mask);
}

/** What statx tells of a file. */
export interface FileStatus {
  /** The type (S_IFDIR …) and the permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  readonly sizeBytes: number;
  /** Units of 512 bytes on the disk. */
  readonly blocks: number;
  /** Exact: inodes of an overlay use all 64 bits. */
  readonly inode: bigint;
  readonly modified: FileTime;
  /** The device a device node stands for. */
  readonly device: readonly [major: number, minor: number];
  /** The device that holds the file. */
  readonly fileSystem: readonly [major: number, minor: number];
  /** Whether it is the root of a mount; undefined before 5.8. */
  readonly isMountRoot: boolean | undefined;
}

const STATX_BASIC_STATS = 0x7ff;
const STATX_ATTR_MOUNT_ROOT = 0x2000;
const ATTRIBUTES_MASK_OFFSET = 56;
const INODE_OFFSET = 32;

/** What `path` is. statx(2), 4.11; `flags` are AT bits: AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
export function statx(directory: number, path: string, flags: number): FileStatus {
  const buffer = scratch(STATX.byteLength);
  const args = [directory, cString(path), flags, STATX_BASIC_STATS, buffer.address];
  syscall("statx", args, { path });
  const read = structReader(STATX, buffer.bytes);
  const view = new DataView(buffer.bytes.buffer, buffer.bytes.byteOffset);
  const knowsMountRoot =
    (view.getUint32(ATTRIBUTES_MASK_OFFSET, true) & STATX_ATTR_MOUNT_ROOT) !== 0;
  return {
    mode: read("stx_mode"),
    uid: read("stx_uid"),
    gid: read("stx_gid"),
    linkCount: read("stx_nlink"),
    sizeBytes: read("stx_size"),
    blocks: read("stx_blocks"),
    inode: view.getBigUint64(INODE_OFFSET, true),
    modified: { seconds: read("stx_mtime.tv_sec"), nanoseconds: read("stx_mtime.tv_nsec") },
    device: [read("stx_rdev_major"), read("stx_rdev_minor")],
    fileSystem: [read("stx_dev_major"), read("stx_dev_minor")],
    isMountRoot: knowsMountRoot
      ? (read("stx_attributes") & STATX_ATTR_MOUNT_ROOT) !== 0
      : undefined,
  };
}
