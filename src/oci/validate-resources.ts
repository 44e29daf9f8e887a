// The rules of `linux.resources` that hold between fields, or that the kernel would answer with a bare
// EINVAL in the middle of a start. config-linux.md, "Control groups".

import { quote } from "./quote.ts";
import type { CpuResources, DeviceRule, MemoryResources, Resources } from "./spec.ts";

/**
 * Adds a line for each rule that the resources break.
 * @param prefix where they stand: "linux.resources." in config.json, "" in a file of their own
 */
export function validateResources(resources: Resources, prefix: string, problems: string[]): void {
  if (resources.devices !== undefined) validateDeviceRules(resources.devices, prefix, problems);
  if (resources.memory !== undefined) validateMemory(resources.memory, prefix, problems);
  if (resources.cpu !== undefined) validateCpu(resources.cpu, prefix, problems);
  if (resources.blockIO !== undefined) {
    validateWeight(resources.blockIO.weight, `${prefix}blockIO.weight`, problems);
    validateWeight(resources.blockIO.leafWeight, `${prefix}blockIO.leafWeight`, problems);
  }
  for (const file in resources.unified) {
    // Security: the name becomes a path in the cgroup's folder.
    if (file === "" || file.startsWith(".") || file.includes("/")) {
      problems.push(`${prefix}unified[${quote(file)}]: must be the name of a control file`);
    }
  }
}

function validateDeviceRules(
  rules: readonly DeviceRule[],
  prefix: string,
  problems: string[],
): void {
  for (let index = 0; index < rules.length; index++) {
    const access = rules[index]?.access ?? "";
    if (isAccess(access)) continue;
    const text =
      access === "" ? "must not be empty" : `must be some of "rwm": got ${quote(access)}`;
    problems.push(`${prefix}devices[${index}].access: ${text}`);
  }
}

function isAccess(access: string): boolean {
  if (access === "rwm") return true;
  for (const letter of access) if (letter !== "r" && letter !== "w" && letter !== "m") return false;
  return access !== "" && access.length <= 3;
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
