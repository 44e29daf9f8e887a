// Calls that make and move mounts, as values. Nothing happens here: see ../call.ts.

import { type Call, type Slot } from "../call.ts";
import {
  AT_FDCWD,
  FSCONFIG,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR,
  MOVE_MOUNT,
  MS,
  OPEN_TREE,
  formatFlags,
} from "../constants.ts";
import { call, words, type CallOptions, type FdArgument } from "./make.ts";

/** mount(2) */
export const mount = (
  source: string | null,
  target: string,
  type: string | null,
  flags: number,
  data: string | null,
  options?: CallOptions,
): Call => call("mount", [source, target, type, flags, data], { path: target, ...options });

/** mount(2) that only changes the propagation of a whole tree. */
export const mountPropagation = (target: string, flags: number): Call =>
  call("mount", [null, target, null, flags | MS.MS_REC, null], { path: target });

/** umount2(2) */
export const umount2 = (target: string, flags: number): Call =>
  call("umount2", [target, flags], { path: target });

/** open_tree(2): a detached copy of the tree at `path`. */
export function openTree(
  directory: FdArgument,
  path: string,
  recursive: boolean,
  into: Slot,
  options?: CallOptions,
): Call {
  const flags =
    OPEN_TREE.OPEN_TREE_CLONE |
    OPEN_TREE.OPEN_TREE_CLOEXEC |
    (path === "" ? OPEN_TREE.AT_EMPTY_PATH : 0) |
    (recursive ? OPEN_TREE.AT_RECURSIVE : 0);
  return call("open_tree", [directory, path, flags], { into, path, ...options });
}

/** fsopen(2) */
export const fsopen = (type: string, into: Slot, options?: CallOptions): Call =>
  call("fsopen", [type, FSOPEN_CLOEXEC], { into, path: type, ...options });

/** fsconfig(2): one `key=value`, or a bare key. */
export const fsconfigSet = (fs: FdArgument, key: string, value: string | null): Call =>
  value === null
    ? call("fsconfig", [fs, FSCONFIG.FSCONFIG_SET_FLAG, key, null, 0], { path: key })
    : call("fsconfig", [fs, FSCONFIG.FSCONFIG_SET_STRING, key, value, 0], {
        path: `${key}=${value}`,
      });

/** fsconfig(2): make the superblock. */
export const fsconfigCreate = (fs: FdArgument, options?: CallOptions): Call =>
  call("fsconfig", [fs, FSCONFIG.FSCONFIG_CMD_CREATE, null, null, 0], options);

/** fsmount(2) */
export const fsmount = (
  fs: FdArgument,
  attributes: number,
  into: Slot,
  options?: CallOptions,
): Call => call("fsmount", [fs, FSMOUNT_CLOEXEC, attributes], { into, ...options });

/** move_mount(2) of a detached mount onto an open target. */
export const moveMount = (mount: FdArgument, target: FdArgument, options?: CallOptions): Call =>
  call(
    "move_mount",
    [
      mount,
      "",
      target,
      "",
      MOVE_MOUNT.MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT.MOVE_MOUNT_T_EMPTY_PATH,
    ],
    options,
  );

/** move_mount(2) of a detached mount onto a path. */
export const moveMountTo = (mount: FdArgument, target: string, options?: CallOptions): Call =>
  call("move_mount", [mount, "", AT_FDCWD, target, MOVE_MOUNT.MOVE_MOUNT_F_EMPTY_PATH], {
    path: target,
    ...options,
  });

const MOUNT_ATTR_BYTES = 32;

/** What mount_setattr(2) is to change. */
export interface MountAttributes {
  readonly set: number;
  readonly clear: number;
  /** MS_PRIVATE, MS_SLAVE …, 0 to leave it. */
  readonly propagation: number;
}

/** mount_setattr(2) on an open mount. */
export function mountSetattr(
  mount: FdArgument,
  recursive: boolean,
  attributes: MountAttributes,
  options?: CallOptions,
): Call {
  const { set, clear, propagation } = attributes;
  const attr = words([set, 0, clear, 0, propagation, 0, 0, 0], () =>
    describeAttributes(attributes),
  );
  const flags = OPEN_TREE.AT_EMPTY_PATH | (recursive ? OPEN_TREE.AT_RECURSIVE : 0);
  return call("mount_setattr", [mount, "", flags, attr, MOUNT_ATTR_BYTES], options);
}

function describeAttributes({ set, clear, propagation }: MountAttributes): string {
  const parts: string[] = [];
  if (set !== 0) parts.push(`attr_set=${formatFlags(MOUNT_ATTR, set)}`);
  if (clear !== 0) parts.push(`attr_clr=${formatFlags(MOUNT_ATTR, clear)}`);
  if (propagation !== 0) parts.push(`propagation=${formatFlags(MS, propagation)}`);
  return `{${parts.join(", ")}}`;
}

/** pivot_root(2) */
export const pivotRoot = (newRoot: string, putOld: string): Call =>
  call("pivot_root", [newRoot, putOld], { path: newRoot });
