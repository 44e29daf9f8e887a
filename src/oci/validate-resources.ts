// The rules of `linux.resources` that hold between fields, or that the kernel would answer with a bare
// EINVAL in the middle of a start. config-linux.md, "Control groups".

import { quote } from "./section.ts";
import type { CpuResources, DeviceRule, MemoryResources, Resources } from "./spec.ts";

/**
 * Adds a line for each rule that the resources break.
 * @param prefix where they stand: "linux.resources." in config.json, "" in a file of their own
 */
export function validateResources(resources: Resources, prefix: string, problems: string[]): void {
  resources.devices?.forEach((rule, index) => {
    validateDeviceRule(rule, `${prefix}devices[${index}]`, problems);
  });
  if (resources.memory !== undefined) validateMemory(resources.memory, prefix, problems);
  if (resources.cpu !== undefined) validateCpu(resources.cpu, prefix, problems);
  validateWeight(resources.blockIO?.weight, `${prefix}blockIO.weight`, problems);
  validateWeight(resources.blockIO?.leafWeight, `${prefix}blockIO.leafWeight`, problems);
  for (const file of Object.keys(resources.unified ?? {})) {
    // Security: the name becomes a path in the cgroup's folder.
    if (file === "" || file.startsWith(".") || file.includes("/")) {
      problems.push(`${prefix}unified[${quote(file)}]: must be the name of a control file`);
    }
  }
}

function validateDeviceRule(rule: DeviceRule, at: string, problems: string[]): void {
  const access = rule.access ?? "";
  if (access === "") problems.push(`${at}.access: must not be empty`);
  else if (!/^[rwm]{1,3}$/.test(access)) {
    problems.push(`${at}.access: must be some of "rwm": got ${quote(access)}`);
  }
}

function validateMemory(memory: MemoryResources, prefix: string, problems: string[]): void {
  const { limit = 0, swap = 0 } = memory;
  if (limit <= 0) return;
  if (swap > 0 && swap < limit) {
    problems.push(`${prefix}memory.swap: must be at least the limit ${limit}: got ${swap}`);
  }
}

function validateCpu(cpu: CpuResources, prefix: string, problems: string[]): void {
  const { quota = 0, burst = 0 } = cpu;
  if (quota > 0 && burst > quota) {
    problems.push(`${prefix}cpu.burst: must be at most the quota ${quota}: got ${burst}`);
  }
  if (cpu.idle !== undefined && cpu.idle !== 0 && cpu.idle !== 1) {
    problems.push(`${prefix}cpu.idle: must be 0 or 1: got ${cpu.idle}`);
  }
}

/** 0 is "not given", as runc has it. */
function validateWeight(weight: number | undefined, at: string, problems: string[]): void {
  if (weight === undefined || weight === 0 || (weight >= 10 && weight <= 1000)) return;
  problems.push(`${at}: must be between 10 and 1000: got ${weight}`);
}
