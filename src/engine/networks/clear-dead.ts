// What is in a container's way may be a dead one's.

import { detectCgroups } from "../../../cgroups/detect.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { sweep } from "../sweep.ts";
import type { NetworkStore } from "./network-store.ts";
import { sweepNetworks } from "./tear-down.ts";

/** Gives back what containers have of networks whose processes are gone. */
export function clearDead(networks: NetworkStore): void {
  // Order: what a container has is its own until it is cleared itself.
  sweep(new StateStore(runFolder(process.env)), detectCgroups);
  sweepNetworks(networks);
}
