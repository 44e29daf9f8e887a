// linux/futex.h: sleeping until another process changes a word of shared memory.

import { EAGAIN, EINTR, ETIMEDOUT } from "./errno.ts";
import { errno, scratch } from "./library.ts";
import { rawSyscall, syscall } from "./syscall.ts";
import { SyscallError } from "./syscall-error.ts";
import { syscallNumber } from "./syscall-numbers.ts";

// Without FUTEX_PRIVATE_FLAG: the word is shared between processes.
const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const TIMESPEC_BYTES = 16;

/**
 * How the wait ended: `woken` (also by a signal, or for no reason: look at the word again),
 * `changed` where the word was not `expected` to begin with, `timed out` after `timeoutMs`.
 * futex(2). Blocks this thread; the bound is not optional, for whoever should wake us may be dead.
 */
export function futex_wait(
  address: number,
  expected: number,
  timeoutMs: number,
): "woken" | "changed" | "timed out" {
  // Start-up: struct timespec by hand, its two fields of 64 bits by their lower halves.
  const timeout = scratch(TIMESPEC_BYTES);
  const words = new Uint32Array(timeout.bytes.buffer, timeout.bytes.byteOffset, TIMESPEC_BYTES / 4);
  words[0] = timeoutMs / 1000;
  words[2] = (timeoutMs % 1000) * 1e6;
  const args = [address, FUTEX_WAIT, expected | 0, timeout.address];
  if (rawSyscall(syscallNumber("futex"), args) !== -1) return "woken";
  const number = errno();
  if (number === EINTR) return "woken";
  if (number === EAGAIN) return "changed";
  if (number === ETIMEDOUT) return "timed out";
  throw new SyscallError("futex", number, { detail: "FUTEX_WAIT" });
}

/** How many of the waiters were woken, `count` at most. futex(2) */
export function futex_wake(address: number, count: number): number {
  return syscall("futex", [address, FUTEX_WAKE, count], { detail: "FUTEX_WAKE" });
}
