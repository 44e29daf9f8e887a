// The devices of a container: nodes to make, and the rules of who may open what.
// Kernel: Documentation/admin-guide/cgroup-v1/devices.rst.

import { UserError } from "../errors.ts";
import type { Device, DeviceRule } from "../oci/spec.ts";
import type { DeviceNode, SpecFacts } from "./host-facts.ts";
import type { DeviceOption, RunOptions } from "./run-options.ts";

/** Nodes besides the standard ones that every runtime makes, and the rules in docker's order. */
export interface MadeDevices {
  readonly nodes: readonly Device[];
  readonly rules: readonly DeviceRule[];
}

/**
 * The devices of the spec.
 * @throws UserError for a path that is no device and has none below it
 */
export function makeDevices(options: RunOptions, facts: SpecFacts): MadeDevices {
  if (options.security.privileged) return makePrivileged(options, facts);
  const rules = makeDefaultRules();
  const nodes: Device[] = [];
  for (const option of options.devices) {
    for (const node of findDevices(option.hostPath, facts)) {
      nodes.push(makeNode(node, option));
      const { type, major, minor } = node;
      if (type !== "p") rules.push({ allow: true, type, major, minor, access: option.access });
    }
  }
  for (const rule of options.deviceRules ?? []) rules.push({ allow: true, ...rule });
  return { nodes, rules };
}

/** The paths of the host's devices that the options name, to be used or to be limited. */
export function listNamedDevices({ devices, resources }: RunOptions): string[] {
  const { blkioWeightDevice, deviceReadBps, deviceWriteBps } = resources;
  const { deviceReadIops, deviceWriteIops } = resources;
  const paths: string[] = [];
  for (const { hostPath } of devices) paths.push(hostPath);
  const throttled = [deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops];
  for (const list of [blkioWeightDevice, ...throttled]) {
    for (const { path } of list ?? []) paths.push(path);
  }
  return paths;
}

/**
 * The one device at a path of the host.
 * @throws UserError where there is none
 */
export function findDevice(path: string, facts: Pick<SpecFacts, "devices">): DeviceNode {
  const node = findDevices(path, facts)[0];
  if (node === undefined) throw refusal(path);
  return node;
}

function findDevices(path: string, facts: Pick<SpecFacts, "devices">): readonly DeviceNode[] {
  const nodes = facts.devices?.[path];
  if (nodes === undefined || nodes.length === 0) throw refusal(path);
  return nodes;
}

function refusal(path: string): UserError {
  return new UserError(
    `error gathering device information while adding custom device "${path}": not a device node`,
  );
}

function makePrivileged(options: RunOptions, facts: SpecFacts): MadeDevices {
  const nodes = (facts.hostDevices ?? []).map((node) => makeNode(node, undefined));
  for (const option of options.devices) {
    // Under its own name it is there already.
    if (option.hostPath === option.containerPath) continue;
    for (const node of findDevices(option.hostPath, facts)) nodes.push(makeNode(node, option));
  }
  return { nodes, rules: [{ allow: true, access: "rwm" }] };
}

// A node below a folder keeps its place below the container's folder.
function makeNode(node: DeviceNode, option: DeviceOption | undefined): Device {
  const { type, major, minor, mode, uid, gid } = node;
  return { path: placeOf(node, option), type, major, minor, fileMode: mode, uid, gid };
}

function placeOf(node: DeviceNode, option: DeviceOption | undefined): string {
  if (option === undefined) return node.path;
  const below = node.folder === undefined ? "" : node.path.slice(node.folder.length);
  return option.containerPath + below;
}

/** docker's: nothing, but the harmless ones and the terminal; fuse is denied by name. */
function makeDefaultRules(): DeviceRule[] {
  return [
    { allow: false, access: "rwm" },
    { allow: true, type: "c", major: 1, minor: 5, access: "rwm" },
    { allow: true, type: "c", major: 1, minor: 3, access: "rwm" },
    { allow: true, type: "c", major: 1, minor: 9, access: "rwm" },
    { allow: true, type: "c", major: 1, minor: 8, access: "rwm" },
    { allow: true, type: "c", major: 5, minor: 0, access: "rwm" },
    { allow: true, type: "c", major: 5, minor: 1, access: "rwm" },
    { allow: false, type: "c", major: 10, minor: 229, access: "rwm" },
  ];
}
