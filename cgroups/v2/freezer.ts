// Freezing, since Linux 5.2. Kernel documentation: admin-guide/cgroup-v2.rst, "cgroup.freeze".

import { ETIMEDOUT } from "../../ffi/errno.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";
import { readControlFile, readKeyed, writeControlFile } from "../control-file.ts";
import { waitUntil } from "../wait.ts";

const PATIENCE_MS = 2000;
const THAW_PATIENCE_MS = 200;

/** Stops every process. Throws SyscallError ETIMEDOUT, thawed, where one cannot be stopped. */
export function freeze(directory: string): void {
  const path = `${directory}/cgroup.freeze`;
  writeControlFile(path, "1");
  const isDone = (): boolean => isStopped(directory);
  if (waitUntil(isDone, PATIENCE_MS)) return;
  thaw(directory);
  throw new SyscallError("write", ETIMEDOUT, { path, detail: '"1"' });
}

/** Lets every process run, unless a cgroup above is frozen. */
export function thaw(directory: string): void {
  writeControlFile(`${directory}/cgroup.freeze`, "0");
  // Race: processes leave the freezer one by one; who asks next should not find it still frozen.
  waitUntil(() => !isStopped(directory), THAW_PATIENCE_MS);
}

/**
 * Also where it is only on the way there, or a cgroup above is frozen; of one that is not there yet,
 * whether it would be.
 */
export function isFrozen(directory: string): boolean {
  let at = directory;
  for (;;) {
    const asked = readControlFile(`${at}/cgroup.freeze`);
    if (asked !== undefined) return asked.trim() === "1" || isStopped(at);
    const slash = at.lastIndexOf("/");
    if (slash <= 0) return false;
    at = at.slice(0, slash);
  }
}

function isStopped(directory: string): boolean {
  return readKeyed(`${directory}/cgroup.events`)["frozen"] === 1;
}
