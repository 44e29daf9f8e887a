// The cpu and cpuset controllers. Kernel documentation: scheduler/sched-bwc.rst,
// admin-guide/cgroup-v1/cpusets.rst.

import type { CpuResources } from "../resources.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** Whether anything is asked of the cpu controller. */
export function limitsCpu(cpu: CpuResources): boolean {
  const times = cpu.shares || cpu.quota || cpu.period;
  if (times || cpu.realtimePeriod || cpu.realtimeRuntime) return true;
  return cpu.burst !== undefined || cpu.idle !== undefined;
}

/**
 * The writes for `cpu`; `exists` says that the cgroup may have a quota already.
 * @param realtimeRuntimeUs its present real-time budget
 */
export function planCpu(
  directory: string,
  cpu: CpuResources,
  exists: boolean,
  realtimeRuntimeUs = 0,
): CgroupStep[] {
  const steps: CgroupStep[] = [];
  const add = (file: string, value: number | undefined, why: string): void => {
    if (value) steps.push(writeStep(`${directory}/${file}`, value, why));
  };
  add("cpu.shares", cpu.shares, "its share where cpus are contended for");
  if (cpu.idle !== undefined && (exists || cpu.idle !== 0)) {
    steps.push(writeStep(`${directory}/cpu.idle`, cpu.idle, "run only where nobody else wants to"));
  }
  // Order: the kernel refuses a period below the budget, the present one or the new one.
  const shorter = cpu.realtimePeriod !== undefined && cpu.realtimePeriod < realtimeRuntimeUs;
  if (shorter) add("cpu.rt_runtime_us", cpu.realtimeRuntime, "the real-time budget");
  add("cpu.rt_period_us", cpu.realtimePeriod, "the period of the real-time budget");
  if (!shorter) add("cpu.rt_runtime_us", cpu.realtimeRuntime, "the real-time budget");
  if (exists && cpu.quota) steps.push(...liftQuota(directory, cpu));
  add("cpu.cfs_period_us", cpu.period, "the period of the quota");
  add("cpu.cfs_quota_us", cpu.quota, "cpu time in each period");
  if (cpu.burst !== undefined && (exists || cpu.burst !== 0)) {
    const path = `${directory}/cpu.cfs_burst_us`;
    const extra = { optional: cpu.burst === 0 };
    steps.push(writeStep(path, cpu.burst, "unused quota that may be saved up", extra));
  }
  return steps;
}

// Order: a quota below the burst, and a shorter period that makes the old quota too large for the
// parent, are refused. Both are gone for a moment so that the new values fit whatever they are.
function liftQuota(directory: string, cpu: CpuResources): CgroupStep[] {
  const steps: CgroupStep[] = [];
  if (cpu.burst) {
    const path = `${directory}/cpu.cfs_burst_us`;
    steps.push(writeStep(path, 0, "makes room for a smaller quota", { optional: true }));
  }
  if (cpu.period) {
    steps.push(writeStep(`${directory}/cpu.cfs_quota_us`, -1, "makes room for a new period"));
  }
  return steps;
}

/** Kernel: a new cpuset is empty, and no process can join it so: it takes its parent's values. */
export function inheritCpuset(directory: string): CgroupStep[] {
  const why = "an empty cpuset admits no process";
  return [
    { op: "inherit", path: `${directory}/cpuset.cpus`, why },
    { op: "inherit", path: `${directory}/cpuset.mems`, why },
  ];
}
