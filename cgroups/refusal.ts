// The one place where cgroups/ reaches up: the class of a wrong request, which has no imports itself.

import { UserError } from "../src/errors.ts";

/** Throws a UserError: what was asked for cannot be had here, and what to do about it. */
export function refuse(message: string, hint?: string): never {
  throw new UserError(message, hint);
}

/** Refuses a limit whose controller this host does not have (or does not hand down). */
export function refuseController(what: string, controller: string): never {
  return refuse(
    `${what} needs the cgroup controller "${controller}", which is not available here`,
    "see /proc/cgroups and the mounts below /sys/fs/cgroup, or leave the limit out",
  );
}
