// Passing signals on to another process without JavaScript: a handler of a few instructions sends
// each signal it gets to a pidfd. As the target is a pidfd, no process that happens to get the same
// pid later is ever hit.

import { CODE_ARM64, CODE_X64, PIDFD_OFFSET } from "./forward-signals-code.ts";
import { O } from "./constants.ts";
import { check } from "./library.ts";
import { pidfd_open } from "./signal.ts";
import { rawCall } from "./syscall.ts";
import { type HandlerCode, makeHandler, prepareHandler } from "./signal-handler.ts";

const FIRST_REALTIME = 35;
const LAST_REALTIME = 64;

// SIGHUP SIGINT SIGQUIT SIGUSR1 SIGUSR2 SIGALRM SIGTERM SIGSTKFLT SIGCONT SIGVTALRM SIGPROF
// SIGWINCH SIGIO. Not among them: what is about children, pipes, job control, or faults.
const FORWARDED = [1, 2, 3, 10, 12, 14, 15, 16, 18, 26, 27, 28, 29];

/** From now on every signal that can be passed on goes to `pidfd`, until the process ends. */
export function forwardSignals(pidfd: number): void {
  prepareForwarding(pidfd)();
}

export interface Forwarder {
  /** Tells whom the signals are for. Throws SyscallError ESRCH where there is no such process. */
  aim(pid: number): void;
  /** From now on they go there, until this process ends. */
  begin(): void;
}

/**
 * All that can be made before the process is there. The handler is for a descriptor that this process has
 * already, of which the pidfd then takes the place.
 */
export function prepareForwarder(): Forwarder {
  const place = pidfd_open(process.pid).release();
  const begin = prepareForwarding(place);
  const aim = (pid: number): void => {
    using pidfd = pidfd_open(pid);
    check(rawCall("dup3", pidfd.number, place, O.O_CLOEXEC), "dup3");
  };
  return { aim, begin };
}

/** The signals that are passed on. */
export function listForwarded(): number[] {
  const signals: number[] = [];
  for (const signal of FORWARDED) signals.push(signal);
  for (let signal = FIRST_REALTIME; signal <= LAST_REALTIME; signal++) signals.push(signal);
  return signals;
}

/** Starts to forward when it is called, with little left to do by then. */
export const prepareForwarding = (pidfd: number): (() => void) =>
  prepareHandler(listForwarded(), makeHandler(forwarder(), pidfd));

function forwarder(): HandlerCode {
  return process.arch === "arm64"
    ? { code: CODE_ARM64, fdOffset: PIDFD_OFFSET.arm64 }
    : { code: CODE_X64, fdOffset: PIDFD_OFFSET.x64 };
}
