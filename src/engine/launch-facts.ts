// What follows from a spec alone, whether it was made from flags or came in a bundle: device rules
// that every container has, and what the kernel's own file systems will show in it.

import { defaultDeviceRules } from "../../cgroups/device-rules.ts";
import { S } from "../../ffi/constants.ts";
import { fileType } from "../../ffi/files.ts";
import type { KindOf } from "../../fs/mask-plan.ts";
import type { Resources, Spec } from "../oci/spec.ts";

/** The default rules come behind the spec's own: the later rule wins. config-linux, default devices */
export function withDefaultDevices(resources: Resources): Resources {
  const devices = [...(resources.devices ?? [])];
  for (const rule of defaultDeviceRules()) devices.push(rule);
  return { ...resources, devices };
}

/** Only where the container's /proc and /sys are mounted afresh is the host's what will be there. */
export function kernelKinds({ mounts = [] }: Spec): KindOf {
  let proc = false;
  let sys = false;
  for (const { destination, type } of mounts) {
    if (destination === "/proc" && type === "proc") proc = true;
    if (destination === "/sys" && type === "sysfs") sys = true;
  }
  return (path) => {
    if (!(proc && path.startsWith("/proc/")) && !(sys && path.startsWith("/sys/"))) {
      return "unknown";
    }
    const type = fileType(path);
    if (type === 0) return "missing";
    return type === S.S_IFDIR ? "directory" : "file";
  };
}
