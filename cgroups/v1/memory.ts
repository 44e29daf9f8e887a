// The memory controller. Kernel documentation: admin-guide/cgroup-v1/memory.rst.

import { refuse } from "../refusal.ts";
import type { MemoryResources } from "../resources.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** Whether anything is asked that the controller has to do. */
export function limitsMemory(memory: MemoryResources): boolean {
  return (
    Boolean(memory.limit || memory.swap || memory.reservation || memory.disableOOMKiller) ||
    hasSwappiness(memory)
  );
}

/**
 * The writes for `memory` in the cgroup at `directory`.
 * @param currentSwapLimitBytes the present limit of memory and swap, of a cgroup that exists; null
 * for none
 */
export function planMemory(
  directory: string,
  memory: MemoryResources,
  currentSwapLimitBytes: number | null = null,
): CgroupStep[] {
  const steps = planLimits(directory, memory, currentSwapLimitBytes);
  if (memory.reservation) {
    const path = `${directory}/memory.soft_limit_in_bytes`;
    steps.push(writeStep(path, memory.reservation, "what memory is reclaimed down to first"));
  }
  if (memory.disableOOMKiller === true) {
    const path = `${directory}/memory.oom_control`;
    steps.push(writeStep(path, 1, "processes wait at the limit instead of being killed"));
  }
  if (hasSwappiness(memory)) steps.push(planSwappiness(directory, memory.swappiness ?? 0));
  return steps;
}

// Order: the kernel refuses a moment in which the limit of memory and swap is below that of
// memory: the former goes first where it is raised, last where it is lowered.
function planLimits(
  directory: string,
  memory: MemoryResources,
  currentSwapLimitBytes: number | null,
): CgroupStep[] {
  const limit = memory.limit ?? 0;
  // Without a limit of memory, one of swap means nothing: -1 lifts both.
  const swap = memory.swap || (limit === -1 ? -1 : 0);
  if (swap > 0 && limit > swap) {
    refuse(`memory+swap limit must be at least the memory limit: got ${swap} below ${limit}`);
  }
  const memoryWrites =
    limit === 0
      ? []
      : [writeStep(`${directory}/memory.limit_in_bytes`, limit, "the limit of memory")];
  const swapWrites =
    swap === 0
      ? []
      : [
          writeStep(`${directory}/memory.memsw.limit_in_bytes`, swap, "memory and swap together", {
            optional: true,
          }),
        ];
  const isRaised = swap === -1 || (currentSwapLimitBytes !== null && swap > currentSwapLimitBytes);
  return isRaised ? [...swapWrites, ...memoryWrites] : [...memoryWrites, ...swapWrites];
}

/** podman and docker send -1 (and its unsigned reading) for "as it is". */
function hasSwappiness({ swappiness }: MemoryResources): boolean {
  return swappiness !== undefined && swappiness !== -1 && swappiness < 2 ** 63;
}

function planSwappiness(directory: string, swappiness: number): CgroupStep {
  if (swappiness < 0 || swappiness > 100) {
    refuse(`memory swappiness must be from 0 to 100: got ${swappiness}`);
  }
  return writeStep(`${directory}/memory.swappiness`, swappiness, "how readily memory is swapped");
}
