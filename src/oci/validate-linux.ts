// The rules of the rest of `linux`: devices, paths, network devices, resctrl, memory policy.
// config-linux.md.

import { quote } from "./quote.ts";
import type { Device, Linux, MemoryPolicy, NetDevice } from "./spec.ts";
import { validateResources } from "./validate-resources.ts";

/** Adds a line for each rule that `linux` breaks, besides those about namespaces. */
export function validateLinux(linux: Linux, problems: string[]): void {
  if (linux.devices !== undefined) validateDevices(linux.devices, problems);
  validatePaths(linux.maskedPaths, "linux.maskedPaths", problems);
  validatePaths(linux.readonlyPaths, "linux.readonlyPaths", problems);
  if (linux.netDevices !== undefined) validateNetDevices(linux.netDevices, problems);
  const closID = linux.intelRdt?.closID;
  if (closID === "." || closID === ".." || (closID !== undefined && /.\/|\/./.test(closID))) {
    problems.push(`linux.intelRdt.closID: must be the name of one folder: got ${quote(closID)}`);
  }
  if (linux.memoryPolicy !== undefined) validateMemoryPolicy(linux.memoryPolicy, problems);
  if (linux.resources !== undefined) {
    validateResources(linux.resources, "linux.resources.", problems);
  }
}

function validateDevices(devices: readonly Device[], problems: string[]): void {
  for (let index = 0; index < devices.length; index++) {
    const path = devices[index]?.path ?? "";
    if (path === "" || path.startsWith("/")) continue;
    problems.push(`linux.devices[${index}].path: must be an absolute path: got ${quote(path)}`);
  }
}

function validatePaths(paths: readonly string[] | undefined, at: string, problems: string[]): void {
  if (paths === undefined) return;
  for (let index = 0; index < paths.length; index++) {
    const path = paths[index];
    if (path === undefined || path.startsWith("/")) continue;
    problems.push(`${at}[${index}]: must be an absolute path: got ${quote(path)}`);
  }
}

function validateNetDevices(
  devices: Readonly<Record<string, NetDevice>>,
  problems: string[],
): void {
  for (const [hostName, { name }] of Object.entries(devices)) {
    const at = `linux.netDevices[${quote(hostName)}]`;
    if (!isInterfaceName(hostName)) problems.push(`${at}: is not the name of a network device`);
    if (name !== undefined && !isInterfaceName(name)) {
      problems.push(`${at}.name: is not the name of a network device: got ${quote(name)}`);
    }
  }
}

/** Kernel: dev_valid_name() in net/core/dev.c; IFNAMSIZ is 16 with the NUL. */
function isInterfaceName(name: string): boolean {
  if (name === "" || name.length > 15 || name === "." || name === "..") return false;
  return !/[/:\s]/.test(name);
}

function validateMemoryPolicy(policy: MemoryPolicy, problems: string[]): void {
  const { mode, nodes = "" } = policy;
  const count = countNodes(nodes);
  if (count === undefined) {
    problems.push(`linux.memoryPolicy.nodes: invalid memory policy nodes ${quote(nodes)}`);
  } else if (mode === "MPOL_DEFAULT" || mode === "MPOL_LOCAL") {
    if (count > 0) problems.push(`linux.memoryPolicy: mode requires 0 nodes but got ${count}`);
  } else if (mode !== "MPOL_PREFERRED" && count === 0) {
    problems.push("linux.memoryPolicy: mode requires at least one node but got 0");
  }
}

/** Kernel: MAX_NUMNODES of the largest configuration. */
const NODES_MAX = 1024;

/** How many nodes a list such as "0-3,7" has, or undefined where it is none. */
function countNodes(list: string): number | undefined {
  let count = 0;
  for (const range of list === "" ? [] : list.split(",")) {
    const [, first = "", last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    const size = Number(last) - Number(first) + 1;
    if (first === "" || size < 1 || Number(last) >= NODES_MAX) return undefined;
    count += size;
  }
  return count;
}
