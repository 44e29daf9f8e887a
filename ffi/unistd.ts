// unistd.h: descriptors, folders, host names, and the end of a process. Who the process is, is in
// identity.ts.

import { AT, AT_FDCWD } from "./constants.ts";
import { EINTR } from "./errno.ts";
import { Fd } from "./fd.ts";
import { bytesAddress, check, cString, cStringArray, errno, library, scratch } from "./library.ts";
import { rawCall, syscall } from "./syscall.ts";
import { SyscallError } from "./syscall-error.ts";

export { _exit } from "./exit.ts";

const unistdH = library({
  chroot: ["i32", "pointer"],
  chdir: ["i32", "pointer"],
  fchdir: ["i32", "i32"],
  sethostname: ["i32", "pointer", "i64"],
  setdomainname: ["i32", "pointer", "i64"],
  getpid: ["i32"],
  getppid: ["i32"],
  setsid: ["i32"],
  getsid: ["i32", "i32"],
  execve: ["i32", "pointer", "pointer", "pointer"],
  close: ["i32", "i32"],
  dup3: ["i32", "i32", "i32", "i32"],
  pipe2: ["i32", "pointer", "i32"],
  read: ["i64", "i32", "pointer", "i64"],
  symlinkat: ["i32", "pointer", "i32", "pointer"],
  readlinkat: ["i64", "i32", "pointer", "pointer", "i64"],
  unlinkat: ["i32", "i32", "pointer", "i32"],
  fsync: ["i32", "i32"],
});

const encoder = new TextEncoder();
const PATH_MAX = 4096;

/** Makes `path` the root folder of this process. chroot(2); the working folder stays outside. */
export function chroot(path: string): void {
  check(unistdH().chroot(cString(path)), "chroot", { path });
}

/** chdir(2) */
export function chdir(path: string): void {
  check(unistdH().chdir(cString(path)), "chdir", { path });
}

/** chdir(2) to an open folder. */
export function fchdir(fd: number): void {
  check(unistdH().fchdir(fd), "fchdir");
}

/** Makes `newRoot` the root mount and moves the old one to `putOld`. pivot_root(2) */
export function pivot_root(newRoot: string, putOld: string): void {
  syscall("pivot_root", [cString(newRoot), cString(putOld)], { path: newRoot });
}

/** Sets the host name of this UTS namespace; at most 64 bytes, else EINVAL. sethostname(2) */
export function sethostname(name: string): void {
  const { length } = encoder.encode(name);
  check(unistdH().sethostname(cString(name), length), "sethostname", { detail: name });
}

/** Sets the NIS domain name of this UTS namespace; at most 64 bytes. setdomainname(2) */
export function setdomainname(name: string): void {
  const { length } = encoder.encode(name);
  check(unistdH().setdomainname(cString(name), length), "setdomainname", { detail: name });
}

/** This process's pid in its own pid namespace. */
export const getpid = (): number => unistdH().getpid();
/** The parent's pid; 0 where that lives in an outer pid namespace. */
export const getppid = (): number => unistdH().getppid();

/** The id of the new session that this process leads. setsid(2); EPERM for a group leader. */
export function setsid(): number {
  return check(unistdH().setsid(), "setsid");
}

/** The session of process `pid` (0: this one). getsid(2) */
export function getsid(pid: number): number {
  return check(unistdH().getsid(pid), "getsid", { detail: `pid ${pid}` });
}

/**
 * Replaces this process by the program at `path`. execve(2). Never comes back but with an error.
 * What the engine ignores (SIGPIPE) stays ignored in the program: call unignoreSignals() of signal.ts before.
 */
export function execve(path: string, argv: readonly string[], env: readonly string[]): never {
  const args = cStringArray(argv);
  const variables = cStringArray(env);
  check(unistdH().execve(cString(path), args.address, variables.address), "execve", { path });
  // Naming the arrays here keeps them alive until the kernel has copied them.
  throw new Error(`execve came back: ${args.keep.length + variables.keep.length} bytes`);
}

/** Closes a descriptor that no Fd owns. close(2) */
export function close(fd: number): void {
  check(unistdH().close(fd), "close", { detail: `fd ${fd}` });
}

/** Makes `to` another name of `from`. dup3(2); EINVAL where they are the same. */
export function dup3(from: number, to: number, flags: number): void {
  check(unistdH().dup3(from, to, flags), "dup3", { detail: `${from} to ${to}` });
}

/** Both ends of a pipe. pipe2(2) */
export function pipe2(flags: number): { readonly read: Fd; readonly write: Fd } {
  const ends = scratch(8);
  check(unistdH().pipe2(ends.address, flags), "pipe2");
  const [read = -1, write = -1] = new Int32Array(ends.bytes.slice().buffer);
  return { read: new Fd(read), write: new Fd(write) };
}

/** How many bytes of `buffer` were filled; 0 at the end. read(2), again after EINTR. */
export function read(fd: number, buffer: Uint8Array): number {
  const address = bytesAddress(buffer);
  const detail = { detail: `fd ${fd}` };
  return untilUninterrupted(() => unistdH().read(fd, address, buffer.length), "read", detail);
}

/** How many of `bytes` were taken; fewer than all is no error. write(2), again after EINTR. */
export function write(fd: number, bytes: Uint8Array, path?: string): number {
  const address = bytesAddress(bytes);
  const context = path === undefined ? { detail: `fd ${fd}` } : { path };
  return untilUninterrupted(() => rawCall("write", fd, address, bytes.length), "write", context);
}

function untilUninterrupted(
  call: () => number,
  name: string,
  context: { readonly path?: string; readonly detail?: string },
): number {
  for (;;) {
    const result = call();
    if (result !== -1) return result;
    const number = errno();
    if (number !== EINTR) throw new SyscallError(name, number, context);
  }
}

/** The messages that wait in a file system context, `e overlay: …` without the kind. fsopen(2) */
export function readMessages(fs: number): string[] {
  const messages: string[] = [];
  const buffer = scratch(PATH_MAX);
  for (let i = 0; i < 16; i++) {
    const length = unistdH().read(fs, buffer.address, buffer.bytes.length);
    if (length <= 0) break;
    messages.push(new TextDecoder().decode(buffer.bytes.subarray(2, length)).trimEnd());
  }
  return messages;
}

/** symlinkat(2) */
export function symlinkat(target: string, directory: number, path: string): void {
  const { symlinkat } = unistdH();
  check(symlinkat(cString(target), directory, cString(path)), "symlinkat", { path });
}

/** Where the symbolic link at `path` points. readlinkat(2); EINVAL where it is none. */
export function readlinkat(directory: number, path: string): string {
  const buffer = scratch(PATH_MAX);
  const { readlinkat } = unistdH();
  const result = readlinkat(directory, cString(path), buffer.address, PATH_MAX);
  const length = check(result, "readlinkat", { path });
  return new TextDecoder().decode(buffer.bytes.subarray(0, length));
}

/** Removes a file, or with AT_REMOVEDIR an empty folder. unlinkat(2) */
export function unlinkat(directory: number, path: string, flags: number): void {
  check(unistdH().unlinkat(directory, cString(path), flags), "unlinkat", { path });
}

/** Removes an empty folder. rmdir(2) */
export function rmdir(path: string): void {
  const { unlinkat } = unistdH();
  check(unlinkat(AT_FDCWD, cString(path), AT.AT_REMOVEDIR), "rmdir", { path });
}

/** Waits until the file's data are on the disk. fsync(2) */
export function fsync(fd: number): void {
  check(unistdH().fsync(fd), "fsync", { detail: `fd ${fd}` });
}

const SYNC_FILE_RANGE_WRITE = 2;

/**
 * Begins to write a file's data to the disk, without waiting: a later fsync has less to wait for.
 * sync_file_range(2); a file system without it loses nothing but that time.
 */
export function beginSync(fd: number): void {
  rawCall("sync_file_range", fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/** Closes, or with CLOSE_RANGE_CLOEXEC marks, the descriptors from `first` on. close_range(2), 5.9 */
export function close_range(first: number, last: number, flags: number): void {
  syscall("close_range", [first, last, flags], { detail: `${first} to ${last}` });
}

/** Makes the file exactly `byteLength` bytes long; what is added reads as zeros. ftruncate(2) */
export function ftruncate(fd: number, byteLength: number): void {
  check(rawCall("ftruncate", fd, byteLength), "ftruncate", { detail: `${byteLength} bytes` });
}
