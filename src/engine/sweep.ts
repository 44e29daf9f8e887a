// Clears what killed processes left: containers whose owner is dead and that no longer run, or
// never came to run. Every command that makes containers does this on the side.

import type { CgroupManager } from "../../cgroups/manager.ts";
import { fileType } from "../../ffi/files.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";
import { killIfSame } from "./containers/wait-for.ts";
import { CGROUP_PREFIX } from "./cgroup-prefix.ts";
import { tellOf } from "./events/tell.ts";
import type { ContainerRecord, StateStore } from "./state-store.ts";

const SIGKILL = 9;
/** As containers/exit-file.ts has it. */
const UNKNOWN_EXIT = "255";

/** Clears every abandoned container that does not run. Returns their ids. */
export function sweep(store: StateStore, cgroups: () => CgroupManager): string[] {
  const cleared: string[] = [];
  for (const id of store.list()) if (tryClear(id, store, cgroups)) cleared.push(id);
  return cleared;
}

/** What cannot be cleared now is left to the next command: it is no failure of this one. */
function tryClear(id: string, store: StateStore, cgroups: () => CgroupManager): boolean {
  try {
    return clearAbandoned(id, store, cgroups);
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

function clearAbandoned(id: string, store: StateStore, cgroups: () => CgroupManager): boolean {
  using lock = store.lockAbandoned(id);
  if (lock === undefined) return false;
  if (!store.isLost(id)) return false;
  clear(id, store.readRecord(id), store, cgroups());
  return true;
}

function clear(
  id: string,
  record: ContainerRecord | undefined,
  store: StateStore,
  cgroups: CgroupManager,
): void {
  if (record === undefined) {
    // Killed before it had written a record: then there is no cgroup but the usual one, if any.
    clearCgroup(`/${CGROUP_PREFIX}${id}`, cgroups);
  } else {
    killIfSame(record.initPid, record.initStart);
    killIfSame(record.agentPid, record.agentStart);
    if (record.cgroupsPath !== "") clearCgroup(record.cgroupsPath, cgroups);
    store.freeNameOf(id, record.name);
  }
  const wasTold =
    record?.status !== "running" || fileType(`${store.containerFolder(id)}/config.json`) === 0;
  store.removeFolder(id);
  if (!wasTold) tellLost(record);
  for (const name of store.danglingNames()) store.freeName(name);
}

/** Its end is known to nobody, and told late. Where its agent has told of it, config.json is gone. */
function tellLost({ id, name }: ContainerRecord): void {
  tellOf("container", "die", id, { exitCode: UNKNOWN_EXIT, name });
  tellOf("container", "destroy", id, { name });
}

function clearCgroup(cgroupsPath: string, cgroups: CgroupManager): void {
  cgroups.kill(cgroupsPath, SIGKILL);
  cgroups.remove(cgroupsPath);
}
