// The cgroups of a container that is there.

import { detectControl } from "../../../cgroups/detect-control.ts";
import type { CgroupControl } from "../../../cgroups/manager.ts";
import type { OciRecord } from "./store.ts";

/** The cgroups as the container's maker saw them. */
export function cgroupsOf({ ownCgroups }: OciRecord): CgroupControl {
  return detectControl({ own: ownCgroups, withUnified: true });
}
