// Passing signals on to another process without JavaScript: a handler of a few instructions sends
// each signal it gets to a pidfd. As the target is a pidfd, no process that happens to get the same
// pid later is ever hit.

import { CODE_ARM64, CODE_X64, PIDFD_OFFSET } from "./forward-signals-code.ts";
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

/** Starts to forward when it is called, with little left to do by then. */
export function prepareForwarding(pidfd: number): () => void {
  const signals: number[] = [];
  for (const signal of FORWARDED) signals.push(signal);
  for (let signal = FIRST_REALTIME; signal <= LAST_REALTIME; signal++) signals.push(signal);
  return prepareHandler(signals, makeHandler(forwarder(), pidfd));
}

function forwarder(): HandlerCode {
  return process.arch === "arm64"
    ? { code: CODE_ARM64, fdOffset: PIDFD_OFFSET.arm64 }
    : { code: CODE_X64, fdOffset: PIDFD_OFFSET.x64 };
}
