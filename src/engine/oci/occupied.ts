// A cgroup that is there before its container: it may be used, but not where somebody is in it, and
// never where it is frozen.

import { UserError } from "../../errors.ts";
import type { PreparedBundle } from "./prepare.ts";

/**
 * Kernel: who joins a frozen v1 cgroup hangs, out of reach of any signal, until it is thawed.
 * @throws UserError in runc's words
 */
export function checkOccupied({ cgroups, cgroupsPath }: PreparedBundle): void {
  if (cgroups.isFrozen(cgroupsPath)) {
    throw refusal("container's cgroup unexpectedly frozen", "thaw it, or name another cgroupsPath");
  }
  const { length } = cgroups.pids(cgroupsPath, { recursive: true });
  if (length === 0) return;
  const message = `container's cgroup is not empty: ${length} process(es) found`;
  throw refusal(message, "name another cgroupsPath");
}

const refusal = (message: string, hint: string): UserError => new UserError(message, hint, 1);
