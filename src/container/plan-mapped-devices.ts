// The devices of a config.json in a user namespace, where the kernel lets nobody make any: the agent,
// root of the host, makes them in a folder of its own, and they are bound. Pure.

import { type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  fchmodat,
  fchownat,
  fsconfigCreate,
  fsconfigSet,
  fsmount,
  fsopen,
  makeDevice,
  mknodat,
  moveMount,
  moveMountTo,
  openTree,
} from "../../ffi/calls.ts";
import { type DeviceRequest, NODE_TYPE } from "../../fs/device-plan.ts";
import { makeFile, openPlace } from "../../fs/safe-path.ts";
import type { IdMapping, Linux } from "../oci/spec.ts";

/**
 * One step each.
 * @param scratch a folder that something can be attached to: out of sight once the root is changed
 */
export function planMappedDevices(
  devices: readonly DeviceRequest[],
  root: Slot,
  { uidMappings = [], gidMappings = [] }: Linux,
  scratch: string,
): Step[] {
  if (devices.length === 0) return [];
  const folder = new Slot("devices");
  const steps = [planFolder(folder, scratch)];
  devices.forEach((device, index) => {
    const { uid, gid } = device;
    const owner = { uid: toHost(uid, uidMappings), gid: toHost(gid, gidMappings) };
    steps.push(planDevice({ ...device, ...owner }, String(index), folder, root));
  });
  return steps;
}

/** Kernel: on a file system of the user namespace's no device could be opened. */
function planFolder(folder: Slot, scratch: string): Step {
  const fs = new Slot("tmpfs");
  const calls: Call[] = [
    fsopen("tmpfs", fs),
    fsconfigSet(fs, "source", "bunker"),
    fsconfigCreate(fs),
    fsmount(fs, 0, folder),
    moveMountTo(folder, scratch),
  ];
  return { why: "a folder for devices, outside the user namespace", calls: outside(calls) };
}

function planDevice(device: DeviceRequest, name: string, folder: Slot, root: Slot): Step {
  const { path, type, major, minor, fileMode, uid, gid } = device;
  const tree = new Slot(`node of ${path}`);
  const target = new Slot(path);
  const number = type === "p" ? 0 : makeDevice(major, minor);
  return {
    why: `the device ${path}`,
    calls: [
      ...outside([
        mknodat(folder, name, NODE_TYPE[type] | 0o600, number, { path }),
        // Order: the owner first, as a change of it takes permissions away.
        fchownat(folder, name, uid, gid, 0, { path }),
        fchmodat(folder, name, fileMode, { path }),
        openTree(folder, name, false, tree, { path }),
      ]),
      ...makeFile(root, path),
      openPlace(root, path, target),
      moveMount(tree, target, { path }),
    ],
  };
}

const outside = (calls: readonly Call[]): Call[] =>
  calls.map((call) => ({ ...call, outside: true }));

/** The id on the host; an id that is not mapped stays nobody's (-1 leaves it as it is). */
function toHost(id: number, mappings: readonly IdMapping[]): number {
  for (const { containerID, hostID, size } of mappings) {
    if (id >= containerID && id < containerID + size) return hostID + id - containerID;
  }
  return -1;
}
