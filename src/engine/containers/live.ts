// How a kept container is, now: what is written of it, checked against the processes that are there.

import { detectControl } from "../../../cgroups/detect-control.ts";
import type { CgroupControl } from "../../../cgroups/manager.ts";
import { isSameProcess } from "../../../ffi/agent/alive.ts";
import { fileType } from "../../../ffi/files.ts";
import { GATE_FILE } from "../oci/gate.ts";
import { runFolder } from "../run-folder.ts";
import { type ContainerRecord, StateStore } from "../state-store.ts";
import { findRecord, stateFolder } from "./running-record.ts";
import { awaitExit } from "./await-exit.ts";
import { UNKNOWN_EXIT } from "./exit-file.ts";
import { type KeptContainer, type KeptStatus, type KeptStore, NEVER_STARTED } from "./kept.ts";

/** docker's words. */
export type LiveStatus = "created" | "running" | "paused" | "restarting" | "exited" | "removing";

export interface LiveContainer {
  readonly container: KeptContainer;
  readonly kept: KeptStatus;
  readonly status: LiveStatus;
  /** Where its processes are, as long as it runs. */
  readonly record?: ContainerRecord;
}

/**
 * Looks at a container, and takes care of one that nobody takes care of any more: its guardian, or
 * whoever was to start it again, was killed. Start-up: what that needs is loaded for those only.
 * @param cgroups asked for only where it runs
 */
export async function lookAfter(
  container: KeptContainer,
  store: KeptStore,
  cgroups?: () => CgroupControl,
): Promise<LiveContainer> {
  const live = lookAt(container, store, cgroups);
  const { kept, status, record } = live;
  if (!store.isKept(container.id)) return live;
  if (record !== undefined) {
    if (isGuarded(record)) return live;
    return { ...live, record: (await import("./adopt.ts")).adopt(container, record, store) };
  }
  const hasJustEnded = kept.status === "running" && status === "exited";
  if (hasJustEnded || (status === "restarting" && !isAwaited(kept))) {
    (await import("./take-over.ts")).takeOver(container.id, kept);
  }
  if (kept.status !== "running" && hasGate(container.id)) await clearUnstarted(container, store);
  return live;
}

/** Whether its guardian is there, and its program was let go. */
const isGuarded = ({ id, agentPid, agentStart }: ContainerRecord): boolean =>
  isSameProcess(agentPid, agentStart) && !hasGate(id);

function hasGate(id: string): boolean {
  const folder = stateFolder(id);
  return fileType(`${folder}/${GATE_FILE}`) !== 0;
}

/** Where whoever started it was killed before that was written down: its program was never let go. */
async function clearUnstarted(container: KeptContainer, store: KeptStore): Promise<void> {
  using lock = store.tryLock(container.id);
  if (lock !== undefined) await (await import("./finish.ts")).finish(container, store);
}

/** Whether someone is still there to start it again. */
export function isAwaited({ restarter }: KeptStatus): boolean {
  return restarter !== undefined && isSameProcess(restarter.pid, restarter.start);
}

/** Looks at a container, and leaves it as it is. @param cgroups asked for only where it runs */
export function lookAt(
  container: KeptContainer,
  store: KeptStore,
  cgroups: () => CgroupControl = detectControl,
): LiveContainer {
  const kept = store.isKept(container.id)
    ? store.readStatus(container.id)
    : inForeground(container);
  if (kept.status !== "running") return { container, kept, status: kept.status };
  const record = findRecord(container.id);
  if (record === undefined) return lookAtEnded(container, kept, store, cgroups);
  const isPaused = record.cgroupsPath !== "" && cgroups().isFrozen(record.cgroupsPath);
  return { container, kept, status: isPaused ? "paused" : "running", record };
}

/** It ran when that was written down last, and has ended since. */
function lookAtEnded(
  container: KeptContainer,
  kept: KeptStatus,
  store: KeptStore,
  cgroups: () => CgroupControl,
): LiveContainer {
  const { id } = container;
  const states = new StateStore(runFolder(process.env));
  const record = states.readRecord(id);
  const exit = awaitExit(states.containerFolder(id), record);
  const now = store.readStatus(id);
  // Race: it has been cleared up meanwhile, or started again.
  const isSame = now.status === "running" && now.startedMs === kept.startedMs;
  if (!isSame && store.isKept(id)) return lookAt(container, store, cgroups);
  const ended = { exitCode: exit?.code ?? UNKNOWN_EXIT, finishedMs: exit?.timeMs ?? Date.now() };
  return { container, kept: { ...kept, ...ended }, status: "exited" };
}

/** One that is not kept is there because it runs. */
function inForeground({ createdMs }: KeptContainer): KeptStatus {
  return { ...NEVER_STARTED, status: "running", startedMs: createdMs };
}
