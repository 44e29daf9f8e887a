// cgroups v2 with the planning of limits.

import { readControlFile } from "../control-file.ts";
import type { CgroupManager } from "../manager.ts";
import { cgroupDirectory, type Hierarchy, parseCgroupsPath } from "../paths.ts";
import type { Resources } from "../resources.ts";
import { makeV2Control } from "./control.ts";
import { checkUsage, withPresentLimit } from "./memory.ts";
import { neededControllers, planDirectories, planLimits } from "./plan.ts";

/** The manager for this hierarchy, whose `controllers` are those of its root. */
export function makeV2(hierarchy: Hierarchy): CgroupManager {
  return {
    ...makeV2Control(hierarchy),
    planCreate(cgroupsPath, resources) {
      const path = parseCgroupsPath(cgroupsPath);
      const steps = planDirectories(hierarchy, path, resources);
      steps.push(...planLimits(cgroupDirectory(hierarchy, path), resources));
      return steps;
    },
    planUpdate(cgroupsPath, resources) {
      const directory = cgroupDirectory(hierarchy, parseCgroupsPath(cgroupsPath));
      neededControllers(hierarchy, resources);
      const memory = withPresentLimit(directory, resources.memory ?? {});
      checkUsage(directory, memory);
      const currentCpuMax = readControlFile(`${directory}/cpu.max`) ?? "";
      return planLimits(directory, { ...resources, memory }, currentCpuMax);
    },
    ignored,
  };
}

function ignored({ memory = {}, blockIO = {}, network = {} }: Resources): string[] {
  const lines: string[] = [];
  const note = (what: string): number => lines.push(`cgroup v2 has no ${what}`);
  if (memory.kernel || memory.kernelTCP) note("separate limits of kernel memory");
  if (memory.swappiness !== undefined && memory.swappiness >= 0) note("swappiness of its own");
  if (memory.disableOOMKiller === true) note("way to switch the OOM killer off");
  if (blockIO.leafWeight) note("leaf weights of block I/O");
  if (network.classID || (network.priorities ?? []).length > 0) note("network classes");
  return lines;
}
