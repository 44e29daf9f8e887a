// The end of processes of a container, waited for and brought about by their pidfds: no polling, no race
// with a new process of the same number.

import { isSameProcess } from "../../../ffi/agent/alive.ts";
import { poll, POLL } from "../../../ffi/poll.ts";
import { pidfd_open, pidfd_send_signal } from "../../../ffi/signal.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import type { Fd } from "../../../ffi/fd.ts";

/** A process that was there when it was recorded; undefined where it has ended. */
export function openProcess(pid: number, start: string): Fd | undefined {
  if (pid === 0) return undefined;
  try {
    const pidfd = pidfd_open(pid);
    if (isSameProcess(pid, start)) return pidfd;
    pidfd[Symbol.dispose]();
    return undefined;
  } catch (error) {
    if (isSyscallError(error, "ESRCH")) return undefined;
    throw error;
  }
}

const SIGKILL = 9;

/** One that has ended meanwhile is no failure. */
export function killProcess(process: Fd): void {
  try {
    pidfd_send_signal(process.number, SIGKILL);
  } catch (error) {
    if (!isSyscallError(error, "ESRCH")) throw error;
  }
}

/** Where it is the process that was recorded. */
export function killIfSame(pid: number, start: string): void {
  using found = openProcess(pid, start);
  if (found !== undefined) killProcess(found);
}

/** Whether it has ended within the time; -1 waits for ever. Blocks. */
export function waitForEnd(process: Fd | undefined, timeoutMs: number): boolean {
  if (process === undefined) return true;
  return poll([{ fd: process.number, events: POLL.POLLIN }], timeoutMs)[0] !== 0;
}
