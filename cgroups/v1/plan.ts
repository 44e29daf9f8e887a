// From the limits asked for to steps, in the hierarchies that this host has mounted.

import { cgroupDirectory, type CgroupPath, type Hierarchy, hierarchyOf } from "../paths.ts";
import { refuse, refuseController } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { limitsIo, planCpuset, planPids, planRdma } from "../shared-limits.ts";
import type { CgroupStep } from "../steps.ts";
import { inheritCpuset, limitsCpu, planCpu } from "./cpu.ts";
import { planDevices } from "./devices.ts";
import { planIo } from "./io.ts";
import { planHugetlb, planNetworkClass, planNetworkPriority } from "./limits.ts";
import { limitsMemory, planMemory } from "./memory.ts";

/** The cgroup in every hierarchy: a process has one in each, and it joins them all. */
export function planDirectories(
  hierarchies: readonly Hierarchy[],
  cgroupPath: CgroupPath,
): CgroupStep[] {
  const steps: CgroupStep[] = [];
  for (const hierarchy of hierarchies) {
    const path = cgroupDirectory(hierarchy, cgroupPath);
    steps.push({ op: "mkdir", path, why: hierarchy.controllers.join() || "unified" });
    if (hierarchy.controllers.includes("cpuset")) steps.push(...inheritCpuset(path));
  }
  return steps;
}

/** A new cgroup, or one that exists with the present values that the order of writes hangs on. */
export type Present =
  | { readonly exists: false }
  | {
      readonly exists: true;
      readonly swapLimitBytes: number | null;
      readonly realtimeRuntimeUs: number;
    };

/** The writes for `resources`. Throws UserError where a controller that is needed is missing. */
export function planLimits(
  hierarchies: readonly Hierarchy[],
  cgroupPath: CgroupPath,
  resources: Resources,
  present: Present,
): CgroupStep[] {
  refuseUnified(resources);
  const at = (controller: string, what: string): string => {
    const hierarchy = hierarchyOf(hierarchies, controller);
    if (hierarchy === undefined) return refuseController(what, controller);
    return cgroupDirectory(hierarchy, cgroupPath);
  };
  return [
    ...planProcessorAndMemory(at, resources, present),
    ...planCounts(at, resources),
    ...planPerimeter(at, resources, present.exists),
  ];
}

type At = (controller: string, what: string) => string;

function planProcessorAndMemory(
  at: At,
  { cpu = {}, memory = {} }: Resources,
  present: Present,
): CgroupStep[] {
  const steps: CgroupStep[] = [];
  if (cpu.cpus || cpu.mems) steps.push(...planCpuset(at("cpuset", "a set of cpus"), cpu));
  if (limitsMemory(memory)) {
    const current = present.exists ? present.swapLimitBytes : null;
    steps.push(...planMemory(at("memory", "a memory limit"), memory, current));
  }
  if (limitsCpu(cpu)) {
    const runtimeUs = present.exists ? present.realtimeRuntimeUs : 0;
    steps.push(...planCpu(at("cpu", "a cpu limit"), cpu, present.exists, runtimeUs));
  }
  return steps;
}

function planCounts(at: At, resources: Resources): CgroupStep[] {
  const { pids, hugepageLimits = [], rdma = {}, blockIO = {} } = resources;
  const steps: CgroupStep[] = [];
  if (pids?.limit) steps.push(...planPids(at("pids", "a pids limit"), pids.limit));
  if (limitsIo(blockIO)) steps.push(...planIo(at("blkio", "a block I/O limit"), blockIO));
  if (hugepageLimits.length > 0) {
    steps.push(...planHugetlb(at("hugetlb", "a huge page limit"), hugepageLimits));
  }
  if (Object.keys(rdma).length > 0) steps.push(...planRdma(at("rdma", "an RDMA limit"), rdma));
  return steps;
}

function planPerimeter(at: At, resources: Resources, exists: boolean): CgroupStep[] {
  const { devices, network = {} } = resources;
  const steps: CgroupStep[] = [];
  if (devices !== undefined) {
    steps.push(...planDevices(at("devices", "a device rule"), devices, exists));
  }
  if (network.classID) steps.push(...planNetworkClass(at("net_cls", "a network class"), network));
  if (network.priorities !== undefined && network.priorities.length > 0) {
    steps.push(...planNetworkPriority(at("net_prio", "a network priority"), network));
  }
  return steps;
}

function refuseUnified({ unified = {} }: Resources): void {
  const [first] = Object.keys(unified);
  if (first === undefined) return;
  refuse(
    `invalid configuration: unified resources need cgroup v2, which this host does not use: got "${first}"`,
    "say the same with the other fields of resources",
  );
}
