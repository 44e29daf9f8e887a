// How a container is, from what is on disk and what the kernel says.

import { mayBeFrozen } from "../../../cgroups/may-be-frozen.ts";
import type { Status } from "../../oci/state.ts";
import { isAtGate } from "./gate.ts";
import { initState, type OciRecord } from "./store.ts";

/** The status, a zombie counting as stopped. */
export async function statusOf(record: OciRecord, folder: string): Promise<Status> {
  const state = initState(record);
  if (state === undefined) {
    // Killed in the middle, or still at it; either way there is no process.
    return record.status === "creating" && record.initPid === 0 ? "creating" : "stopped";
  }
  if (record.status === "creating") return "creating";
  // Start-up: looking at the cgroups takes as long as everything else here.
  if (mayBeFrozen(state) && (await isPaused(record))) return "paused";
  return isAtGate(folder) ? "created" : "running";
}

async function isPaused(record: OciRecord): Promise<boolean> {
  if (record.cgroupsPath === "") return false;
  const { cgroupsOf } = await import("./cgroups-of.ts");
  return cgroupsOf(record).isFrozen(record.cgroupsPath);
}
