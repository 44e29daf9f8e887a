// cgroups v1 with the planning of limits.

import { readNumber } from "../control-file.ts";
import type { CgroupManager } from "../manager.ts";
import { cgroupDirectory, type CgroupPath, hierarchyOf, parseCgroupsPath } from "../paths.ts";
import type { Resources } from "../resources.ts";
import { type Host, makeV1Control } from "./control.ts";
import { planDirectories, planLimits } from "./plan.ts";

/** The manager for a host with these hierarchies. */
export function makeV1(host: Host): CgroupManager {
  const { hierarchies, unified } = host;
  const all = unified === undefined ? hierarchies : [...hierarchies, unified];
  return {
    ...makeV1Control(host),
    planCreate(cgroupsPath, resources) {
      const path = parseCgroupsPath(cgroupsPath);
      const steps = planDirectories(all, path);
      steps.push(...planLimits(hierarchies, path, resources, { exists: false }));
      return steps;
    },
    planUpdate(cgroupsPath, resources) {
      const path = parseCgroupsPath(cgroupsPath);
      const present = { exists: true, ...readPresent(host, path) } as const;
      return planLimits(hierarchies, path, resources, present);
    },
    ignored,
  };
}

/** What the order of the writes hangs on. */
function readPresent({ hierarchies }: Host, path: CgroupPath) {
  const read = (controller: string, file: string): number | null => {
    const hierarchy = hierarchyOf(hierarchies, controller);
    return hierarchy === undefined ? 0 : readNumber(`${cgroupDirectory(hierarchy, path)}/${file}`);
  };
  return {
    swapLimitBytes: read("memory", "memory.memsw.limit_in_bytes"),
    realtimeRuntimeUs: read("cpu", "cpu.rt_runtime_us") ?? 0,
  };
}

function ignored({ memory = {} }: Resources): string[] {
  const lines: string[] = [];
  if (memory.kernel) lines.push("the kernel has no separate limit of kernel memory any more");
  if (memory.kernelTCP) lines.push("the kernel has no separate limit of TCP memory any more");
  return lines;
}
