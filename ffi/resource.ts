// sys/resource.h: resource limits. RLIM_INFINITY is Infinity here.

import { formatValue, RLIMIT } from "./constants.ts";
import { scratch } from "./library.ts";
import { observed } from "./observe.ts";
import { RLIMIT64 } from "./struct-tables.ts";
import { structReader, writeStruct } from "./structs.ts";
import { syscall } from "./syscall.ts";

/** What a limit counts depends on the resource: bytes, files, processes, seconds. */
export interface ResourceLimit {
  readonly soft: number;
  readonly hard: number;
}

const RLIM_INFINITY = 2 ** 64;

const toKernel = (limit: number) => (limit === Number.POSITIVE_INFINITY ? -1 : limit);
// A number near 2^64 is rounded up to it, so that "all bits" reads as 2^64.
const fromKernel = (limit: number) => (limit >= RLIM_INFINITY ? Number.POSITIVE_INFINITY : limit);

/**
 * The limit of process `pid` (0: this one) from before, with `limit` in its place where one is
 * given. prlimit(2); EINVAL for soft above hard, EPERM for a raised hard limit.
 */
export function prlimit(pid: number, resource: number, limit?: ResourceLimit): ResourceLimit {
  const before = scratch(RLIMIT64.byteLength);
  const after = scratch(RLIMIT64.byteLength);
  if (limit !== undefined) {
    const { soft, hard } = limit;
    writeStruct(RLIMIT64, after.bytes, { rlim_cur: toKernel(soft), rlim_max: toKernel(hard) });
  }
  const args = [pid, resource, limit === undefined ? 0 : after.address, before.address];
  syscall("prlimit64", args, () => ({ detail: describe(resource, limit) }));
  const read = structReader(RLIMIT64, before.bytes);
  const found = { soft: fromKernel(read("rlim_cur")), hard: fromKernel(read("rlim_max")) };
  observed("limit", String(resource), `${found.soft}:${found.hard}`);
  return found;
}

function describe(resource: number, limit: ResourceLimit | undefined): string {
  const name = formatValue(RLIMIT, resource);
  return limit === undefined ? name : `${name}=${limit.soft}:${limit.hard}`;
}
