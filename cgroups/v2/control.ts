// cgroups v2: one hierarchy for everything. All but the planning of limits.

import { writeControlFile } from "../control-file.ts";
import type { CgroupControl } from "../manager.ts";
import { cgroupDirectory, type Hierarchy, parseCgroupsPath } from "../paths.ts";
import { pidsIn, signalAll } from "../processes.ts";
import { removeCgroups } from "../remove.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { freeze, isFrozen, thaw } from "./freezer.ts";
import { countOomKills, readStats } from "./stats.ts";

const SIGKILL = 9;

/** The control for this hierarchy. */
export function makeV2Control(hierarchy: Hierarchy): CgroupControl {
  const at = (cgroupsPath: string): string =>
    cgroupDirectory(hierarchy, parseCgroupsPath(cgroupsPath));
  return {
    mode: "v2",
    // Kernel: since 5.7. The process is born in its cgroup: no move, no lock, no wait.
    join: (cgroupsPath) => ({ how: "clone-into", directory: at(cgroupsPath) }),
    procsFiles: (cgroupsPath) => [`${at(cgroupsPath)}/cgroup.procs`],
    mountPoints: () => [hierarchy.directory],
    pids: (cgroupsPath, options) => pidsIn(at(cgroupsPath), options?.recursive === true),
    freeze: (cgroupsPath) => freeze(at(cgroupsPath)),
    thaw: (cgroupsPath) => thaw(at(cgroupsPath)),
    freezer: at,
    isFrozen: (cgroupsPath) => isFrozen(at(cgroupsPath)),
    kill: (cgroupsPath, signal) => killAll(at(cgroupsPath), signal),
    stats: (cgroupsPath) => readStats(at(cgroupsPath)),
    // Start-up: what few ask for is loaded for them.
    details: async (cgroupsPath) => (await import("./details.ts")).readDetails(at(cgroupsPath)),
    watchOutOfMemory: async (cgroupsPath) =>
      (await import("./out-of-memory.ts")).watchOutOfMemory(at(cgroupsPath)),
    oomKills: (cgroupsPath) => countOomKills(at(cgroupsPath)),
    remove: (cgroupsPath) => removeCgroups([at(cgroupsPath)]),
  };
}

/** Kernel: cgroup.kill (since 5.14) kills frozen processes and those being forked as well. */
function killAll(directory: string, signal: number): void {
  if (signal === SIGKILL && killAtOnce(directory)) return;
  const cgroup = {
    pids: () => pidsIn(directory, true),
    freeze: () => freeze(directory),
    thaw: () => thaw(directory),
    isFrozen: () => isFrozen(directory),
  };
  signalAll(cgroup, signal);
}

function killAtOnce(directory: string): boolean {
  try {
    writeControlFile(`${directory}/cgroup.kill`, "1");
    return true;
  } catch (error) {
    // An older kernel, a threaded cgroup, or no such cgroup: the long way finds out.
    if (isSyscallError(error, "ENOENT", "EOPNOTSUPP")) return false;
    throw error;
  }
}
