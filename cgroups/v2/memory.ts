// The memory controller. Kernel documentation: admin-guide/cgroup-v2.rst, "Memory".

import { readNumber } from "../control-file.ts";
import { refuse } from "../refusal.ts";
import type { MemoryResources } from "../resources.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** Whether anything is asked that the controller has to do. */
export function limitsMemory(memory: MemoryResources): boolean {
  return Boolean(memory.limit || memory.swap || memory.reservation);
}

/** The writes for `memory`. Throws UserError for a limit of swap that makes no sense. */
export function planMemory(directory: string, memory: MemoryResources): CgroupStep[] {
  const steps: CgroupStep[] = [];
  const swap = swapOnly(memory);
  // Order: the swap first, so that what no longer fits into memory has where to go, or has not.
  if (swap !== undefined) {
    const path = `${directory}/memory.swap.max`;
    steps.push(writeStep(path, orMax(swap), "swap, without memory", { optional: true }));
  }
  if (memory.limit) {
    steps.push(writeStep(`${directory}/memory.max`, orMax(memory.limit), "the limit of memory"));
  }
  if (memory.reservation) {
    const path = `${directory}/memory.low`;
    steps.push(writeStep(path, orMax(memory.reservation), "what memory is reclaimed last"));
  }
  return steps;
}

function orMax(limit: number): string {
  return limit < 0 ? "max" : String(limit);
}

/** The specification counts memory and swap together, the kernel counts swap alone. */
function swapOnly({ limit = 0, swap = 0 }: MemoryResources): number | undefined {
  if (swap === 0) return limit === -1 ? -1 : undefined;
  if (swap < 0) return -1;
  if (limit <= 0) {
    refuse(`memory+swap limit needs a memory limit: got ${swap}`, "set the memory limit as well");
  }
  if (swap < limit) {
    refuse(`memory+swap limit must be at least the memory limit: got ${swap} below ${limit}`);
  }
  return swap - limit;
}

/** A limit of memory and swap alone is one on top of the limit of memory that there is. */
export function withPresentLimit(directory: string, memory: MemoryResources): MemoryResources {
  if ((memory.swap ?? 0) <= 0 || memory.limit) return memory;
  const limit = readNumber(`${directory}/memory.max`);
  return limit === null ? memory : { ...memory, limit };
}

/**
 * Throws UserError where a new limit, asked for with checkBeforeUpdate, is below what is in use.
 * Kernel: memory.max takes it, and kills.
 */
export function checkUsage(directory: string, memory: MemoryResources): void {
  const { limit = 0, swap = 0, checkBeforeUpdate = false } = memory;
  if (!checkBeforeUpdate) return;
  const usage = readNumber(`${directory}/memory.current`) ?? 0;
  const swapUsage = swap > 0 ? (readNumber(`${directory}/memory.swap.current`) ?? 0) : 0;
  refuseBelow("memory+swap limit", swap, usage + swapUsage);
  refuseBelow("memory limit", limit, usage);
}

function refuseBelow(what: string, limit: number, usage: number): void {
  if (limit <= 0 || usage <= limit) return;
  refuse(`rejecting ${what} ${limit}: ${usage} bytes are in use`);
}
