// The cgroups of a container that is there.

import { detectCgroups } from "../../../cgroups/detect.ts";
import type { CgroupManager } from "../../../cgroups/manager.ts";
import type { OciRecord } from "./store.ts";

/** The cgroup manager as it saw the container's cgroup when that was made. */
export function cgroupsOf({ ownCgroups }: OciRecord): CgroupManager {
  return detectCgroups({ own: ownCgroups, withUnified: true });
}
