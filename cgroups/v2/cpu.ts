// The cpu controller. Kernel documentation: admin-guide/cgroup-v2.rst, "CPU".

import { refuse } from "../refusal.ts";
import type { CpuResources } from "../resources.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** Kernel: the period of cpu.max where none is given. */
const DEFAULT_PERIOD_US = 100_000;

/** Whether anything is asked of the cpu controller. Throws UserError for real-time budgets. */
export function limitsCpu(cpu: CpuResources): boolean {
  if (cpu.realtimePeriod || cpu.realtimeRuntime) {
    refuse("real-time cpu limits do not exist in cgroup v2: leave them out");
  }
  if (cpu.shares || cpu.quota || cpu.period) return true;
  return cpu.burst !== undefined || cpu.idle !== undefined;
}

/**
 * The writes for `cpu`.
 * @param currentMax cpu.max of a cgroup that exists: "QUOTA PERIOD"
 */
export function planCpu(
  directory: string,
  cpu: CpuResources,
  currentMax: string | undefined,
): CgroupStep[] {
  const steps: CgroupStep[] = [];
  if (cpu.idle !== undefined) {
    steps.push(
      writeStep(`${directory}/cpu.idle`, cpu.idle, "run only where nobody else wants to", {
        optional: cpu.idle === 0,
      }),
    );
  }
  // Kernel: an idle cgroup has no weight, and refuses one.
  if (cpu.shares && !cpu.idle) {
    const why = "its share where cpus are contended for";
    steps.push(writeStep(`${directory}/cpu.weight`, sharesToWeight(cpu.shares), why));
  }
  return [...steps, ...planMax(directory, cpu, currentMax)];
}

function planMax(directory: string, cpu: CpuResources, currentMax?: string): CgroupStep[] {
  const steps: CgroupStep[] = [];
  const burst = `${directory}/cpu.max.burst`;
  // Order: the kernel refuses a quota below the burst and a burst above the quota.
  if (currentMax !== undefined && cpu.burst && cpu.quota) {
    steps.push(writeStep(burst, 0, "makes room for a smaller quota", { optional: true }));
  }
  if (cpu.quota || cpu.period) {
    const value = formatMax(cpu, currentMax);
    steps.push(writeStep(`${directory}/cpu.max`, value, "cpu time in each period"));
  }
  if (cpu.burst !== undefined && (currentMax !== undefined || cpu.burst !== 0)) {
    const extra = { optional: cpu.burst === 0 };
    steps.push(writeStep(burst, cpu.burst, "unused quota that may be saved up", extra));
  }
  return steps;
}

/** One file holds both: the one that is not given stays as it is. */
function formatMax({ quota, period }: CpuResources, currentMax = ""): string {
  const [currentQuota = "", currentPeriod = ""] = currentMax.trim().split(" ");
  const newQuota = quota ? (quota < 0 ? "max" : String(quota)) : currentQuota || "max";
  return `${newQuota} ${period || currentPeriod || DEFAULT_PERIOD_US}`;
}

/**
 * 2…262144 of the specification onto the kernel's 1…10000, so that the default of one, 1024, is the
 * default of the other, 100: as runc 1.3 and crun 1.23 do. A straight line, as before, made it 39.
 */
export function sharesToWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const l = Math.log2(shares);
  return Math.ceil(10 ** ((l * l + 125 * l) / 612 - 7 / 34));
}
