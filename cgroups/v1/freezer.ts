// The freezer controller. Kernel documentation: admin-guide/cgroup-v1/freezer-subsystem.rst.

import { ETIMEDOUT } from "../../ffi/errno.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";
import { readControlFile, writeControlFile } from "../control-file.ts";
import { waitUntil } from "../wait.ts";

const PATIENCE_MS = 2000;
/** How often a freeze that got stuck is tried afresh. */
const ATTEMPTS = 3;

/** Stops every process. Throws SyscallError ETIMEDOUT, thawed, where one cannot be stopped. */
export function freeze(directory: string): void {
  const path = `${directory}/freezer.state`;
  const isDone = (): boolean => {
    // Race: a process that forks during the freeze can leave the state at FREEZING; writing the
    // wish again makes the kernel look again.
    writeControlFile(path, "FROZEN");
    return readControlFile(path)?.trim() === "FROZEN";
  };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (waitUntil(isDone, PATIENCE_MS / ATTEMPTS)) return;
    thaw(directory);
  }
  throw new SyscallError("write", ETIMEDOUT, { path, detail: '"FROZEN"' });
}

/** Lets every process run. */
export function thaw(directory: string): void {
  writeControlFile(`${directory}/freezer.state`, "THAWED");
}

/**
 * Also where it is only on the way there, or a cgroup above is frozen; of one that is not there yet,
 * whether it would be.
 */
export function isFrozen(directory: string): boolean {
  let at = directory;
  for (;;) {
    const state = readControlFile(`${at}/freezer.state`);
    if (state !== undefined) return state.trim() !== "THAWED";
    const slash = at.lastIndexOf("/");
    if (slash <= 0) return false;
    at = at.slice(0, slash);
  }
}
