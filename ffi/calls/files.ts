// Calls on files and descriptors, as values. Nothing happens here: see ../call.ts.

import { AddressOf, type Argument, type Call, type Slot, type Struct } from "../call.ts";
import { AT_FDCWD, O, RESOLVE, formatFlags } from "../constants.ts";
import { call, words, utf8Length, type CallOptions, type FdArgument } from "./make.ts";

const OPEN_HOW_BYTES = 24;

/** No file is made by these opens, so that there is no mode. */
function openHow(flags: number, resolve: number): Struct {
  const describe = () =>
    `{flags=${formatFlags(O, flags)}, resolve=${formatFlags(RESOLVE, resolve)}}`;
  return words([flags, 0, 0, 0, resolve, 0], describe);
}

/** One struct for each distinct set of flags: plans open dozens of paths the same way. */
const openHows = new Map<number, Struct>();

/** openat2(2) below `root`: no symlink, `..` or magic link leads out of it. */
export function openInRoot(
  root: FdArgument,
  path: string,
  flags: number,
  into: Slot,
  options?: CallOptions,
): Call {
  let how = openHows.get(flags);
  if (how === undefined) {
    how = openHow(flags | O.O_CLOEXEC, RESOLVE.RESOLVE_IN_ROOT | RESOLVE.RESOLVE_NO_MAGICLINKS);
    openHows.set(flags, how);
  }
  return call("openat2", [root, path, how, OPEN_HOW_BYTES], { path, into, ...options });
}

/** openat(2) */
export function openat(
  directory: FdArgument,
  path: string,
  flags: number,
  options?: CallOptions,
  mode = 0,
): Call {
  return call("openat", [directory, path, flags | O.O_CLOEXEC, mode], { path, ...options });
}

/** close(2) */
export const close = (fd: FdArgument): Call => call("close", [fd]);

/** write(2) of a short text in one piece. */
export function write(fd: FdArgument, text: string, options?: CallOptions): Call {
  return call("write", [fd, text, utf8Length(text)], options);
}

/** read(2) of at most `byteLength` bytes. */
export const read = (fd: FdArgument, into: Slot, byteLength: number, options?: CallOptions): Call =>
  call("read", [fd, new AddressOf(into), byteLength], options);

/** dup3(2) */
export const dup3 = (from: FdArgument, to: number, flags: number, options?: CallOptions): Call =>
  call("dup3", [from, to, flags], options);

const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** fcntl(2): an exec closes `fd`. */
export const closeOnExec = (fd: FdArgument): Call => call("fcntl", [fd, F_SETFD, FD_CLOEXEC]);

const X_OK = 1;

/** faccessat(2): whether this process may execute the file at `path`. */
export const mayExecute = (path: string, options?: CallOptions): Call =>
  call("faccessat", [AT_FDCWD, path, X_OK], { path, ...options });

/** mkdirat(2) */
export const mkdirat = (
  directory: FdArgument,
  path: string,
  mode: number,
  options?: CallOptions,
): Call => call("mkdirat", [directory, path, mode], { path, ...options });

/** mknodat(2); `device` as makeDevice encodes it. */
export const mknodat = (
  directory: FdArgument,
  path: string,
  mode: number,
  device: number,
  options?: CallOptions,
): Call => call("mknodat", [directory, path, mode, device], { path, ...options });

/** The kernel's encoding of a device number (new_encode_dev). */
export function makeDevice(major: number, minor: number): number {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
}

/** symlinkat(2) */
export const symlinkat = (
  target: string,
  directory: FdArgument,
  path: string,
  options?: CallOptions,
): Call => call("symlinkat", [target, directory, path], { path, ...options });

/** fchownat(2) */
export const fchownat = (
  directory: FdArgument,
  path: string,
  uid: number,
  gid: number,
  flags: number,
  options?: CallOptions,
): Call => call("fchownat", [directory, path, uid, gid, flags], { path, ...options });

/** fchmodat(2) */
export const fchmodat = (
  directory: FdArgument,
  path: string,
  mode: number,
  options?: CallOptions,
): Call => call("fchmodat", [directory, path, mode], { path, ...options });

/** ioctl(2) */
export const ioctl = (
  fd: FdArgument,
  request: number,
  argument: Argument,
  options?: CallOptions,
): Call => call("ioctl", [fd, request, argument], options);

/** fchdir(2) */
export const fchdir = (fd: FdArgument, options?: CallOptions): Call =>
  call("fchdir", [fd], options);

/** chdir(2) */
export const chdir = (path: string, options?: CallOptions): Call =>
  call("chdir", [path], { path, ...options });

/** chroot(2) */
export const chroot = (path: string): Call => call("chroot", [path], { path });

/** umask(2) */
export const umask = (mask: number): Call => call("umask", [mask]);

/** socket(2) */
export const socket = (family: number, type: number, protocol: number, into: Slot): Call =>
  call("socket", [family, type, protocol], { into });
