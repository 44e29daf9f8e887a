// A mount of config.json → the steps that make it inside a rootfs. Pure.

import { type Call, Slot, type Step } from "../ffi/call.ts";
import {
  AT_FDCWD,
  close,
  fsconfigCreate,
  fsconfigSet,
  fsmount,
  fsopen,
  mkdirat,
  mknodat,
  mountSetattr,
  moveMount,
  openTree,
} from "../ffi/calls.ts";
import { MS, S } from "../ffi/constants.ts";
import { EEXIST, ELOOP, ENOENT, ENOTDIR } from "../ffi/errno.ts";
import { type MountOptions, parseMountOptions } from "./mount-options.ts";
import { makeDirectories, makeFile, openPlace, openRealDirectory } from "./safe-path.ts";

/** A mount as config.json has it, and what the plan must know of its source. */
export interface MountRequest {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
  /** Whether a bind's source is a folder; its target is made to match. */
  readonly sourceIsDirectory: boolean;
  readonly why?: string;
  /** The file system itself, where it was made before by whom it is in reach of. */
  readonly premade?: Slot | undefined;
}

export interface MountContext {
  readonly root: Slot;
  /**
   * The empty file systems that were mounted so far, by destination: nothing is there yet, so what
   * lies directly below is made without looking first.
   */
  readonly fresh: Map<string, Slot>;
  /** Close the descriptors as it goes: for plans with so many mounts that a limit is in reach. */
  readonly closesEarly: boolean;
}

const PSEUDO_FILE_SYSTEMS = ["proc", "sysfs"];

/** The steps of one mount: open the target inside the rootfs, make the mount, attach it. */
export function planMount(request: MountRequest, context: MountContext): Step[] {
  const options = parseMountOptions(request.options);
  const isBind = options.bind || request.type === "bind";
  return isBind ? planBind(request, options, context) : planFileSystem(request, options, context);
}

function planBind(request: MountRequest, options: MountOptions, context: MountContext): Step[] {
  const tree = new Slot(`tree of ${request.source}`);
  const target = new Slot(request.destination);
  const calls: Call[] = [
    openTree(AT_FDCWD, request.source, options.recursive, tree),
    ...planAttributes(tree, options, options.recursive),
    ...makeInFresh(request.destination, request.sourceIsDirectory, context),
    openPlace(context.root, request.destination, target),
    moveMount(tree, target, { path: request.destination }),
  ];
  return [
    {
      why: request.why ?? `bind ${request.source} to ${request.destination}`,
      calls: [...calls, ...closeEarly([tree, target], context)],
      fallback: missingTarget(request, request.sourceIsDirectory, context),
      failure: (errno) => describeFailure(request, errno),
    },
  ];
}

function planFileSystem(
  request: MountRequest,
  options: MountOptions,
  context: MountContext,
): Step[] {
  const mount = request.premade ?? new Slot(`${request.type} mount`);
  const target = new Slot(request.destination);
  // Security: /proc and /sys must not be planted elsewhere by a symlink of the image's
  // (CVE-2019-19921).
  const open = PSEUDO_FILE_SYSTEMS.includes(request.type) ? openRealDirectory : openPlace;
  const { destination } = request;
  const calls: Call[] = [
    ...makeInFresh(destination, true, context),
    open(context.root, destination, target),
    ...(request.premade === undefined ? planMaking(request, options, mount, context) : []),
    ...planPropagation(mount, options),
    moveMount(mount, target, { path: destination }),
  ];
  if (request.type === "tmpfs") context.fresh.set(destination, mount);
  return [
    {
      why: request.why ?? `mount ${request.type} on ${request.destination}`,
      calls: [...calls, ...closeEarly([mount, target], context)],
      fallback: missingTarget(request, true, context),
      failure: (errno) => describeFailure(request, errno),
    },
  ];
}

/** A file system that is mounted nowhere yet. */
export function planMaking(
  { type, source, destination }: Pick<MountRequest, "type" | "source" | "destination">,
  options: MountOptions,
  mount: Slot,
  context?: MountContext,
): Call[] {
  const fs = new Slot(type);
  return [
    fsopen(type, fs),
    ...(source === "" ? [] : [fsconfigSet(fs, "source", source)]),
    ...options.data.map((word) => planFsOption(fs, word)),
    fsconfigCreate(fs, { path: destination }),
    fsmount(fs, options.set, mount, { path: destination }),
    ...(context === undefined ? [close(fs)] : closeEarly([fs], context)),
  ];
}

/** `key=value`, or a bare word. */
export function planFsOption(fs: Slot, word: string): Call {
  const equals = word.indexOf("=");
  if (equals < 0) return fsconfigSet(fs, word, null);
  return fsconfigSet(fs, word.slice(0, equals), word.slice(equals + 1));
}

function planAttributes(tree: Slot, options: MountOptions, recursiveBind: boolean): Call[] {
  const calls: Call[] = [];
  const { set, clear, recursiveSet, recursiveClear } = options;
  if (set !== 0 || clear !== 0) {
    calls.push(mountSetattr(tree, false, { set, clear, propagation: 0 }));
  }
  if (recursiveSet !== 0 || recursiveClear !== 0) {
    calls.push(
      mountSetattr(tree, true, { set: recursiveSet, clear: recursiveClear, propagation: 0 }),
    );
  }
  if (options.propagation.length > 0) return [...calls, ...planPropagation(tree, options)];
  const propagation = MS.MS_PRIVATE;
  return [...calls, mountSetattr(tree, recursiveBind, { set: 0, clear: 0, propagation })];
}

/** The propagation that the options name; nothing where they name none. */
export function planPropagation(mount: Slot, options: MountOptions): Call[] {
  const calls: Call[] = [];
  for (const bits of options.propagation) {
    const propagation = bits & ~MS.MS_REC;
    calls.push(mountSetattr(mount, (bits & MS.MS_REC) !== 0, { set: 0, clear: 0, propagation }));
  }
  return calls;
}

/** Makes the target of a mount directly below a file system that was mounted empty before. */
export function makeInFresh(
  destination: string,
  isDirectory: boolean,
  context: MountContext,
): Call[] {
  const slash = destination.lastIndexOf("/");
  const parent = context.fresh.get(destination.slice(0, slash));
  const name = destination.slice(slash + 1);
  if (parent === undefined || name === "" || name === "." || name === "..") return [];
  const options = { path: destination, tolerate: [EEXIST] };
  return [
    isDirectory
      ? mkdirat(parent, name, 0o755, options)
      : mknodat(parent, name, S.S_IFREG | 0o755, 0, options),
  ];
}

function missingTarget(
  request: MountRequest,
  isDirectory: boolean,
  { root }: MountContext,
): NonNullable<Step["fallback"]> {
  const { destination } = request;
  return {
    on: [ENOENT],
    why: `${destination} is missing in the rootfs: make it`,
    get calls() {
      return isDirectory ? makeDirectories(root, destination) : makeFile(root, destination);
    },
  };
}

/** For plans with so many mounts that a limit is in reach. */
export function closeEarly(slots: readonly Slot[], { closesEarly }: MountContext): Call[] {
  return closesEarly ? slots.map((slot) => close(slot)) : [];
}

/** What could not be mounted, as runc says it. */
export function describeFailure({ type, source, destination }: MountRequest, errno: number) {
  const text = `error mounting "${source}" to rootfs at "${destination}"`;
  const isNoFolder = errno === ENOTDIR || errno === ELOOP;
  if (!isNoFolder || !PSEUDO_FILE_SYSTEMS.includes(type)) return text;
  return `${text}: filesystem "${type}" must be mounted on ordinary directory`;
}
