// Options that cannot be had together, with docker's words for it.

import { UserError } from "../errors.ts";
import type { RunOptions } from "./run-options.ts";

/**
 * Returns where no option contradicts another.
 * @throws UserError naming the two
 */
export function refuseConflicts(options: RunOptions): void {
  const named = options.hostname !== undefined || options.domainname !== undefined;
  if (named && options.uts.kind === "host") {
    throw new UserError(
      "conflicting options: hostname and the UTS mode",
      "leave out --hostname and --domainname, or --uts host",
    );
  }
  if (named && options.network.kind === "container") {
    throw new UserError(
      "conflicting options: hostname and the network mode",
      "the container whose network is joined has the name already",
    );
  }
  refuseCgroupParent(options.cgroupParent);
  refuseResourceConflicts(options);
}

// Security: a parent with ".." would put the container's limits on a cgroup of somebody else's.
function refuseCgroupParent(parent: string | undefined): void {
  if (parent === undefined || !parent.split("/").includes("..")) return;
  throw new UserError(`cgroup parent must not contain "..": got ${JSON.stringify(parent)}`);
}

function refuseResourceConflicts({ resources }: RunOptions): void {
  if (resources.cpus === undefined) return;
  if (resources.cpuPeriodUs !== undefined) {
    throw new UserError("conflicting options: --cpus and --cpu-period cannot both be set");
  }
  if (resources.cpuQuotaUs !== undefined) {
    throw new UserError("conflicting options: --cpus and --cpu-quota cannot both be set");
  }
}
