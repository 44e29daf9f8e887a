// What both versions are asked for in the same files and words, and what is checked before it becomes
// part of a path or line.

import { refuse } from "./refusal.ts";
import type { BlockIoResources, CpuResources, RdmaLimit } from "./resources.ts";
import { type CgroupStep, writeStep } from "./steps.ts";

/** The number of processes and threads; a negative limit is none, 0 leaves it. */
export function planPids(directory: string, limit: number): CgroupStep[] {
  if (limit === 0) return [];
  const value = limit < 0 ? "max" : limit;
  return [writeStep(`${directory}/pids.max`, value, "how many processes and threads there may be")];
}

/** The writes for the cpus and memory nodes that the cgroup may use. */
export function planCpuset(directory: string, cpu: CpuResources): CgroupStep[] {
  const steps: CgroupStep[] = [];
  if (cpu.cpus) steps.push(writeStep(`${directory}/cpuset.cpus`, cpu.cpus, "the cpus it may use"));
  if (cpu.mems) {
    steps.push(writeStep(`${directory}/cpuset.mems`, cpu.mems, "the memory nodes it may use"));
  }
  return steps;
}

/** Handles and objects of each RDMA device. */
export function planRdma(
  directory: string,
  devices: Readonly<Record<string, RdmaLimit>>,
): CgroupStep[] {
  return Object.entries(devices).map(([device, limit]) =>
    writeStep(`${directory}/rdma.max`, formatRdmaLimit(device, limit), "RDMA handles and objects"),
  );
}

/** `mlx5_0 hca_handle=2 hca_object=2000`, with what is given. Throws UserError. */
function formatRdmaLimit(device: string, limit: RdmaLimit): string {
  if (device === "" || /\s/.test(device)) {
    refuse(`RDMA device must be a name without spaces: got "${device}"`);
  }
  const parts = [device];
  if (limit.hcaHandles !== undefined) parts.push(`hca_handle=${limit.hcaHandles}`);
  if (limit.hcaObjects !== undefined) parts.push(`hca_object=${limit.hcaObjects}`);
  return parts.join(" ");
}

/**
 * `pageSize` itself. Security: it becomes part of a file's name, so nothing but a size passes.
 * Throws UserError.
 */
export function checkPageSize(pageSize: string): string {
  if (/^[1-9][0-9]*[KMG]B$/.test(pageSize)) return pageSize;
  return refuse(`huge page size must be like 2MB or 1GB: got "${pageSize}"`);
}

/** Whether anything is asked of the controller of block I/O. */
export function limitsIo(io: BlockIoResources): boolean {
  for (const value of Object.values(io)) {
    if (Array.isArray(value) ? value.length > 0 : Boolean(value)) return true;
  }
  return false;
}

/** What is said where a weight had to be left out. */
export const NO_WEIGHT = "block I/O weight is left out: this kernel has no scheduler for it";

/** The weight itself. Throws UserError where it is out of range. */
export function checkWeight(weight: number): number {
  if (weight >= 10 && weight <= 1000) return weight;
  return refuse(`block I/O weight must be from 10 to 1000: got ${weight}`);
}
