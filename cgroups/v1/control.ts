// cgroups v1: a hierarchy for each controller or for a few together, and (hybrid) perhaps a unified
// one without controllers beside them, which is left alone. Everything but the planning of limits.

import type { CgroupControl, CgroupJoin } from "../manager.ts";
import {
  cgroupDirectory,
  type CgroupPath,
  type Hierarchy,
  hierarchyOf,
  parseCgroupsPath,
} from "../paths.ts";
import { type Killable, pidsIn, signalAll } from "../processes.ts";
import { refuseController } from "../refusal.ts";
import { removeCgroups } from "../remove.ts";
import { freeze, isFrozen, thaw } from "./freezer.ts";
import { countOomKills, readStats } from "./stats.ts";

export interface Host {
  readonly hierarchies: readonly Hierarchy[];
  /** Whether a unified hierarchy is mounted as well. */
  readonly hybrid: boolean;
  /** That one, where a container is to have a cgroup in it as well. */
  readonly unified?: Hierarchy | undefined;
}

/** The control for a host with these hierarchies. */
export function makeV1Control({ hierarchies, hybrid, unified }: Host): CgroupControl {
  const all = unified === undefined ? hierarchies : [...hierarchies, unified];
  const at = (controller: string, cgroupsPath: string): string =>
    directoryOf(hierarchies, controller, parseCgroupsPath(cgroupsPath));
  const everywhere = (cgroupsPath: string, file = ""): string[] =>
    everyDirectory(hierarchies, parseCgroupsPath(cgroupsPath), file);
  const freezer = (cgroupsPath: string): string =>
    at("freezer", cgroupsPath) || refuseController("pausing", "freezer");
  // What counts as inside: the freezer's view where it is there, since kill freezes first.
  const listed = (cgroupsPath: string): string =>
    at("freezer", cgroupsPath) || at("pids", cgroupsPath) || (everywhere(cgroupsPath)[0] ?? "");
  return {
    mode: hybrid ? "hybrid" : "v1",
    join: (cgroupsPath) =>
      joinAll(
        everywhere(cgroupsPath, "/tasks"),
        unified && cgroupDirectory(unified, parseCgroupsPath(cgroupsPath)),
      ),
    procsFiles: (cgroupsPath) =>
      everyDirectory(all, parseCgroupsPath(cgroupsPath), "/cgroup.procs"),
    mountPoints: () => {
      const directories: string[] = [];
      for (const { directory } of hierarchies) directories.push(directory);
      return directories;
    },
    pids: (cgroupsPath, options) => pidsIn(listed(cgroupsPath), options?.recursive === true),
    freeze: (cgroupsPath) => freeze(freezer(cgroupsPath)),
    thaw: (cgroupsPath) => thaw(freezer(cgroupsPath)),
    freezer: (cgroupsPath) => at("freezer", cgroupsPath),
    isFrozen: (cgroupsPath) => isFrozen(at("freezer", cgroupsPath)),
    kill: (cgroupsPath, signal) =>
      signalAll(
        killable(listed(cgroupsPath), () => freezer(cgroupsPath)),
        signal,
      ),
    stats: (cgroupsPath) => readStats((controller) => at(controller, cgroupsPath)),
    // Start-up: what few ask for is loaded for them.
    details: async (cgroupsPath) =>
      (await import("./details.ts")).readDetails((controller) => at(controller, cgroupsPath)),
    watchOutOfMemory: async (cgroupsPath) =>
      (await import("./out-of-memory.ts")).watchOutOfMemory(
        at("memory", cgroupsPath) || refuseController("waiting for lack of memory", "memory"),
      ),
    oomKills: (cgroupsPath) => countOomKills(at("memory", cgroupsPath)),
    remove: (cgroupsPath) => removeCgroups(everyDirectory(all, parseCgroupsPath(cgroupsPath), "")),
  };
}

/** "" where the controller is not mounted. */
function directoryOf(
  hierarchies: readonly Hierarchy[],
  controller: string,
  path: CgroupPath,
): string {
  const hierarchy = hierarchyOf(hierarchies, controller);
  return hierarchy === undefined ? "" : cgroupDirectory(hierarchy, path);
}

/** `file` of the cgroup in each hierarchy. */
function everyDirectory(
  hierarchies: readonly Hierarchy[],
  path: CgroupPath,
  file: string,
): string[] {
  const paths: string[] = [];
  for (const hierarchy of hierarchies) paths.push(cgroupDirectory(hierarchy, path) + file);
  return paths;
}

/** Without a freezer, `freezer` throws, and the signals go round by round. */
function killable(listed: string, freezer: () => string): Killable {
  return {
    pids: () => pidsIn(listed, true),
    freeze: () => freeze(freezer()),
    thaw: () => thaw(freezer()),
    isFrozen: () => isFrozen(listed),
  };
}

// Kernel: a first write to cgroup.procs after a quiet moment waits for an RCU grace period (7 to
// 9 ms measured): it must stop the threads of another process from changing. A single-threaded
// process that writes "0" to its own `tasks` file skips that lock: 0.1 ms for all hierarchies.
function joinAll(files: readonly string[], bornIn: string | undefined): CgroupJoin {
  if (files.length === 0) return { how: "none" };
  return bornIn === undefined ? { how: "self", files } : { how: "self", files, bornIn };
}
