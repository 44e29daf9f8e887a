// Removing cgroups: children first, with patience for processes that are still dying, and a clear
// word about what is left.

import { EBUSY, ENOENT, ENOTDIR } from "../ffi/errno.ts";
import { tryRemoveDirectory } from "../ffi/files.ts";
import { SyscallError } from "../ffi/syscall-error.ts";
import { childCgroups, pidsIn } from "./processes.ts";
import { waitUntil } from "./wait.ts";

/** A process that was killed leaves its cgroup a little later; under load, much later. */
const PATIENCE_MS = 5000;

/**
 * Removes each directory with everything below it; one that is not there is no matter. Goes on
 * after a failure. Throws SyscallError for the first that is left, naming the others.
 */
export function removeCgroups(directories: readonly string[], patienceMs = PATIENCE_MS): void {
  const refused: SyscallError[] = [];
  let left = removeOnce(directories, refused);
  if (left.length > 0) {
    waitUntil(() => (left = removeOnce(left, refused)).length === 0, patienceMs);
  }
  if (left.length > 0) throw stillBusy(left);
  if (refused[0] !== undefined) throw refused[0];
}

/** The directories that were busy; what fails in another way is added to `refused`. */
function removeOnce(directories: readonly string[], refused: SyscallError[]): string[] {
  const busy: string[] = [];
  for (const directory of directories) {
    const failure = tryRemove(directory);
    if (failure?.code === "EBUSY") busy.push(directory);
    else if (failure !== undefined) refused.push(failure);
  }
  return busy;
}

/** Undefined once it is gone; else why it is not. */
function tryRemove(directory: string): SyscallError | undefined {
  const failure = rmdir(directory);
  if (failure?.code !== "EBUSY") return failure;
  // It has processes or children, and the kernel does not say which.
  for (const child of childCgroups(directory)) {
    const inner = tryRemove(child);
    if (inner !== undefined) return inner;
  }
  return rmdir(directory);
}

function rmdir(directory: string): SyscallError | undefined {
  const failure = tryRemoveDirectory(directory);
  // ENOTDIR: below a file there is no cgroup either.
  if (failure === 0 || failure === ENOENT || failure === ENOTDIR) return undefined;
  return new SyscallError("rmdir", failure, { path: directory });
}

function stillBusy(left: readonly string[]): SyscallError {
  const [first = "", ...others] = left;
  const pids = pidsIn(first, true);
  const inside =
    pids.length === 0 ? "no process is listed inside" : `still inside: ${pids.join(" ")}`;
  const also = others.length === 0 ? "" : `; also left: ${others.join(", ")}`;
  return new SyscallError("rmdir", EBUSY, { path: first, detail: inside + also });
}
