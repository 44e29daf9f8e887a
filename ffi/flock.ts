// sys/file.h: locks on whole files. They belong to the open file, not to the process: they end
// with its last descriptor, however the process dies.

import { EINTR } from "./errno.ts";
import { errno } from "./library.ts";
import { rawSyscall } from "./syscall.ts";
import { syscallNumber } from "./syscall-numbers.ts";
import { isSyscallError, SyscallError } from "./syscall-error.ts";

export const LOCK = { LOCK_SH: 1, LOCK_EX: 2, LOCK_NB: 4, LOCK_UN: 8 } as const;

/** Takes, changes or gives back a lock. flock(2), again after EINTR; EAGAIN with LOCK_NB. */
export function flock(fd: number, operation: number, path?: string): void {
  while (rawSyscall(syscallNumber("flock"), [fd, operation]) === -1) {
    const number = errno();
    if (number === EINTR) continue;
    throw new SyscallError("flock", number, path === undefined ? {} : { path });
  }
}

/** Whether the lock could be had at once: false where another holds it. */
export function tryFlock(fd: number, operation: number, path?: string): boolean {
  try {
    flock(fd, operation | LOCK.LOCK_NB, path);
    return true;
  } catch (error) {
    if (isSyscallError(error, "EAGAIN")) return false;
    throw error;
  }
}
