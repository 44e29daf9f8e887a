// Which cgroups this host has, with the planning of limits.

import { type CgroupChoice, lookAtHost, lookAtMounts, type Makers } from "./host.ts";
import type { CgroupManager } from "./manager.ts";
import type { CgroupMount } from "./mounts.ts";
import { makeNone } from "./none.ts";
import { makeV1 } from "./v1/manager.ts";
import { makeV2 } from "./v2/manager.ts";

export type { CgroupChoice } from "./host.ts";

const MAKERS: Makers<CgroupManager> = { v1: makeV1, v2: makeV2, none: makeNone };

/** The manager that fits this host. */
export function detectCgroups(choice: CgroupChoice = {}): CgroupManager {
  return lookAtHost(MAKERS, choice);
}

/** The manager for a host with these mounts. */
export function managerFor(
  mounts: readonly CgroupMount[],
  choice: CgroupChoice = {},
): CgroupManager {
  return lookAtMounts(mounts, MAKERS, choice);
}
