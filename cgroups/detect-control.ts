// Which cgroups this host has, for whoever has no limits to plan. Start-up: the planners are half of
// what there is to load.

import { type CgroupChoice, lookAtHost, type Makers } from "./host.ts";
import type { CgroupControl } from "./manager.ts";
import { makeNone } from "./none.ts";
import { makeV1Control } from "./v1/control.ts";
import { makeV2Control } from "./v2/control.ts";

const MAKERS: Makers<CgroupControl> = { v1: makeV1Control, v2: makeV2Control, none: makeNone };

/** The control that fits this host. */
export function detectControl(choice: CgroupChoice = {}): CgroupControl {
  return lookAtHost(MAKERS, choice);
}
