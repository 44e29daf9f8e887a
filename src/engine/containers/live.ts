// How a kept container is, now: what is written of it, checked against the processes that are there.

import type { CgroupManager } from "../../../cgroups/manager.ts";
import { detectCgroups } from "../../../cgroups/detect.ts";
import { fileType } from "../../../ffi/files.ts";
import { GATE_FILE } from "../oci/gate.ts";
import { runFolder } from "../run-folder.ts";
import { type ContainerRecord, StateStore } from "../state-store.ts";
import { adopt } from "./adopt.ts";
import { awaitExit } from "./await-exit.ts";
import { UNKNOWN_EXIT } from "./exit-file.ts";
import { finish, isRunning } from "./finish.ts";
import { type KeptContainer, type KeptStatus, KeptStore, NEVER_STARTED } from "./kept.ts";
import { takeOver } from "./take-over.ts";

/** docker's words. */
export type LiveStatus = "created" | "running" | "paused" | "restarting" | "exited" | "removing";

export interface LiveContainer {
  readonly container: KeptContainer;
  readonly kept: KeptStatus;
  readonly status: LiveStatus;
  /** Where its processes are, as long as it runs. */
  readonly record?: ContainerRecord;
}

/** Looks at a container. @param cgroups asked for only where it runs */
export function lookAt(
  container: KeptContainer,
  store: KeptStore,
  cgroups: () => CgroupManager = detectCgroups,
): LiveContainer {
  const kept = store.isKept(container.id)
    ? store.readStatus(container.id)
    : inForeground(container);
  if (kept.status === "restarting") takeOver(container.id, kept);
  if (kept.status !== "running") {
    clearUnstarted(container, store);
    return { container, kept, status: kept.status };
  }
  const found = findRecord(container.id);
  const record = found && store.isKept(container.id) ? adopt(container, found, store) : found;
  if (record === undefined) return lookAtEnded(container, kept, store, cgroups);
  const isPaused = record.cgroupsPath !== "" && cgroups().isFrozen(record.cgroupsPath);
  return { container, kept, status: isPaused ? "paused" : "running", record };
}

/** Where whoever started it was killed before that was written down: its program was never let go. */
function clearUnstarted(container: KeptContainer, store: KeptStore): void {
  const folder = new StateStore(runFolder(process.env)).containerFolder(container.id);
  if (fileType(`${folder}/${GATE_FILE}`) === 0) return;
  using lock = store.tryLock(container.id);
  if (lock !== undefined) finish(container, store);
}

/** It ran when that was written down last, and has ended since. */
function lookAtEnded(
  container: KeptContainer,
  kept: KeptStatus,
  store: KeptStore,
  cgroups: () => CgroupManager,
): LiveContainer {
  const { id } = container;
  const states = new StateStore(runFolder(process.env));
  const record = states.readRecord(id);
  const exit = awaitExit(states.containerFolder(id), record);
  const now = store.readStatus(id);
  // Race: it has been cleared up meanwhile, or started again.
  const isSame = now.status === "running" && now.startedMs === kept.startedMs;
  if (!isSame && store.isKept(id)) return lookAt(container, store, cgroups);
  takeOver(id, kept);
  const ended = { exitCode: exit?.code ?? UNKNOWN_EXIT, finishedMs: exit?.timeMs ?? Date.now() };
  return { container, kept: { ...kept, ...ended }, status: "exited" };
}

/** One that is not kept is there because it runs. */
function inForeground({ createdMs }: KeptContainer): KeptStatus {
  return { ...NEVER_STARTED, status: "running", startedMs: createdMs };
}

/** The record of a container whose init process is there. */
export function findRecord(id: string): ContainerRecord | undefined {
  const record = new StateStore(runFolder(process.env)).readRecord(id);
  return isRunning(record) ? record : undefined;
}
