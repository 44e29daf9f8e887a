// From the limits asked for to steps, in the one hierarchy: controllers are handed down from the
// root, level by level, then the limits are written.

import { baseDirectory, type CgroupPath, type Hierarchy } from "../paths.ts";
import { refuseController } from "../refusal.ts";
import type { Resources } from "../resources.ts";
import { limitsIo, planCpuset, planPids, planRdma } from "../shared-limits.ts";
import type { CgroupStep } from "../steps.ts";
import { limitsCpu, planCpu } from "./cpu.ts";
import { planDevices } from "./devices.ts";
import { planIo } from "./io.ts";
import { controllerOf, planHugetlb, planUnified } from "./limits.ts";
import { limitsMemory, planMemory } from "./memory.ts";

/**
 * The cgroup and its parents, each of which hands every controller there is to its children, so
 * that a container can do the same inside. Only those that `resources` needs have to succeed.
 */
export function planDirectories(
  hierarchy: Hierarchy,
  cgroupPath: CgroupPath,
  resources: Resources,
): CgroupStep[] {
  const { controllers } = hierarchy;
  const required = neededControllers(hierarchy, resources);
  const steps: CgroupStep[] = [];
  let path = baseDirectory(hierarchy, cgroupPath);
  for (const part of cgroupPath.parts) {
    const why = "children get only the controllers that are enabled here";
    steps.push({ op: "delegate", directory: path, controllers, required, why });
    path += `/${part}`;
    steps.push({ op: "mkdir", path, why: path.slice(hierarchy.directory.length) });
  }
  return steps;
}

/** The controllers that `resources` needs. Throws UserError for the first that is not here. */
export function neededControllers(hierarchy: Hierarchy, resources: Resources): string[] {
  const { cpu = {}, memory = {}, pids, blockIO = {}, hugepageLimits = [] } = resources;
  const needed = new Map<string, string>();
  if (limitsMemory(memory)) needed.set("memory", "a memory limit");
  if (limitsCpu(cpu)) needed.set("cpu", "a cpu limit");
  if (cpu.cpus || cpu.mems) needed.set("cpuset", "a set of cpus");
  if (pids?.limit) needed.set("pids", "a pids limit");
  if (limitsIo(blockIO)) needed.set("io", "a block I/O limit");
  if (hugepageLimits.length > 0) needed.set("hugetlb", "a huge page limit");
  if (Object.keys(resources.rdma ?? {}).length > 0) needed.set("rdma", "an RDMA limit");
  for (const file of Object.keys(resources.unified ?? {})) {
    const controller = controllerOf(file);
    if (controller !== undefined) needed.set(controller, `unified "${file}"`);
  }
  for (const [controller, what] of needed) {
    if (!hierarchy.controllers.includes(controller)) refuseController(what, controller);
  }
  return [...needed.keys()];
}

/**
 * The writes for `resources`.
 * @param currentCpuMax cpu.max of a cgroup that exists already; undefined for a new one
 */
export function planLimits(
  directory: string,
  resources: Resources,
  currentCpuMax?: string,
): CgroupStep[] {
  const { cpu = {}, memory = {}, pids, blockIO = {}, hugepageLimits = [] } = resources;
  const exists = currentCpuMax !== undefined;
  const { devices, rdma, unified } = resources;
  return [
    ...planCpuset(directory, cpu),
    ...planMemory(directory, memory),
    ...(limitsCpu(cpu) ? planCpu(directory, cpu, currentCpuMax) : []),
    ...planPids(directory, pids?.limit ?? 0),
    ...(limitsIo(blockIO) ? planIo(directory, blockIO) : []),
    ...(hugepageLimits.length > 0 ? planHugetlb(directory, hugepageLimits) : []),
    ...(rdma === undefined ? [] : planRdma(directory, rdma)),
    ...(devices === undefined ? [] : planDevices(directory, devices, exists)),
    // Order: last, so that what is asked for by name has the last word.
    ...(unified === undefined ? [] : planUnified(directory, unified)),
  ];
}
