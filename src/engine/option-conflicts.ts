// Options that cannot be had together, with docker's words for it.

import { UserError } from "../errors.ts";
import type { RestartOption, RunOptions } from "./run-options.ts";

/**
 * Returns where no option contradicts another.
 * @throws UserError naming the two
 */
export function refuseConflicts(options: RunOptions): void {
  // Each is looked at only where an option is given: what is not called is not even loaded.
  if (options.hostname !== undefined || options.domainname !== undefined) refuseName(options);
  if (options.cgroupParent !== undefined) refuseCgroupParent(options.cgroupParent);
  if (options.resources.cpus !== undefined) refuseCpuConflicts(options);
  if (options.remove && options.restart !== undefined) refuseRestart(options.restart);
}

function refuseRestart({ kind }: RestartOption): void {
  if (kind === "no") return;
  throw new UserError("conflicting options: cannot specify both --restart and --rm");
}

function refuseName(options: RunOptions): void {
  if (options.uts.kind === "host") {
    throw new UserError(
      "conflicting options: hostname and the UTS mode",
      "leave out --hostname and --domainname, or --uts host",
    );
  }
  if (options.network.kind === "container") {
    throw new UserError(
      "conflicting options: hostname and the network mode",
      "the container whose network is joined has the name already",
    );
  }
}

// Security: a parent with ".." would put the container's limits on a cgroup of somebody else's.
function refuseCgroupParent(parent: string): void {
  if (!parent.split("/").includes("..")) return;
  throw new UserError(`cgroup parent must not contain "..": got ${JSON.stringify(parent)}`);
}

function refuseCpuConflicts({ resources }: RunOptions): void {
  if (resources.cpuPeriodUs !== undefined) {
    throw new UserError("conflicting options: --cpus and --cpu-period cannot both be set");
  }
  if (resources.cpuQuotaUs !== undefined) {
    throw new UserError("conflicting options: --cpus and --cpu-quota cannot both be set");
  }
}
