// Plain files of the host, by the kernel's own calls: what node:fs would do for 0.3 to 0.7 ms of
// start-up that every run would pay. Only for paths that nobody else can bend; a path inside a
// rootfs goes through fs/safe-path.ts.

import { AT, AT_FDCWD, O, S } from "./constants.ts";
import { EEXIST, EINTR, ENOENT, ENOTDIR, ENOTEMPTY, ESPIPE } from "./errno.ts";
import { bytesAddress, cString, errno, scratch } from "./library.ts";
import { isObserved, observed } from "./observe.ts";
import { decodeText, encodeText } from "./text.ts";
import { rawSyscall } from "./syscall.ts";
import { SyscallError } from "./syscall-error.ts";
import { type SyscallName, syscallNumber } from "./syscall-numbers.ts";

/** The result, or minus the errno; again after EINTR. */
function attempt(name: SyscallName, args: readonly number[]): number {
  const number = syscallNumber(name);
  for (;;) {
    const result = rawSyscall(number, args);
    if (result !== -1) return result;
    const code = errno();
    if (code !== EINTR) return -code;
  }
}

function must(result: number, syscall: string, path: string, detail?: string): number {
  if (result >= 0) return result;
  throw new SyscallError(syscall, -result, detail === undefined ? { path } : { path, detail });
}

const closeQuietly = (fd: number): number => attempt("close", [fd]);

let readBuffer: Uint8Array<ArrayBuffer> | undefined;
const READ_BUFFER_BYTES = 16 * 1024;

/** The whole text of a file, or undefined where there is none. Throws SyscallError. */
export function readTextIfThere(path: string): string | undefined {
  refuseUnrepeatable(path);
  const text = readWhole(path);
  observed("text", path, text ?? null);
  return text;
}

/**
 * Who listens will ask for the text again, and a pipe gives it once: there it would be waited for, and
 * taken from who is to have it. Throws SyscallError, ESPIPE, for what is no plain file.
 */
export function refuseUnrepeatable(path: string): void {
  if (!isObserved()) return;
  const type = typeOf(path);
  if (type !== 0 && type !== S.S_IFREG) throw new SyscallError("read", ESPIPE, { path });
}

function readWhole(path: string): string | undefined {
  const fd = attempt("openat", [AT_FDCWD, cString(path), O.O_RDONLY | O.O_CLOEXEC]);
  if (fd === -ENOENT || fd === -ENOTDIR) return undefined;
  must(fd, "open", path);
  try {
    return readRest(fd, path);
  } finally {
    closeQuietly(fd);
  }
}

/**
 * The lines of a file that have `part` in them, "" for no file: of one whose other lines change all
 * the time. Throws SyscallError.
 */
export function readLinesWith(path: string, part: string): string {
  const text = readWhole(path) ?? "";
  let lines = "";
  let at = text.indexOf(part);
  while (at >= 0) {
    const end = text.indexOf("\n", at);
    lines += text.slice(text.lastIndexOf("\n", at) + 1, end < 0 ? text.length : end + 1);
    at = end < 0 ? -1 : text.indexOf(part, end);
  }
  observed("lines", `${part}\0${path}`, lines);
  return lines;
}

/** The whole text of a file. Throws SyscallError, ENOENT where there is none. */
export function readText(path: string): string {
  const text = readTextIfThere(path);
  if (text === undefined) throw new SyscallError("open", ENOENT, { path });
  return text;
}

/** What is left to read of an open file, as text. */
export function readRest(fd: number, path: string, limitBytes = Infinity): string {
  let buffer = (readBuffer ??= new Uint8Array(READ_BUFFER_BYTES));
  let length = 0;
  for (;;) {
    const room = buffer.length - length;
    const result = attempt("read", [fd, bytesAddress(buffer) + length, room]);
    const count = must(result, "read", path);
    length += count;
    if (count === 0 || length >= limitBytes) return decodeText(buffer.subarray(0, length));
    if (count < room) continue;
    const larger = new Uint8Array(buffer.length * 4);
    larger.set(buffer);
    buffer = larger;
  }
}

/** The whole text of an open file, from its beginning. */
export function readFromStart(fd: number, path: string): string {
  must(attempt("lseek", [fd, 0, 0]), "lseek", path);
  return readRest(fd, path);
}

const NEWLINE = 10;

/** The first line of an open file without its newline, and how many bytes that is; "" for none. */
export function readFirstLine(fd: number, path: string): { text: string; byteLength: number } {
  let buffer = (readBuffer ??= new Uint8Array(READ_BUFFER_BYTES));
  let length = 0;
  for (;;) {
    const room = buffer.length - length;
    const count = must(attempt("read", [fd, bytesAddress(buffer) + length, room]), "read", path);
    const end = buffer.subarray(0, length + count).indexOf(NEWLINE, length);
    if (end >= 0) return { text: decodeText(buffer.subarray(0, end)), byteLength: end };
    if (count === 0) return { text: "", byteLength: 0 };
    length += count;
    if (count < room) continue;
    const larger = new Uint8Array(buffer.length * 4);
    larger.set(buffer);
    buffer = larger;
  }
}

export interface WriteOptions {
  /** Permissions of a new file. */
  readonly mode?: number;
  /** Only where there is none yet: EEXIST otherwise. */
  readonly exclusive?: boolean;
  /** Only where there is one: for control files, which cannot be made. */
  readonly existing?: boolean;
}

/** Writes a file in one write(2), cutting what was there. Throws SyscallError. */
export function writeText(path: string, text: string, options: WriteOptions = {}): void {
  const { mode = 0o644, exclusive = false, existing = false } = options;
  const create = existing ? 0 : exclusive ? O.O_CREAT | O.O_EXCL : O.O_CREAT | O.O_TRUNC;
  const flags = O.O_WRONLY | O.O_CLOEXEC | create;
  const result = attempt("openat", [AT_FDCWD, cString(path), flags, mode]);
  // Of a control file it matters what was to be written to it.
  const fd = must(result, "open", path, existing ? `to write ${JSON.stringify(text)}` : undefined);
  try {
    writeAll(fd, text, path);
  } finally {
    closeQuietly(fd);
  }
}

/** Makes a file, for its owner only, that must not be there yet. Throws SyscallError. */
export function writeNewFile(path: string, bytes: Uint8Array): void {
  const fd = openFile(path, O.O_WRONLY | O.O_CREAT | O.O_EXCL, 0o600);
  try {
    writeBytes(fd, bytes, path);
  } finally {
    closeQuietly(fd);
  }
}

/** Writes all of `text` to an open descriptor. Throws SyscallError. */
export function writeAll(fd: number, text: string, path: string): void {
  writeBytes(fd, encodeText(text), path, text);
}

/** Writes all of `bytes` to an open descriptor. @param text what they say, for the message. Throws SyscallError. */
export function writeBytes(fd: number, bytes: Uint8Array, path: string, text = ""): void {
  let offset = 0;
  do {
    const address = bytesAddress(bytes) + offset;
    const result = attempt("write", [fd, address, bytes.length - offset]);
    offset += must(result, "write", path, JSON.stringify(text.slice(0, 80)));
  } while (offset < bytes.length);
}

/** Writes over the beginning of an open file, in one write(2) unless `text` is huge. */
export function overwrite(fd: number, text: string, path: string): void {
  must(attempt("lseek", [fd, 0, 0]), "lseek", path);
  writeAll(fd, text, path);
}

/** Where the next write to an open file goes: to its end, which is returned. lseek(2) */
export function seekToEnd(fd: number, path: string): number {
  return must(attempt("lseek", [fd, 0, SEEK_END]), "lseek", path);
}

const SEEK_END = 2;

/** Opens a file; the descriptor is the caller's. Throws SyscallError. */
export function openFile(path: string, flags: number, mode = 0): number {
  const result = attempt("openat", [AT_FDCWD, cString(path), flags | O.O_CLOEXEC, mode]);
  return must(result, "open", path);
}

/** Opens a file where that can be done: the descriptor, or minus the errno. */
export function tryOpenFile(path: string, flags: number): number {
  return attempt("openat", [AT_FDCWD, cString(path), flags | O.O_CLOEXEC, 0]);
}

/** Makes a folder. False where something is there already. mkdir(2) */
export function makeDirectory(path: string, mode: number): boolean {
  const result = attempt("mkdirat", [AT_FDCWD, cString(path), mode]);
  if (result === -EEXIST) return false;
  must(result, "mkdir", path);
  return true;
}

/**
 * Makes a folder and those above it, as far as they are missing.
 * @param attempts how often somebody may remove the parent meanwhile
 */
export function makeDirectoryTree(path: string, mode: number, attempts = 100): void {
  const result = attempt("mkdirat", [AT_FDCWD, cString(path), mode]);
  if (result === 0 || result === -EEXIST) return;
  const slash = path.lastIndexOf("/");
  // Kernel: in /proc it is ENOENT for ever, although the parent is there.
  if (result !== -ENOENT || slash <= 0 || attempts === 0) must(result, "mkdir", path);
  makeDirectoryTree(path.slice(0, slash), mode);
  // Race: whoever removes the parent in between makes us start again.
  makeDirectoryTree(path, mode, attempts - 1);
}

/** Makes a symlink. False where something is there already. symlink(2) */
export function makeSymlink(target: string, path: string): boolean {
  const a = cString(target);
  const result = attempt("symlinkat", [a, AT_FDCWD, cString(path)]);
  if (result === -EEXIST) return false;
  must(result, "symlink", path);
  return true;
}

/** Gives a file, or a symlink itself, another name; false where that cannot be. linkat(2) */
export function tryLink(path: string, name: string): boolean {
  const a = cString(path);
  return attempt("linkat", [AT_FDCWD, a, AT_FDCWD, cString(name), 0]) === 0;
}

const PATH_MAX = 4096;

/** Where a symlink points, or undefined where there is none. readlink(2) */
export function readLink(path: string): string | undefined {
  const target = targetOf(path);
  observed("link", path, target ?? null);
  return target;
}

function targetOf(path: string): string | undefined {
  const { address, bytes } = scratch(PATH_MAX);
  const length = attempt("readlinkat", [AT_FDCWD, cString(path), address, PATH_MAX]);
  return length < 0 ? undefined : decodeText(bytes.subarray(0, length));
}

/** The path of something that is there, without symlinks. Throws SyscallError. */
export function realPath(path: string): string {
  const fd = openFile(path, O.O_PATH);
  try {
    const real = targetOf(`/proc/self/fd/${fd}`) ?? path;
    observed("real", path, real);
    return real;
  } finally {
    closeQuietly(fd);
  }
}

/** Removes a file, a symlink. False where there is none. unlink(2) */
export function removeFile(path: string): boolean {
  const result = attempt("unlinkat", [AT_FDCWD, cString(path), 0]);
  if (result === -ENOENT) return false;
  must(result, "unlink", path);
  return true;
}

/** Removes an empty folder: 0, or the errno, as EBUSY and ENOTEMPTY are answers here. rmdir(2) */
export function tryRemoveDirectory(path: string): number {
  const result = attempt("unlinkat", [AT_FDCWD, cString(path), AT.AT_REMOVEDIR]);
  return result < 0 ? -result : 0;
}

const STATX_BYTES = 256;
const STATX_TYPE = 1;
const STATX_MODE_OFFSET = 28;
const STATX_SIZE = 0x200;
const STATX_SIZE_OFFSET = 40;
const S_IFMT = 0o170000;

/** Who a file belongs to and may be used by, and what changes with each change of it. */
export interface FileIdentity {
  readonly type: number;
  /** The permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly links: number;
  /** Inode, size and times: the same text for the same content. */
  readonly version: string;
}

const STATX_BASIC = 0x7ff;

/** Of what a path leads to; of an open file where the path is "". statx(2) */
export function fileIdentity(fd: number, path: string): FileIdentity {
  const { address, bytes } = scratch(STATX_BYTES);
  const args = [fd, cString(path), path === "" ? AT.AT_EMPTY_PATH : 0, STATX_BASIC, address];
  must(attempt("statx", args), "statx", path);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, STATX_BYTES / 4);
  const mode = (words[7] ?? 0) & 0xffff;
  const contents = `${words[8]},${words[9]},${words[10]},${words[11]}`;
  const changed = `${words[24]},${words[25]},${words[26]}`;
  const modified = `${words[28]},${words[29]},${words[30]}`;
  return {
    type: mode & S_IFMT,
    mode: mode & 0o7777,
    uid: words[5] ?? 0,
    links: words[4] ?? 0,
    // stx_ino, stx_size; stx_ctime, stx_mtime.
    version: `${contents},${changed},${modified}`,
  };
}

/** The S_IF type of what a path leads to, links followed; 0 where there is nothing. statx(2) */
export function fileType(path: string): number {
  const type = typeOf(path);
  observed("type", path, type);
  return type;
}

function typeOf(path: string): number {
  const { address, bytes } = scratch(STATX_BYTES);
  const result = attempt("statx", [AT_FDCWD, cString(path), 0, STATX_TYPE, address]);
  if (result !== -ENOENT && result !== -ENOTDIR) must(result, "statx", path);
  const mode = (bytes[STATX_MODE_OFFSET] ?? 0) | ((bytes[STATX_MODE_OFFSET + 1] ?? 0) << 8);
  return result < 0 ? 0 : mode & S_IFMT;
}

/** How long a file is; 0 where there is none. statx(2), STATX_SIZE */
export function fileSize(path: string): number {
  const { address, bytes } = scratch(STATX_BYTES);
  const result = attempt("statx", [AT_FDCWD, cString(path), 0, STATX_SIZE, address]);
  if (result !== -ENOENT && result !== -ENOTDIR) must(result, "statx", path);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return result < 0 ? 0 : Number(view.getBigUint64(STATX_SIZE_OFFSET, true));
}

export const isDirectory = (path: string): boolean => fileType(path) === S.S_IFDIR;

const DIRENT_LENGTH_OFFSET = 16;
const DIRENT_TYPE_OFFSET = 18;
const DIRENT_NAME_OFFSET = 19;
const DT_DIR = 4;

export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** What is in a folder, without `.` and `..`; undefined where there is no folder. getdents64(2) */
export function listDirectory(path: string): DirectoryEntry[] | undefined {
  const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
  const fd = attempt("openat", [AT_FDCWD, cString(path), flags]);
  if (fd === -ENOENT || fd === -ENOTDIR) return undefined;
  must(fd, "open", path);
  try {
    return readEntries(fd, path);
  } finally {
    closeQuietly(fd);
  }
}

function readEntries(fd: number, path: string): DirectoryEntry[] {
  const buffer = (readBuffer ??= new Uint8Array(READ_BUFFER_BYTES));
  const entries: DirectoryEntry[] = [];
  for (;;) {
    const result = attempt("getdents64", [fd, bytesAddress(buffer), READ_BUFFER_BYTES]);
    // Race: another process has removed the folder since it was opened.
    if (result === -ENOENT) return entries;
    const length = must(result, "getdents64", path);
    if (length === 0) return entries;
    let at = 0;
    while (at < length) {
      const size =
        (buffer[at + DIRENT_LENGTH_OFFSET] ?? 0) |
        ((buffer[at + DIRENT_LENGTH_OFFSET + 1] ?? 0) << 8);
      const start = at + DIRENT_NAME_OFFSET;
      const name = decodeText(buffer.subarray(start, buffer.indexOf(0, start)));
      const isFolder = buffer[at + DIRENT_TYPE_OFFSET] === DT_DIR;
      if (name !== "." && name !== "..") entries.push({ name, isDirectory: isFolder });
      at += size;
    }
  }
}

const REMOVALS = 10;

/**
 * Removes a folder and everything below it; symlinks are removed, not followed. Race: what another
 * process that is ending still puts there meanwhile is removed as well, so often as is sensible.
 */
export function removeTree(path: string): void {
  for (let left = REMOVALS; ; left--) {
    const entries = listDirectory(path);
    if (entries === undefined) return;
    for (const { name, isDirectory: isFolder } of entries) {
      if (isFolder) removeTree(`${path}/${name}`);
      else removeFile(`${path}/${name}`);
    }
    const failure = tryRemoveDirectory(path);
    if (failure === 0 || failure === ENOENT) return;
    if (failure !== ENOTEMPTY || left === 0) throw new SyscallError("rmdir", failure, { path });
  }
}

const RENAME_NOREPLACE = 1;

/**
 * Gives a file or folder another name that nothing has. False where that cannot be: something has it, it
 * is on another file system, there is no such file. renameat2(2), RENAME_NOREPLACE
 */
export function moveUnlessThere(from: string, to: string): boolean {
  const source = cString(from);
  const args = [AT_FDCWD, source, AT_FDCWD, cString(to), RENAME_NOREPLACE];
  return attempt("renameat2", args) === 0;
}

/** Gives a file another name, in place of what had it. rename(2) */
export function renameFile(from: string, to: string): void {
  const source = cString(from);
  const result = attempt("renameat2", [AT_FDCWD, source, AT_FDCWD, cString(to), 0]);
  must(result, "rename", to);
}
