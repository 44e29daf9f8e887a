// What bunker asks of cgroups, whatever version of them the host has. Implementations: v1/ (which
// serves hybrid hosts as well), v2/, and none.ts. detect.ts picks the one that fits the host.

import type { CgroupDetails, OutOfMemoryWatch } from "./details.ts";
import type { Resources } from "./resources.ts";
import type { CgroupStep } from "./steps.ts";

/** How the container's init gets into its cgroup. */
export type CgroupJoin =
  /**
   * The process, single-threaded, writes "0" to each file itself. `bornIn`, where there is one, is
   * its cgroup in the unified hierarchy beside those: a process can be born there (clone3 with
   * CLONE_INTO_CGROUP) without the long wait that a write to cgroup.procs is. `mayMiss`: a file that
   * is not there is passed over.
   */
  | {
      readonly how: "self";
      readonly files: readonly string[];
      readonly bornIn?: string;
      readonly mayMiss?: boolean;
    }
  /** It is born there: clone3(2) with CLONE_INTO_CGROUP and this directory's fd. */
  | { readonly how: "clone-into"; readonly directory: string }
  | { readonly how: "none" };

/**
 * `cgroupsPath` is the one of config.json: absolute means below the hierarchy's root (that of our
 * cgroup namespace), relative means below our own cgroup. `..` never leads out of either.
 */
export interface CgroupControl {
  readonly mode: "v1" | "v2" | "hybrid" | "none";
  join(cgroupsPath: string): CgroupJoin;
  /** Where a pid is written to move that process in from outside. */
  procsFiles(cgroupsPath: string): string[];
  /**
   * Where the hierarchies are mounted, in the order of procsFiles(), whose last one may have none:
   * the unified one of a hybrid host is not shown to containers.
   */
  mountPoints(): string[];
  /** The processes inside, as pids of our pid namespace; empty where there is no such cgroup. */
  pids(cgroupsPath: string, options?: { readonly recursive?: boolean }): number[];
  /** Throws SyscallError ETIMEDOUT, thawed again, where the kernel cannot stop every process. */
  freeze(cgroupsPath: string): void;
  thaw(cgroupsPath: string): void;
  /** The folder by which they are stopped; "" where nothing can stop them. */
  freezer(cgroupsPath: string): string;
  /** Also true for a cgroup below a frozen one: whoever joins that would hang. */
  isFrozen(cgroupsPath: string): boolean;
  /** Sends `signal` (a number) to everything inside, however fast it forks. */
  kill(cgroupsPath: string, signal: number): void;
  stats(cgroupsPath: string): CgroupStats;
  /** What is counted besides stats(). */
  details(cgroupsPath: string): Promise<CgroupDetails>;
  /** Throws SyscallError ENOENT where there is no such cgroup, UserError where nothing can wake. */
  watchOutOfMemory(cgroupsPath: string): Promise<OutOfMemoryWatch>;
  /** How often the OOM killer struck in the cgroup and below. */
  oomKills(cgroupsPath: string): number;
  /** Removes the cgroup, children first. Throws SyscallError telling what is left, and why. */
  remove(cgroupsPath: string): void;
}

/** Control, and the planning of limits: apart, as most verbs of a runtime have nothing to plan. */
export interface CgroupManager extends CgroupControl {
  /** What makes the cgroup and limits it. Pure. Throws UserError for what cannot be had here. */
  planCreate(cgroupsPath: string, resources: Resources): CgroupStep[];
  /** What changes the limits of a cgroup that exists; reads its present ones for the order. */
  planUpdate(cgroupsPath: string, resources: Resources): CgroupStep[];
  /** What of `resources` has no counterpart here and is left out: a line each, for a warning. */
  ignored(resources: Resources): string[];
}

/** Zero where a controller is not there; null where nothing is limited or counted. */
export interface CgroupStats {
  readonly memory: MemoryStats;
  readonly cpu: CpuStats;
  readonly pids: { readonly current: number; readonly limit: number | null };
  readonly io: readonly DeviceIo[];
}

export interface MemoryStats {
  /** Page cache included; docker shows it less `inactiveFileBytes`. */
  readonly usageBytes: number;
  readonly limitBytes: number | null;
  readonly peakBytes: number | null;
  readonly swapBytes: number | null;
  readonly inactiveFileBytes: number;
  /** How often the limit was hit. */
  readonly limitHits: number;
  /** memory.stat as the kernel gives it. */
  readonly details: Readonly<Record<string, number>>;
}

export interface CpuStats {
  readonly totalNs: number;
  readonly userNs: number;
  readonly systemNs: number;
  /** Empty where the kernel does not count them. */
  readonly perCpuNs: readonly number[];
  readonly periods: number;
  readonly throttledPeriods: number;
  readonly throttledNs: number;
}

export interface DeviceIo {
  /** "major:minor" */
  readonly device: string;
  readonly readBytes: number;
  readonly writeBytes: number;
  readonly reads: number;
  readonly writes: number;
}
