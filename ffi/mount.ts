// sys/mount.h: mount(2) and umount2(2), and the calls that took their place in Linux 5.2 and 5.12.

import {
  AT_FDCWD,
  FSCONFIG,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  formatFlags,
  formatValue,
  MNT,
  MOUNT_ATTR,
  MOVE_MOUNT,
  MS,
  OPEN_TREE,
} from "./constants.ts";
import { Fd } from "./fd.ts";
import { check, cString, library, scratch } from "./library.ts";
import { MOUNT_ATTR_STRUCT } from "./struct-tables.ts";
import { writeStruct } from "./structs.ts";
import { syscall } from "./syscall.ts";
import { readMessages } from "./unistd.ts";

const mountH = library({
  mount: ["i32", "pointer", "pointer", "pointer", "i64", "pointer"],
  umount2: ["i32", "pointer", "i32"],
});

/** Mounts, remounts, binds, moves, or changes propagation, as `flags` (MS) say. mount(2) */
export function mount(
  source: string | null,
  target: string,
  type: string | null,
  flags: number,
  data: string | null,
): void {
  const { mount } = mountH();
  check(
    mount(cString(source), cString(target), cString(type), flags, cString(data)),
    "mount",
    () => ({ path: target, detail: formatFlags(MS, flags) }),
  );
}

/** Takes the uppermost mount off `target`. umount2(2); EINVAL where nothing is mounted. */
export function umount2(target: string, flags: number): void {
  check(mountH().umount2(cString(target), flags), "umount2", () => ({
    path: target,
    detail: formatFlags(MNT, flags),
  }));
}

/** A handle on the mount at `path`, or with OPEN_TREE_CLONE on a detached copy. open_tree(2), 5.2 */
export function open_tree(directory: number, path: string, flags: number): Fd {
  const all = flags | OPEN_TREE.OPEN_TREE_CLOEXEC;
  const context = () => ({ path, detail: formatFlags(OPEN_TREE, all) });
  return new Fd(syscall("open_tree", [directory, cString(path), all >>> 0], context));
}

/** Attaches the mount `from` (a descriptor, or a path below it) at `to`. move_mount(2), 5.2 */
export function move_mount(
  fromFd: number,
  fromPath: string,
  toFd: number,
  toPath: string,
  flags: number,
): void {
  syscall("move_mount", [fromFd, cString(fromPath), toFd, cString(toPath), flags], () => ({
    path: toPath === "" ? fromPath : toPath,
    detail: formatFlags(MOVE_MOUNT, flags),
  }));
}

/** What mount_setattr changes; what is left out stays. */
export interface MountAttributeChange {
  /** MOUNT_ATTR bits to set and to clear; sets of the access time also clear MOUNT_ATTR__ATIME. */
  readonly set?: number;
  readonly clear?: number;
  /** One of MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE. */
  readonly propagation?: number;
  /** The user namespace whose maps an id-mapped mount takes (with MOUNT_ATTR_IDMAP in `set`). */
  readonly usernsFd?: number;
}

/** Changes the mount at `path`; all below it too with AT_RECURSIVE. mount_setattr(2), 5.12 */
export function mount_setattr(
  directory: number,
  path: string,
  flags: number,
  { set = 0, clear = 0, propagation = 0, usernsFd = 0 }: MountAttributeChange,
): void {
  const attr = scratch(MOUNT_ATTR_STRUCT.byteLength);
  const values = { attr_set: set, attr_clr: clear, propagation, userns_fd: usernsFd };
  writeStruct(MOUNT_ATTR_STRUCT, attr.bytes, values);
  const args = [directory, cString(path), flags, attr.address, MOUNT_ATTR_STRUCT.byteLength];
  syscall("mount_setattr", args, () => ({
    path,
    detail: `set ${formatFlags(MOUNT_ATTR, set)}, clear ${formatFlags(MOUNT_ATTR, clear)}`,
  }));
}

/** A context in which a file system of `type` is configured. fsopen(2), 5.2; ENODEV: no such type */
export function fsopen(type: string): Fd {
  return new Fd(syscall("fsopen", [cString(type), FSOPEN_CLOEXEC], { path: type }));
}

/** A context in which the file system mounted at `path` is reconfigured. fspick(2), 5.2 */
export function fspick(directory: number, path: string, flags: number): Fd {
  return new Fd(syscall("fspick", [directory, cString(path), flags | FSOPEN_CLOEXEC], { path }));
}

/**
 * One step of a configuration: `command` is one of FSCONFIG. fsconfig(2), 5.2. The messages that
 * the kernel left in the context are in the error's detail: `overlay: lowerdir is not a directory`.
 */
export function fsconfig(
  fs: number,
  command: number,
  key: string | null,
  value: string | null,
  auxiliary = 0,
): void {
  syscall("fsconfig", [fs, command, cString(key), cString(value), auxiliary], () => {
    const setting = key === null ? [] : [value === null ? key : `${key}=${value}`];
    const parts = [formatValue(FSCONFIG, command), ...setting, ...readMessages(fs)];
    return { detail: parts.join(", ") };
  });
}

/** The detached mount of a created superblock. fsmount(2), 5.2 */
export function fsmount(fs: number, attributes: number): Fd {
  const context = () => ({ detail: formatFlags(MOUNT_ATTR, attributes) });
  return new Fd(syscall("fsmount", [fs, FSMOUNT_CLOEXEC, attributes], context));
}

/** Attaches a detached mount at an absolute path. */
export function moveMountTo(mount: number, target: string): void {
  move_mount(mount, "", AT_FDCWD, target, MOVE_MOUNT.MOVE_MOUNT_F_EMPTY_PATH);
}
