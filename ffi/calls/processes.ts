// Calls that make namespaces and processes, and wait for them, as values. Nothing happens here: see ../call.ts.

import { AddressOf, type Call, Slot, type StringArray, Struct } from "../call.ts";
import { AT_FDCWD, CLONE, CLOSE_RANGE_CLOEXEC, O, formatFlags } from "../constants.ts";
import { call, utf8Length, type CallOptions, type FdArgument } from "./make.ts";
import { openat } from "./files.ts";

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

/** close_range(2): closes, or marks close-on-exec, every descriptor from `first` to `last`. */
export const closeRange = (first: number, closeOnExec: boolean, last = -1): Call =>
  call("close_range", [first, last, closeOnExec ? CLOSE_RANGE_CLOEXEC : 0]);

const SA_RESTORER = 0x0400_0000;

/**
 * rt_sigaction(2): `signal` runs the native function at `handler`, which must not return: it is its
 * own restorer.
 */
export const handleSignal = (signal: number, handler: number, text: string): Call => {
  const words = new BigUint64Array([BigInt(handler), BigInt(SA_RESTORER), BigInt(handler), 0n]);
  const action = new Struct(new Uint8Array(words.buffer), () => `{${text}}`);
  return call("rt_sigaction", [signal, action, null, 8]);
};

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

const FUTEX_WAIT = 0;

/** Waits as long as `slot` is zero, until who fills it wakes; EAGAIN where it is not. futex(2) */
export const awaitSlot = (slot: Slot, options?: CallOptions): Call =>
  call("futex", [new AddressOf(slot), FUTEX_WAIT, 0, null], options);

const FUTEX_WAKE = 1;

/** Lets the parent know, which waits for `slot` to change. futex(2) */
export const wakeParent = (slot: Slot, options?: CallOptions): Call =>
  call("futex", [new AddressOf(slot), FUTEX_WAKE, 1], options);
