// A cheap "no" to the question whether a process is frozen, which is what it nearly always is.

import { FILE_SYSTEM_MAGIC, statfs } from "../ffi/statfs.ts";
import { isSyscallError } from "../ffi/syscall-error.ts";

/** Where cgroups are mounted, one hierarchy or several below it. */
export const USUAL_MOUNT = "/sys/fs/cgroup";

/**
 * False only where the process is certainly in no frozen cgroup.
 * @param state the letter of /proc/PID/stat
 *
 * Kernel: a process that v1's freezer has stopped shows as D, uninterruptible; one of v2 as S.
 */
export function mayBeFrozen(state: string): boolean {
  return (state !== "S" && state !== "R") || isUnified();
}

/** Whether the usual place is that of one hierarchy. */
export function isUnified(): boolean {
  try {
    return statfs(USUAL_MOUNT).magic === FILE_SYSTEM_MAGIC.cgroup2;
  } catch (error) {
    if (isSyscallError(error)) return false;
    throw error;
  }
}
