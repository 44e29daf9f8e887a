// How a container is, from what is on disk and what the kernel says.

import { detectCgroups } from "../../../cgroups/detect.ts";
import type { CgroupManager } from "../../../cgroups/manager.ts";
import type { Status } from "../../oci/state.ts";
import { isAtGate } from "./gate.ts";
import { isAlive, type OciRecord } from "./store.ts";

/** The status, a zombie counting as stopped. */
export function statusOf(record: OciRecord, folder: string): Status {
  if (!isAlive(record)) {
    // Killed in the middle, or still at it; either way there is no process.
    return record.status === "creating" && record.initPid === 0 ? "creating" : "stopped";
  }
  if (record.status === "creating") return "creating";
  if (isPaused(record)) return "paused";
  return isAtGate(folder) ? "created" : "running";
}

/** The cgroup manager as it saw the container's cgroup when that was made. */
export function cgroupsOf({ ownCgroups }: OciRecord): CgroupManager {
  return detectCgroups(ownCgroups);
}

function isPaused(record: OciRecord): boolean {
  return record.cgroupsPath !== "" && cgroupsOf(record).isFrozen(record.cgroupsPath);
}
