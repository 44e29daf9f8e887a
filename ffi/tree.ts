// File calls for trees of strangers' files: relative to an open folder, on names that need be no
// UTF-8. Such a name is a "byte string": a JavaScript string with one character for each byte.
//
// These are called tens of thousands of times in a row, so that they write into memory whose
// address is known, and tell a failure as minus the errno: EEXIST and ENOENT are answers here.

import type { Buffer } from "node:buffer";
import { runtime } from "#runtime";
import { AT, AT_FDCWD, O, RESOLVE } from "./constants.ts";
import { E2BIG, EINTR } from "./errno.ts";
import { errno } from "./library.ts";
import { rawSyscall } from "./syscall.ts";
import { type SyscallName, syscallNumber } from "./syscall-numbers.ts";

const PATH_BYTES = 8192;
const TIMES_BYTES = 32;
const HOW_BYTES = 24;
const XATTR_BYTES = 65536;
const ENTRIES_BYTES = 65536;
const STATX_BYTES = 256;

const FIRST = 0;
const SECOND = PATH_BYTES;
const TIMES = SECOND + PATH_BYTES;
const HOW = TIMES + TIMES_BYTES;
const STATUS = HOW + HOW_BYTES + 8;
const VALUE = STATUS + STATX_BYTES;
const ENTRIES = VALUE + XATTR_BYTES;
const TOTAL = ENTRIES + ENTRIES_BYTES;

interface Space {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly address: number;
}

/** Start-up: asked for late, as loading it costs more than what many commands do. */
const bufferClass = () => process.getBuiltinModule("node:buffer").Buffer;

let memory: Space | undefined;

function space(): Space {
  if (memory !== undefined) return memory;
  const bytes = new Uint8Array(TOTAL);
  const address = runtime.addressOf(bytes);
  memory = {
    bytes: bufferClass().from(bytes.buffer),
    view: new DataView(bytes.buffer),
    address,
  };
  return memory;
}

export const ENAMETOOLONG = 36;

/** The address of a byte string with its end, at one of two places; 0 where it does not fit. */
function place(text: string, offset: number): number {
  const { bytes, address } = space();
  if (text.length >= PATH_BYTES) return 0;
  bytes.write(text, offset, "latin1");
  bytes[offset + text.length] = 0;
  return address + offset;
}

function call(name: SyscallName, ...args: number[]): number {
  const number = syscallNumber(name);
  for (;;) {
    const result = rawSyscall(number, args);
    if (result !== -1) return result;
    const code = errno();
    if (code !== EINTR) return -code;
  }
}

/** A text in UTF-8 → byte string. */
export const toByteString = (text: string): string =>
  bufferClass().from(text, "utf8").toString("latin1");

/** A byte string → the text to be shown; what is no UTF-8 becomes U+FFFD. */
export const showByteString = (bytes: string): string =>
  bufferClass().from(bytes, "latin1").toString();

/** The descriptor of `name` in the open folder, or minus the errno. openat(2) */
export function openAt(folder: number, name: string, flags: number, mode = 0): number {
  const path = place(name, FIRST);
  return path === 0 ? -ENAMETOOLONG : call("openat", folder, path, flags | O.O_CLOEXEC, mode);
}

/**
 * The descriptor of a path below the open folder, links followed inside it, or minus the errno.
 * Security: no link, `..` or magic link leads out, as the kernel sees to it. openat2(2), 5.6
 */
export function openInside(folder: number, path: string, flags: number): number {
  return openResolved(folder, path, flags, RESOLVE.RESOLVE_IN_ROOT | RESOLVE.RESOLVE_NO_MAGICLINKS);
}

/** As openInside(); ELOOP where any part of the path is a link. */
export function openInsideNoLinks(folder: number, path: string, flags: number): number {
  return openResolved(folder, path, flags, RESOLVE.RESOLVE_IN_ROOT | RESOLVE.RESOLVE_NO_SYMLINKS);
}

function openResolved(folder: number, path: string, flags: number, resolve: number): number {
  const { view, address } = space();
  const at = place(path === "" ? "." : path, FIRST);
  if (at === 0) return -ENAMETOOLONG;
  view.setInt32(HOW, (flags | O.O_CLOEXEC) >>> 0, true);
  view.setInt32(HOW + 16, resolve, true);
  return call("openat2", folder, at, address + HOW, HOW_BYTES);
}

export const closeFd = (fd: number): number => call("close", fd);

/** How many bytes were taken at `offset`, or minus the errno. pwrite(2) */
export function writeAt(fd: number, bytes: Uint8Array, offset: number): number {
  return call("pwrite64", fd, runtime.addressOf(bytes), bytes.length, offset);
}

/** How many bytes were read into `bytes` from `offset` on. pread(2) */
export function readAt(fd: number, bytes: Uint8Array, offset: number): number {
  return call("pread64", fd, runtime.addressOf(bytes), bytes.length, offset);
}

/** Minus the errno where it failed. ftruncate(2) */
export const setSize = (fd: number, size: number): number => call("ftruncate", fd, size);

/** lseek(2) */
export const seek = (fd: number, offset: number, whence: number): number =>
  call("lseek", fd, offset, whence);

/** mkdirat(2) */
export const makeFolderAt = (folder: number, name: string, mode: number): number =>
  onName("mkdirat", folder, name, mode);

/** mknodat(2); `device` as the kernel encodes it. */
export const makeNodeAt = (folder: number, name: string, mode: number, device: number): number =>
  onName("mknodat", folder, name, mode, device);

/** unlinkat(2) of a file, or with AT_REMOVEDIR of an empty folder. */
export const removeAt = (folder: number, name: string, flags = 0): number =>
  onName("unlinkat", folder, name, flags);

/** fchownat(2), not following a link. */
export const setOwnerAt = (folder: number, name: string, uid: number, gid: number): number =>
  onName("fchownat", folder, name, uid, gid, AT.AT_SYMLINK_NOFOLLOW);

/** fchmodat(2): follows a link, so only for what is known to be none. */
export const setModeAt = (folder: number, name: string, mode: number): number =>
  onName("fchmodat", folder, name, mode);

function onName(
  syscall: "mkdirat" | "mknodat" | "unlinkat" | "fchownat" | "fchmodat",
  folder: number,
  name: string,
  ...rest: readonly number[]
): number {
  const path = place(name, FIRST);
  return path === 0 ? -ENAMETOOLONG : call(syscall, folder, path, ...rest);
}

/** fchown(2) */
export const setOwner = (fd: number, uid: number, gid: number): number =>
  call("fchown", fd, uid, gid);

/** fchmod(2) */
export const setMode = (fd: number, mode: number): number => call("fchmod", fd, mode);

/** symlinkat(2) */
export function makeLinkAt(target: string, folder: number, name: string): number {
  const from = place(target, FIRST);
  const at = place(name, SECOND);
  return from === 0 || at === 0 ? -ENAMETOOLONG : call("symlinkat", from, folder, at);
}

/** linkat(2), not following a link. */
export function linkAt(from: number, old: string, folder: number, name: string): number {
  const source = place(old, FIRST);
  const at = place(name, SECOND);
  return source === 0 || at === 0 ? -ENAMETOOLONG : call("linkat", from, source, folder, at, 0);
}

/** renameat2(2) between two open folders. */
export function renameAt(from: number, old: string, folder: number, name: string): number {
  const source = place(old, FIRST);
  const at = place(name, SECOND);
  return source === 0 || at === 0 ? -ENAMETOOLONG : call("renameat2", from, source, folder, at, 0);
}

/** Both times of an open file, or with a name of what that is in the folder. utimensat(2) */
export function setTime(fd: number, seconds: number, nanoseconds: number, name?: string): number {
  const { view, address } = space();
  for (const at of [TIMES, TIMES + 16]) {
    view.setUint32(at, seconds >>> 0, true);
    view.setInt32(at + 4, Math.floor(seconds / 2 ** 32), true);
    view.setUint32(at + 8, nanoseconds, true);
    view.setUint32(at + 12, 0, true);
  }
  if (name === undefined) return call("utimensat", fd, 0, address + TIMES, 0);
  const path = place(name, FIRST);
  if (path === 0) return -ENAMETOOLONG;
  return call("utimensat", fd, path, address + TIMES, AT.AT_SYMLINK_NOFOLLOW);
}

/** The path by which calls that know no descriptors reach `name` in an open folder; "": itself. */
const procPath = (folder: number, name: string): string =>
  `/proc/self/fd/${folder}/${name === "" ? "." : name}`;

/** Sets an extended attribute, not following a link at the path's end. lsetxattr(2) */
export function setAttributeAt(
  folder: number,
  name: string,
  attribute: string,
  value: Uint8Array,
): number {
  const path = place(procPath(folder, name), FIRST);
  const key = place(attribute, SECOND);
  if (path === 0 || key === 0) return -ENAMETOOLONG;
  const { bytes, address } = space();
  if (value.length > XATTR_BYTES) return -E2BIG;
  bytes.set(value, VALUE);
  return call("lsetxattr", path, key, address + VALUE, value.length, 0);
}

/** fsetxattr(2) */
export function setAttribute(fd: number, attribute: string, value: Uint8Array): number {
  const key = place(attribute, FIRST);
  const { bytes, address } = space();
  if (value.length > XATTR_BYTES) return -E2BIG;
  bytes.set(value, VALUE);
  return call("fsetxattr", fd, key, address + VALUE, value.length, 0);
}

/** The value of an attribute; undefined where there is none. lgetxattr(2) */
export function readAttributeAt(
  folder: number,
  name: string,
  attribute: string,
): Uint8Array | undefined {
  const path = place(procPath(folder, name), FIRST);
  const key = place(attribute, SECOND);
  if (path === 0 || key === 0) return undefined;
  const { bytes, address } = space();
  const length = call("lgetxattr", path, key, address + VALUE, XATTR_BYTES);
  return length < 0 ? undefined : Uint8Array.from(bytes.subarray(VALUE, VALUE + length));
}

/** The names of the attributes, those that this user may see. llistxattr(2) */
export function listAttributesAt(folder: number, name: string): string[] {
  const path = place(procPath(folder, name), FIRST);
  if (path === 0) return [];
  const { bytes, address } = space();
  const length = call("llistxattr", path, address + VALUE, XATTR_BYTES);
  if (length <= 0) return [];
  return bytes.toString("latin1", VALUE, VALUE + length - 1).split("\0");
}

/** Where a link in the folder points, or undefined. readlinkat(2) */
export function readLinkAt(folder: number, name: string): string | undefined {
  const path = place(name, FIRST);
  if (path === 0) return undefined;
  const { bytes, address } = space();
  const length = call("readlinkat", folder, path, address + SECOND, PATH_BYTES);
  return length < 0 ? undefined : bytes.toString("latin1", SECOND, SECOND + length);
}

/** The names in an open folder, without `.` and `..`, from where it was last read to. getdents64(2) */
export function readNames(fd: number): string[] {
  const { bytes, view, address } = space();
  const names: string[] = [];
  for (;;) {
    const length = call("getdents64", fd, address + ENTRIES, ENTRIES_BYTES);
    if (length <= 0) return names;
    for (let at = ENTRIES; at < ENTRIES + length; at += view.getUint16(at + 16, true)) {
      const start = at + 19;
      const name = bytes.toString("latin1", start, bytes.indexOf(0, start));
      if (name !== "." && name !== "..") names.push(name);
    }
  }
}

/** What a file in a tree is. */
export interface TreeStatus {
  /** The type (S_IFDIR …) and the permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly linkCount: number;
  readonly size: number;
  /** Units of 512 bytes on the disk. */
  readonly blocks: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly major: number;
  readonly minor: number;
  /** Tells hard links of one file on one file system. */
  readonly inode: string;
}

const STATX_BASIC_STATS = 0x7ff;

/** What `name` in an open folder is, a link being itself; "" for the folder. A number: minus the errno. */
export function statusAt(folder: number, name: string): TreeStatus | number {
  const path = place(name, FIRST);
  if (path === 0) return -ENAMETOOLONG;
  const { view, address } = space();
  const flags = AT.AT_SYMLINK_NOFOLLOW | AT.AT_EMPTY_PATH;
  const result = call("statx", folder, path, flags, STATX_BASIC_STATS, address + STATUS);
  if (result < 0) return result;
  const word = (offset: number) => view.getUint32(STATUS + offset, true);
  const long = (offset: number) => word(offset) + word(offset + 4) * 2 ** 32;
  return {
    mode: view.getUint16(STATUS + 28, true),
    uid: word(20),
    gid: word(24),
    linkCount: word(16),
    size: long(40),
    blocks: long(48),
    seconds: word(112) + view.getInt32(STATUS + 116, true) * 2 ** 32,
    nanoseconds: word(120),
    major: word(128),
    minor: word(132),
    inode: `${word(32)}:${word(36)}`,
  };
}

/** Whether an open file still is what its path, a text, names. */
export function isStill(path: string, fd: number): boolean {
  const opened = statusAt(fd, "");
  const named = statusAt(AT_FDCWD, toByteString(path));
  return typeof opened !== "number" && typeof named !== "number" && opened.inode === named.inode;
}

/** The descriptor of a folder by its path on the host (a text), or minus the errno. */
export const openFolder = (path: string): number =>
  openAt(AT_FDCWD, toByteString(path), O.O_RDONLY | O.O_DIRECTORY);
