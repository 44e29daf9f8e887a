// Builders of Call values, one for each system call that plans use, with the kernel's own names and
// parameter order. Nothing happens here: see call.ts.

import { AddressOf, type Argument, type Call, Slot, type StringArray, Struct } from "./call.ts";
import {
  AT_FDCWD,
  CLONE,
  CLOSE_RANGE_CLOEXEC,
  FSCONFIG,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  formatFlags,
  KEYCTL_JOIN_SESSION_KEYRING,
  MOUNT_ATTR,
  MOVE_MOUNT,
  MS,
  O,
  OPEN_TREE,
  PR,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  RESOLVE,
  SECCOMP_SET_MODE_FILTER,
} from "./constants.ts";

export { AT_FDCWD };

/** A descriptor: a number known beforehand, or the result of an earlier call. */
export type FdArgument = number | Slot;

/** What may be said about any call besides its arguments. */
export type CallOptions = Omit<Call, "name" | "args">;

function call(name: Call["name"], args: readonly Argument[], options?: CallOptions): Call {
  return options === undefined ? { name, args } : { name, args, ...options };
}

/** A struct of 32-bit little-endian words, which is what nearly all of the kernel's are made of. */
function words(values: readonly number[], describe: () => string): Struct {
  return new Struct(new Uint8Array(new Int32Array(values).buffer), describe);
}

// --- files ---

const OPEN_HOW_BYTES = 24;

function openHow(flags: number, mode: number, resolve: number): Struct {
  const describe = () =>
    `{flags=${formatFlags(O, flags)}, mode=0${mode.toString(8)}, resolve=${formatFlags(RESOLVE, resolve)}}`;
  return words([flags, 0, mode, 0, resolve, 0], describe);
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
    how = openHow(flags | O.O_CLOEXEC, 0, RESOLVE.RESOLVE_IN_ROOT | RESOLVE.RESOLVE_NO_MAGICLINKS);
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

function utf8Length(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return new TextEncoder().encode(text).length;
  }
  return text.length;
}

/** dup3(2) */
export const dup3 = (from: FdArgument, to: number, flags: number): Call =>
  call("dup3", [from, to, flags]);

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

// --- mounts ---

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

// --- namespaces and processes ---

/** unshare(2) */
export const unshare = (flags: number): Call => call("unshare", [flags]);

/** setns(2) */
export const setns = (fd: FdArgument, flags: number, options?: CallOptions): Call =>
  call("setns", [fd, flags], options);

/**
 * clone(2) with a new stack page of its own (copy on write): the child serves control page
 * `childPage`, `flags` carries the signal that the parent gets at its end.
 */
export const clone = (flags: number, childPage: number, into: Slot): Call =>
  call("clone", [flags, null, null, null, null], { childPage, into });

const CLONE_ARGS_BYTES = 88;
const CLONE_ARGS_EXIT_SIGNAL_OFFSET = 32;
const CLONE_ARGS_CGROUP_OFFSET = 80;
const CLONE_INTO_CGROUP_HIGH_BIT = 2; // 1 << 33

/**
 * clone3(2) straight into the cgroup at `cgroupPath`: no move afterwards, and so no wait for the
 * kernel's lock of all fork()s (Linux 5.7).
 */
export function cloneIntoCgroup(
  flags: number,
  exitSignal: number,
  cgroupPath: string,
  childPage: number,
  into: Slot,
): Call[] {
  const args = new Int32Array(CLONE_ARGS_BYTES / 4);
  args[0] = flags;
  args[1] = CLONE_INTO_CGROUP_HIGH_BIT;
  args[CLONE_ARGS_EXIT_SIGNAL_OFFSET / 4] = exitSignal;
  const text = `{flags=${formatFlags(CLONE, flags)}|CLONE_INTO_CGROUP, cgroup=…}`;
  const slot = new Slot(text, CLONE_ARGS_BYTES, new Uint8Array(args.buffer));
  return [
    openat(AT_FDCWD, cgroupPath, O.O_PATH | O.O_DIRECTORY, {
      into: slot,
      intoOffset: CLONE_ARGS_CGROUP_OFFSET,
    }),
    call("clone3", [new AddressOf(slot), CLONE_ARGS_BYTES], { childPage, into, path: cgroupPath }),
  ];
}

/** setsid(2) */
export const setsid = (options?: CallOptions): Call => call("setsid", [], options);

/** getppid(2) */
export const getppid = (into: Slot): Call => call("getppid", [], { into });

/** getpid(2) */
export const getpid = (into: Slot): Call => call("getpid", [], { into });

const POLLFD_EVENTS_OFFSET = 4;
const F_GETFD = 1;
const TIMESPEC_BYTES = 16;

/**
 * Makes a struct pollfd of 16 bytes that asks for the end of the process `pid`, the caller itself or
 * another. pidfd_open(2)
 */
export const watchProcess = (pid: Slot, into: Slot): readonly Call[] => [
  call("pidfd_open", [pid, 0], { into }),
  // The events that are asked for: FD_CLOEXEC, which every pidfd has, is the same 1 as POLLIN.
  call("fcntl", [into, F_GETFD], { into, intoOffset: POLLFD_EVENTS_OFFSET }),
];

/** How many of one pollfd are ready, without waiting. ppoll(2) */
export const pollOnce = (pollfd: Slot, into: Slot): Call =>
  call(
    "ppoll",
    [
      new AddressOf(pollfd),
      1,
      new Struct(new Uint8Array(TIMESPEC_BYTES), () => "{tv_sec=0, tv_nsec=0}"),
      null,
      8,
    ],
    { into },
  );

/** exit_group(2); of a slot, the lowest byte. */
export const exitGroup = (status: number | Slot): Call => call("exit_group", [status]);

/** sethostname(2) */
export const sethostname = (name: string): Call =>
  call("sethostname", [name, utf8Length(name)], { path: name });

/** setdomainname(2) */
export const setdomainname = (name: string): Call =>
  call("setdomainname", [name, utf8Length(name)], { path: name });

/** execve(2) */
export const execve = (
  path: string,
  argv: StringArray,
  envp: StringArray,
  options?: CallOptions,
): Call => call("execve", [path, argv, envp], { path, ...options });

/** close_range(2): closes, or marks close-on-exec, every descriptor from `first` on. */
export const closeRange = (first: number, closeOnExec: boolean): Call =>
  call("close_range", [first, -1, closeOnExec ? CLOSE_RANGE_CLOEXEC : 0]);

/** waitid(2); the kernel fills `info` (128 bytes). */
export const waitid = (idType: number, id: number | Slot, info: Slot, options: number): Call =>
  call("waitid", [idType, id, new AddressOf(info), options, null]);

const FUTEX_CMP_REQUEUE = 4;

/** Fails with EAGAIN unless the low half of `slot` holds `expected`: the page's only comparison. */
export const compareSlot = (slot: Slot, expected: number | Slot, options?: CallOptions): Call =>
  call(
    "futex",
    [new AddressOf(slot), FUTEX_CMP_REQUEUE, 0, 0, new AddressOf(new Slot("nobody")), expected],
    options,
  );

// --- identity and limits ---

/** prctl(2) */
export const prctl = (operation: number, argument: Argument, options?: CallOptions): Call =>
  call("prctl", [operation, argument, 0, 0, 0], options);

/** prctl(PR_CAP_AMBIENT, …) */
export const ambientClear = (): Call =>
  call("prctl", [PR.PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0]);
export const ambientRaise = (capability: number): Call =>
  call("prctl", [PR.PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0]);

const CAPABILITY_VERSION_3 = 0x20080522;

/** A set of capabilities: the low and the high half of its 64 bits. */
export interface CapabilityBits {
  readonly low: number;
  readonly high: number;
}

/** capset(2) of this process. */
export function capset(
  effective: CapabilityBits,
  permitted: CapabilityBits,
  inheritable: CapabilityBits,
): Call {
  const header = words([CAPABILITY_VERSION_3, 0], () => "{_LINUX_CAPABILITY_VERSION_3, 0}");
  const hex = ({ low, high }: CapabilityBits) =>
    `0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, "0")}`;
  const data = words(
    [
      effective.low,
      permitted.low,
      inheritable.low,
      effective.high,
      permitted.high,
      inheritable.high,
    ],
    () =>
      `{effective=${hex(effective)}, permitted=${hex(permitted)}, inheritable=${hex(inheritable)}}`,
  );
  return call("capset", [header, data]);
}

/** setgroups(2) */
export function setgroups(groups: readonly number[], options?: CallOptions): Call {
  const list = words(groups.length === 0 ? [0] : groups, () => `[${groups.join(", ")}]`);
  return call("setgroups", [groups.length, list], options);
}

/** setresuid(2) and setresgid(2) with one id for all three. */
export const setresuid = (uid: number): Call => call("setresuid", [uid | 0, uid | 0, uid | 0]);
export const setresgid = (gid: number): Call => call("setresgid", [gid | 0, gid | 0, gid | 0]);

/** prlimit(2) of this process. Infinity is RLIM_INFINITY. */
export function setrlimit(
  resource: number,
  name: string,
  soft: number,
  hard: number,
  options?: CallOptions,
): Call {
  const show = (limit: number) => (limit === Infinity ? "RLIM_INFINITY" : String(limit));
  const limits = words(
    [lowWord(soft), highWord(soft), lowWord(hard), highWord(hard)],
    () => `{soft=${show(soft)}, hard=${show(hard)}}`,
  );
  return call("prlimit64", [0, resource, limits, null], {
    path: `${name}=${show(soft)}:${show(hard)}`,
    ...options,
  });
}

const lowWord = (limit: number): number => (limit === Infinity ? -1 : limit | 0);
const highWord = (limit: number): number => (limit === Infinity ? -1 : (limit / 2 ** 32) | 0);

/** keyctl(KEYCTL_JOIN_SESSION_KEYRING) */
export const joinSessionKeyring = (name: string, options?: CallOptions): Call =>
  call("keyctl", [KEYCTL_JOIN_SESSION_KEYRING, name], options);

/** seccomp(SECCOMP_SET_MODE_FILTER) of a compiled program. */
export function seccompFilter(program: Uint8Array, flags: number, options?: CallOptions): Call {
  const instructions = program.length / 8;
  const description = new Uint8Array(new Int32Array([instructions, 0, 0, 0]).buffer);
  const filter = new Struct(description, () => `{${instructions} BPF instructions}`, [
    { offset: 8, to: program },
  ]);
  return call("seccomp", [SECCOMP_SET_MODE_FILTER, flags, filter], options);
}

/** socket(2) */
export const socket = (family: number, type: number, protocol: number, into: Slot): Call =>
  call("socket", [family, type, protocol], { into });
