// A cheap "no" to the question whether a process is frozen, which is what it nearly always is.

import { fileType } from "../ffi/files.ts";

/** Where v1's freezer is, unless it shares a hierarchy with others or is mounted elsewhere. */
const FREEZER = "/sys/fs/cgroup/freezer/cgroup.procs";

/**
 * False only where the process is certainly in no frozen cgroup.
 * @param state the letter of /proc/PID/stat
 *
 * Kernel: a process that v1's freezer has stopped shows as D, uninterruptible; one of v2 as S.
 */
export function mayBeFrozen(state: string): boolean {
  return (state !== "S" && state !== "R") || fileType(FREEZER) === 0;
}
