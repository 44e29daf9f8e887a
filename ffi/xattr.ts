// sys/xattr.h: extended attributes of files: of what a path names itself (links are not
// followed), and of open files.

import { bytesAddress, check, cString, library, scratch } from "./library.ts";

const xattrH = library({
  lgetxattr: ["i64", "pointer", "pointer", "pointer", "i64"],
  fgetxattr: ["i64", "i32", "pointer", "pointer", "i64"],
  lsetxattr: ["i32", "pointer", "pointer", "pointer", "i64", "i32"],
  fsetxattr: ["i32", "i32", "pointer", "pointer", "i64", "i32"],
  llistxattr: ["i64", "pointer", "pointer", "i64"],
  lremovexattr: ["i32", "pointer", "pointer"],
});

/** The most that the kernel stores in one attribute and in the list of names (xattr(7)). */
const XATTR_SIZE_MAX = 65536;

/** As `flags`: the attribute must not, or must, exist (EEXIST, ENODATA). */
export const XATTR_CREATE = 1;
export const XATTR_REPLACE = 2;

/** The value of attribute `name`. lgetxattr(2); ENODATA where there is none. */
export function lgetxattr(path: string, name: string): Uint8Array {
  const { lgetxattr } = xattrH();
  const value = scratch(XATTR_SIZE_MAX);
  const result = lgetxattr(cString(path), cString(name), value.address, XATTR_SIZE_MAX);
  return value.bytes.slice(0, check(result, "lgetxattr", { path, detail: name }));
}

/** The value of attribute `name` of an open file. fgetxattr(2) */
export function fgetxattr(fd: number, name: string): Uint8Array {
  const value = scratch(XATTR_SIZE_MAX);
  const result = xattrH().fgetxattr(fd, cString(name), value.address, XATTR_SIZE_MAX);
  return value.bytes.slice(0, check(result, "fgetxattr", { detail: name }));
}

/** Sets attribute `name`; EOPNOTSUPP where the file system has none of that kind. lsetxattr(2) */
export function lsetxattr(path: string, name: string, value: Uint8Array, flags = 0): void {
  const { lsetxattr } = xattrH();
  const address = bytesAddress(value);
  const result = lsetxattr(cString(path), cString(name), address, value.length, flags);
  check(result, "lsetxattr", { path, detail: name });
}

/** Sets attribute `name` of an open file. fsetxattr(2) */
export function fsetxattr(fd: number, name: string, value: Uint8Array, flags = 0): void {
  const { fsetxattr } = xattrH();
  const result = fsetxattr(fd, cString(name), bytesAddress(value), value.length, flags);
  check(result, "fsetxattr", { detail: name });
}

/** The names of all attributes that this user may see. llistxattr(2) */
export function llistxattr(path: string): string[] {
  const list = scratch(XATTR_SIZE_MAX);
  const result = xattrH().llistxattr(cString(path), list.address, XATTR_SIZE_MAX);
  const length = check(result, "llistxattr", { path });
  const text = new TextDecoder().decode(list.bytes.subarray(0, length));
  return text.split("\0").slice(0, -1);
}

/** Removes attribute `name`. lremovexattr(2); ENODATA where there is none. */
export function lremovexattr(path: string, name: string): void {
  const result = xattrH().lremovexattr(cString(path), cString(name));
  check(result, "lremovexattr", { path, detail: name });
}
