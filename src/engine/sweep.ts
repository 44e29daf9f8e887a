// Clears what killed processes left: containers whose owner is dead and that no longer run, or
// never came to run. Every command that makes containers does this on the side.

import { readFileSync } from "node:fs";
import type { CgroupManager } from "../../cgroups/manager.ts";
import { kill } from "../../ffi/signal.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import type { ContainerRecord, StateStore } from "./state-store.ts";

const SIGKILL = 9;

/** Clears every abandoned container that does not run. Returns their ids. */
export function sweep(store: StateStore, cgroups: () => CgroupManager): string[] {
  return store.list().filter((id) => clearAbandoned(id, store, cgroups));
}

function clearAbandoned(id: string, store: StateStore, cgroups: () => CgroupManager): boolean {
  using lock = store.lockAbandoned(id);
  if (lock === undefined) return false;
  const record = store.readRecord(id);
  if (record !== undefined && isRunning(record)) return false;
  clear(id, record, store, cgroups());
  return true;
}

/** Whether the user's program still runs, although nobody watches it from outside. */
function isRunning({ status, initPid, initStart }: ContainerRecord): boolean {
  return status === "running" && initPid !== 0 && processStart(initPid) === initStart;
}

function clear(
  id: string,
  record: ContainerRecord | undefined,
  store: StateStore,
  cgroups: CgroupManager,
): void {
  if (record !== undefined) {
    killIfSame(record.initPid, record.initStart);
    killIfSame(record.agentPid, record.agentStart);
    if (record.cgroupsPath !== "") {
      cgroups.kill(record.cgroupsPath, SIGKILL);
      cgroups.remove(record.cgroupsPath);
    }
    store.freeName(record.name);
  }
  store.removeFolder(id);
  for (const name of store.danglingNames()) store.freeName(name);
}

function killIfSame(pid: number, start: string): void {
  if (pid === 0 || processStart(pid) !== start) return;
  try {
    kill(pid, SIGKILL);
  } catch (error) {
    if (!isSyscallError(error, "ESRCH")) throw error;
  }
}

const START_FIELD = 22;

/** When a process started, in clock ticks since boot; "" for one that is gone or a zombie. proc(5) */
export function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const state = fields[0];
    return state === "Z" || state === "X" ? "" : (fields[START_FIELD - 3] ?? "");
  } catch {
    return "";
  }
}
