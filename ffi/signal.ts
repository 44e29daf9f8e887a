// signal.h: signals by name, sending them, and processes as descriptors.
//
// There is no signalfd here: a signal for the process goes to any thread that does not block it,
// and the engine's own threads block none.

import { Fd } from "./fd.ts";
import { check, library, scratch } from "./library.ts";
import { rawCall, syscall } from "./syscall.ts";

const signalH = library({
  sigprocmask: ["i32", "i32", "pointer", "pointer"],
  sigaction: ["i32", "i32", "pointer", "pointer"],
});

// asm-generic/signal.h, in the order of the numbers from 1.
const NAMES =
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS";
const ALIASES = new Map([
  ["IOT", 6],
  ["CLD", 17],
  ["POLL", 29],
]);
const SIGRTMIN = 34;
const SIGRTMAX = 64;

let names: string[] | undefined;

function signalNames(): readonly string[] {
  return (names ??= NAMES.split(" "));
}

/** `SIGKILL` for 9, `SIGRTMIN+1` for 35, `signal 99` for what has no name. */
export function signalName(signal: number): string {
  const name = signalNames()[signal - 1];
  if (name !== undefined) return `SIG${name}`;
  if (signal < SIGRTMIN || signal > SIGRTMAX) return `signal ${signal}`;
  return signal === SIGRTMIN ? "SIGRTMIN" : `SIGRTMIN+${signal - SIGRTMIN}`;
}

/** 9 for `SIGKILL`, `kill` and `9`; real-time ones as `RTMIN+1`, `RTMAX-2`; undefined for others. */
export function signalNumber(text: string): number | undefined {
  if (/^[0-9]{1,2}$/.test(text)) return inRange(Number(text), 1);
  const name = text.toUpperCase().replace(/^SIG/, "");
  const number = signalNames().indexOf(name) + 1;
  return number > 0 ? number : (ALIASES.get(name) ?? realTimeSignal(name));
}

function realTimeSignal(name: string): number | undefined {
  const match = /^RT(MIN(?:\+([0-9]{1,2}))?|MAX(?:-([0-9]{1,2}))?)$/.exec(name);
  if (match === null) return undefined;
  const [, base = "", above = "0", below = "0"] = match;
  const signal = base.startsWith("MIN") ? SIGRTMIN + Number(above) : SIGRTMAX - Number(below);
  return inRange(signal, SIGRTMIN);
}

function inRange(signal: number, lowest: number): number | undefined {
  return signal >= lowest && signal <= SIGRTMAX ? signal : undefined;
}

/** Sends `signal` to process `pid` (negative: a process group); 0 only asks. kill(2) */
export function kill(pid: number, signal: number): void {
  const context = () => ({ detail: `pid ${pid}, ${signalName(signal)}` });
  check(rawCall("kill", pid, signal), "kill", context);
}

/** A descriptor for process `pid`, which stays that process's. pidfd_open(2), 5.3 */
export function pidfd_open(pid: number): Fd {
  return new Fd(syscall("pidfd_open", [pid, 0], { detail: `pid ${pid}` }));
}

/** Sends `signal` to the process behind `pidfd`; ESRCH once it was waited for. 5.1 */
export function pidfd_send_signal(pidfd: number, signal: number): void {
  const context = () => ({ detail: signalName(signal) });
  syscall("pidfd_send_signal", [pidfd, signal, 0, 0], context);
}

/** A copy of descriptor `fd` of the process behind `pidfd`. pidfd_getfd(2), 5.6 */
export function pidfd_getfd(pidfd: number, fd: number): Fd {
  return new Fd(syscall("pidfd_getfd", [pidfd, fd, 0], { detail: `fd ${fd}` }));
}

export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

/** libc's sigset_t; the kernel uses 64 bits of it. */
const SIGSET_BYTES = 128;

/** The signals this thread blocked before. sigprocmask(2); `how` is one of SIG_BLOCK and so on. */
export function sigprocmask(how: number, signals: readonly number[]): number[] {
  const set = scratch(SIGSET_BYTES);
  const before = scratch(SIGSET_BYTES);
  for (const signal of signals) {
    const index = (signal - 1) >> 3;
    set.bytes[index] = (set.bytes[index] ?? 0) | (1 << ((signal - 1) & 7));
  }
  check(signalH().sigprocmask(how, set.address, before.address), "sigprocmask");
  const isSet = (signal: number) =>
    ((before.bytes[(signal - 1) >> 3] ?? 0) & (1 << ((signal - 1) & 7))) !== 0;
  return Array.from({ length: SIGRTMAX }, (_, i) => i + 1).filter(isSet);
}

/** More than any libc's struct sigaction (152 bytes); its first field is the handler. */
const SIGACTION_BYTES = 256;
const SIG_IGN = 1n;

/** Ignores `signals`, until unignoreSignals(). sigaction(2) */
export function ignoreSignals(signals: readonly number[]): void {
  const action = scratch(SIGACTION_BYTES);
  new DataView(action.bytes.buffer, action.bytes.byteOffset).setBigUint64(0, SIG_IGN, true);
  for (const signal of signals) {
    const result = signalH().sigaction(signal, action.address, 0);
    check(result, "sigaction", () => ({ detail: signalName(signal) }));
  }
}

/**
 * The signals that were ignored and now have their default action. To be called before execve():
 * handlers end with it, but what is ignored (SIGPIPE, by every engine) would stay so for good.
 */
export function unignoreSignals(): number[] {
  const changed: number[] = [];
  const defaultAction = scratch(SIGACTION_BYTES).address;
  const current = scratch(SIGACTION_BYTES);
  const handler = new DataView(current.bytes.buffer, current.bytes.byteOffset);
  for (let signal = 1; signal <= SIGRTMAX; signal++) {
    // libc keeps signals 32 and 33 to itself and refuses to speak of them.
    if (signalH().sigaction(signal, 0, current.address) === -1) continue;
    if (handler.getBigUint64(0, true) !== SIG_IGN) continue;
    const result = signalH().sigaction(signal, defaultAction, 0);
    check(result, "sigaction", () => ({ detail: signalName(signal) }));
    changed.push(signal);
  }
  return changed;
}
