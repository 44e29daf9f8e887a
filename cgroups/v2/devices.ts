// Device rules: there is no devices controller any more, a BPF program decides.

import { devicePolicy } from "../device-rules.ts";
import type { DeviceRule } from "../resources.ts";
import type { CgroupStep } from "../steps.ts";

/** The filter for `rules`; none for a new cgroup that is to allow everything. */
export function planDevices(
  directory: string,
  rules: readonly DeviceRule[],
  exists: boolean,
): CgroupStep[] {
  const policy = devicePolicy(rules);
  if (policy.defaultAllow && policy.exceptions.length === 0 && !exists) return [];
  const why = "decides at each open and mknod of a device";
  return [{ op: "attach-device-filter", path: directory, policy, why }];
}
