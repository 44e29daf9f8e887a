// On which cpus a process may run. Pure. sched_setaffinity(2)

import { type Step, Struct } from "../../ffi/call.ts";
import { UserError } from "../errors.ts";

const CPUS_MAX = 1024;
const BYTES = CPUS_MAX / 8;

/** Kernel: a mask is cut to what the cgroup has. */
export function planAnyCpu(): Step {
  const all = new Struct(new Uint8Array(BYTES).fill(0xff), () => "{all}");
  return {
    why: "any cpu of the cgroup: what its maker is confined to is not the container's business",
    calls: [{ name: "sched_setaffinity", args: [0, BYTES, all], tolerate: "any" }],
  };
}

/** @param cpus a list such as `0-3,7` */
export function planAffinity(cpus: string, why: string): Step {
  const mask = new Struct(parseCpuMask(cpus), () => `{${cpus}}`);
  return { why, calls: [{ name: "sched_setaffinity", args: [0, BYTES, mask] }] };
}

/** The list as a number, in the notation of taskset(1): `0x3`. */
export function formatCpuMask(cpus: string): string {
  let mask = 0n;
  parseCpuMask(cpus).forEach((byte, index) => {
    mask |= BigInt(byte) << BigInt(8 * index);
  });
  return `0x${mask.toString(16)}`;
}

/** @throws UserError for what is no list of cpus */
function parseCpuMask(cpus: string): Uint8Array {
  const mask = new Uint8Array(BYTES);
  for (const part of cpus.split(",")) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
    const first = Number(range?.[1] ?? -1);
    const last = Number(range?.[2] ?? first);
    if (range === null || last < first || last >= CPUS_MAX) {
      throw new UserError(`invalid CPU affinity: must be a list such as 0-3,7: got "${cpus}"`);
    }
    for (let cpu = first; cpu <= last; cpu++)
      mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  }
  return mask;
}
