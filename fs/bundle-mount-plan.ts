// The mounts of config.json that docker's flags do not lead to: binds as other runtimes make them,
// id-mapped ones, tmpfs that starts with what the image has, remounts. Loaded only where a container
// has any of them; the others are made by mount-plan.ts. Pure.

import { AddressOf, type Call, Slot, type Step } from "../ffi/call.ts";
import {
  AT_FDCWD,
  close,
  compareSlot,
  fsconfigCreate,
  fsconfigSet,
  fsmount,
  fsopen,
  mountSetattr,
  moveMount,
  openTree,
} from "../ffi/calls.ts";
import { MOUNT_ATTR, MS, OPEN_TREE } from "../ffi/constants.ts";
import { EAGAIN, EBADF, ENOENT } from "../ffi/errno.ts";
import { FILE_SYSTEM_MAGIC } from "../ffi/statfs.ts";
import { bindAttributes } from "./bind-attributes.ts";
import { type MountOptions, parseMountOptions } from "./mount-options.ts";
import {
  closeEarly,
  describeFailure,
  makeInFresh,
  type MountContext,
  type MountRequest,
  planFsOption,
  planMount,
  planPropagation,
} from "./mount-plan.ts";
import { makeDirectories, makeFile, openPlace } from "./safe-path.ts";

export interface BundleMount extends MountRequest {
  /** A struct mount_attr with the user namespace whose ids the files are to show. */
  readonly idMap?: Slot;
  /** Of a folder of the image, for a tmpfs in its place that names none. */
  readonly mode?: number;
  /** The image has no such folder, so there is nothing to copy from it. */
  readonly isNew?: boolean;
}

export interface BundleContext extends MountContext {
  /** Whether the flags of the host's mounts are locked. */
  readonly keepsLocked: boolean;
  /** Where a path of the container ends, links that lead nowhere included. */
  readonly findTarget: (root: string, path: string) => string;
  /** Copies what is at a path of the image to a folder on the host. */
  readonly copyUp: (path: string, target: string) => void;
  /** What is done once all mounts are there, and all that is made in them. */
  readonly later: Step[];
}

/** The steps of one mount. */
export function planBundleMount(mount: BundleMount, context: BundleContext): Step[] {
  const options = parseMountOptions(mount.options);
  if (options.data.includes("remount")) return [planRemount(mount, options, context)];
  if (isBind(mount, options)) return [planBind(mount, options, context)];
  if (mount.type === "tmpfs") return [planTmpfs(mount, options, context)];
  return planMount({ ...mount, options: mount.options.filter(isKnownHere) }, context);
}

/** Words of mount(8) that mean nothing to a new file system. */
const isKnownHere = (word: string): boolean =>
  !["loud", "silent", "acl", "noacl", "iversion", "noiversion"].includes(word);

const isBind = ({ type }: BundleMount, { bind }: MountOptions): boolean =>
  bind || type === "bind" || type === "rbind";

function planBind(mount: BundleMount, options: MountOptions, context: BundleContext): Step {
  const { source, destination, sourceIsDirectory, idMap } = mount;
  const tree = new Slot(`tree of ${source}`);
  const target = new Slot(destination);
  const isRecursive = options.recursive || mount.type === "rbind";
  const calls: Call[] = [
    openTree(AT_FDCWD, source, isRecursive, tree),
    ...(idMap === undefined ? [] : [planIdMap(tree, idMap, options.idmap === "ridmap")]),
    ...planFlags(tree, mount, options, isRecursive, context),
    ...makeInFresh(destination, sourceIsDirectory, context),
    openPlace(context.root, destination, target),
    ...planOutsideProc(destination, target),
    moveMount(tree, target, { path: destination }),
    ...closeEarly([tree, target], context),
  ];
  return {
    why: mount.why ?? `bind ${source} to ${destination}`,
    calls,
    fallback: missing(mount, sourceIsDirectory, context),
    failure: failureOf(mount),
  };
}

const MOUNT_ATTR_BYTES = 32;

/** mount_setattr(2), MOUNT_ATTR_IDMAP. Kernel: since 5.12, and not of every file system (EINVAL). */
function planIdMap(tree: Slot, idMap: Slot, isRecursive: boolean): Call {
  const flags = OPEN_TREE.AT_EMPTY_PATH | (isRecursive ? OPEN_TREE.AT_RECURSIVE : 0);
  return {
    name: "mount_setattr",
    args: [tree, "", flags, new AddressOf(idMap), MOUNT_ATTR_BYTES],
    path: tree.label,
  };
}

function planFlags(
  tree: Slot,
  { options: words }: BundleMount,
  options: MountOptions,
  isRecursive: boolean,
  { keepsLocked }: BundleContext,
): Call[] {
  const calls: Call[] = [];
  const change = bindAttributes(words, keepsLocked);
  if (change !== undefined) calls.push(mountSetattr(tree, false, { ...change, propagation: 0 }));
  const { recursiveSet: set, recursiveClear: clear, propagation } = options;
  if (set !== 0 || clear !== 0) {
    calls.push(mountSetattr(tree, true, { set, clear, propagation: 0 }));
  }
  if (propagation.length > 0) return [...calls, ...planPropagation(tree, options)];
  const isPrivate = { set: 0, clear: 0, propagation: MS.MS_PRIVATE };
  return [...calls, mountSetattr(tree, isRecursive, isPrivate)];
}

const STATFS_BYTES = 120;
const NO_FD = -1;

/**
 * Security: a link of the image's must not lead a mount into /proc, where it could stand in for what
 * a runtime writes to (CVE-2019-16884). close(-1) is the call that always fails.
 */
function planOutsideProc(destination: string, target: Slot): Call[] {
  if (isInProc(destination)) return [];
  const status = new Slot("struct statfs", STATFS_BYTES);
  const type = new Slot("f_type", 4, undefined, { of: status, byteOffset: 0 });
  return [
    { name: "fstatfs", args: [target, new AddressOf(status)], path: destination },
    compareSlot(type, FILE_SYSTEM_MAGIC.proc, { tolerate: [EAGAIN], skipAfterError: 1 }),
    { ...close(NO_FD), path: destination },
  ];
}

const isInProc = (path: string): boolean => path === "/proc" || path.startsWith("/proc/");

function failureOf(mount: BundleMount): (errno: number) => string {
  return (errno) => {
    const text = describeFailure(mount, errno);
    if (errno !== EBADF) return text;
    return `${text}: "${mount.destination}" cannot be mounted because it is inside /proc`;
  };
}

/**
 * A tmpfs. Order: one that is to be read-only becomes so at last, as targets of later mounts and
 * device nodes are made in it.
 */
function planTmpfs(mount: BundleMount, options: MountOptions, context: BundleContext): Step {
  const { destination, source, mode } = mount;
  const fs = new Slot("tmpfs");
  const folder = new Slot(destination);
  const target = new Slot(destination);
  const readonly = options.set & MOUNT_ATTR.MOUNT_ATTR_RDONLY;
  const data = options.data.filter(isKnownHere);
  const made: Call[] = [
    fsopen("tmpfs", fs),
    ...(source === "" ? [] : [fsconfigSet(fs, "source", source)]),
    ...(mode === undefined ? [] : [fsconfigSet(fs, "mode", mode.toString(8))]),
    ...data.map((word) => planFsOption(fs, word)),
    fsconfigCreate(fs, { path: destination }),
    fsmount(fs, (options.set & ~readonly) | options.recursiveSet, folder, { path: destination }),
  ];
  // Kernel: in a file system of a user namespace's own, only its ids can own anything; the image's
  // files may be anybody's.
  const isOutside = options.tmpCopyUp && context.keepsLocked;
  const calls: Call[] = [
    ...makeInFresh(destination, true, context),
    openPlace(context.root, destination, target),
    ...planOutsideProc(destination, target),
    ...(isOutside ? made.map((call) => ({ ...call, outside: true })) : made),
    ...planPropagation(folder, options),
    moveMount(folder, target, { path: destination }),
  ];
  if (readonly !== 0) context.later.push(planReadonlyLater(destination, folder));
  else calls.push(...closeEarly([fs, target], context));
  context.fresh.set(destination, folder);
  return {
    why: mount.why ?? `mount tmpfs on ${destination}`,
    calls,
    fallback: missing(mount, true, context),
    failure: failureOf(mount),
    ...(options.tmpCopyUp && mount.isNew !== true
      ? { afterwards: planCopyUp(destination, folder, context) }
      : {}),
  };
}

function planReadonlyLater(destination: string, mount: Slot): Step {
  const change = { set: MOUNT_ATTR.MOUNT_ATTR_RDONLY, clear: 0, propagation: 0 };
  return {
    why: `${destination} is read-only, now that everything is in it`,
    calls: [mountSetattr(mount, false, change, { path: destination })],
  };
}

/** The image's folder stays in reach below the new one, by its path on the host. */
function planCopyUp(
  destination: string,
  folder: Slot,
  { copyUp }: BundleContext,
): NonNullable<Step["afterwards"]> {
  return ({ pid, value }) => copyUp(destination, `/proc/${pid}/fd/${value(folder)}`);
}

/** mount -o remount: only the flags of what is mounted there already. */
function planRemount(mount: BundleMount, options: MountOptions, context: BundleContext): Step {
  const { destination } = mount;
  const target = new Slot(destination);
  const change = bindAttributes(mount.options, true) ?? { set: 0, clear: 0 };
  return {
    why: `change the flags of what is mounted on ${destination}`,
    calls: [
      openPlace(context.root, destination, target),
      mountSetattr(target, false, { ...change, propagation: 0 }, { path: destination }),
      ...planPropagation(target, options),
    ],
    failure: failureOf(mount),
  };
}

/** What is missing is made where links lead, also those that lead nowhere yet. */
function missing(
  { destination }: BundleMount,
  isDirectory: boolean,
  { root, findTarget }: BundleContext,
): NonNullable<Step["fallback"]> {
  const make = isDirectory ? makeDirectories : makeFile;
  return {
    on: [ENOENT],
    why: `${destination} is missing in the rootfs: make it`,
    get calls() {
      return make(root, destination);
    },
    find: ({ pid, value }) => make(root, findTarget(`/proc/${pid}/fd/${value(root)}`, destination)),
  };
}
