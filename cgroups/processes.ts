// The processes of a cgroup: listing them, and signalling all of them however fast they fork.

import { listDirectory } from "../ffi/files.ts";
import { kill } from "../ffi/signal.ts";
import { isSyscallError } from "../ffi/syscall-error.ts";
import { readControlFile } from "./control-file.ts";

const SIGKILL = 9;
/** Rounds of signalling where nothing can be frozen. */
const MAX_ROUNDS = 200;

/** Child cgroups of `directory`, as full paths; none where it does not exist. */
export function childCgroups(directory: string): string[] {
  const children: string[] = [];
  for (const { name, isDirectory } of listDirectory(directory) ?? []) {
    if (isDirectory) children.push(`${directory}/${name}`);
  }
  return children;
}

/** The pids in the cgroup at `directory`, and in those below it where `recursive`. */
export function pidsIn(directory: string, recursive: boolean): number[] {
  const pids = ownPids(directory);
  if (recursive) for (const child of childCgroups(directory)) pids.push(...pidsIn(child, true));
  return pids;
}

function ownPids(directory: string): number[] {
  try {
    const lines = (readControlFile(`${directory}/cgroup.procs`) ?? "").split("\n");
    // Security: a process outside our pid namespace reads as 0, and kill(0, …) would hit ourselves.
    return lines.map(Number).filter((pid) => pid > 0);
  } catch (error) {
    // Kernel: a threaded cgroup does not list processes; the domain above it does.
    if (isSyscallError(error, "EOPNOTSUPP")) return [];
    throw error;
  }
}

/** What signalling a whole cgroup needs; `freeze` may throw where there is nothing to freeze by. */
export interface Killable {
  pids(): number[];
  freeze(): void;
  thaw(): void;
  isFrozen(): boolean;
}

/**
 * Freezes, signals, thaws: nothing forks in between, and no pid is taken by another process. A
 * cgroup that was paused stays so, unless the signal is SIGKILL, which needs it to run to die.
 */
export function signalAll(cgroup: Killable, signal: number): void {
  if (cgroup.pids().length === 0) return;
  const wasFrozen = cgroup.isFrozen();
  if (!wasFrozen && !canFreeze(cgroup)) return signalInRounds(cgroup, signal);
  try {
    for (const pid of cgroup.pids()) signalOne(pid, signal);
  } finally {
    if (!wasFrozen || signal === SIGKILL) cgroup.thaw();
  }
}

function canFreeze(cgroup: Killable): boolean {
  try {
    cgroup.freeze();
    return true;
  } catch {
    // No freezer, or a process that cannot be stopped: the rounds do what can be done.
    return false;
  }
}

/** Race: children appear while we signal their parents, so until a round finds nobody new. */
function signalInRounds(cgroup: Killable, signal: number): void {
  const seen = new Set<number>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const fresh = cgroup.pids().filter((pid) => !seen.has(pid));
    if (fresh.length === 0) return;
    for (const pid of fresh) {
      seen.add(pid);
      signalOne(pid, signal);
    }
  }
}

function signalOne(pid: number, signal: number): void {
  if (pid === process.pid) return;
  try {
    kill(pid, signal);
  } catch (error) {
    if (!isSyscallError(error, "ESRCH")) throw error;
  }
}
