// The resource limits of the container's process. man 2 setrlimit.

import { RLIM_INFINITY, type Rlimit } from "../oci/spec.ts";
import type { SpecFacts } from "./host-facts.ts";
import type { Limit, UlimitOption } from "./run-options.ts";

/** What select(2) can stand; whoever needs more raises it up to the hard limit. */
const DEFAULT_NOFILE = 1024;

/**
 * The limits asked for, and one on open files. Without CAP_SYS_RESOURCE nobody can raise a hard limit:
 * what is beyond ours becomes ours, and a warning says so.
 */
export function makeRlimits(
  ulimits: readonly UlimitOption[],
  facts: SpecFacts,
  warnings: string[],
): Rlimit[] {
  const bound = !facts.capabilities.includes("CAP_SYS_RESOURCE");
  const rlimits: Rlimit[] = [];
  let nofile = false;
  for (const ulimit of ulimits) {
    const ours = bound ? facts.hardLimits[ulimit.type] : undefined;
    rlimits.push(makeRlimit(ulimit, toNumber(ours ?? "unlimited"), warnings));
    if (ulimit.type === "RLIMIT_NOFILE") nofile = true;
  }
  if (!nofile) addNofile(rlimits, facts);
  return rlimits;
}

function makeRlimit(ulimit: UlimitOption, ours: number, warnings: string[]): Rlimit {
  const { type } = ulimit;
  const hard = toNumber(ulimit.hard);
  const soft = toNumber(ulimit.soft);
  if (hard > ours)
    warnings.push(`${type} is limited to ${ours}: raising it needs CAP_SYS_RESOURCE`);
  return { type, hard: hard < ours ? hard : ours, soft: soft < ours ? soft : ours };
}

function addNofile(rlimits: Rlimit[], facts: SpecFacts): void {
  const ours = facts.hardLimits.RLIMIT_NOFILE;
  if (ours === undefined) return;
  const hard = toNumber(ours);
  rlimits.push({
    type: "RLIMIT_NOFILE",
    hard,
    soft: hard < DEFAULT_NOFILE ? hard : DEFAULT_NOFILE,
  });
}

function toNumber(limit: Limit): number {
  return limit === "unlimited" ? RLIM_INFINITY : limit;
}
