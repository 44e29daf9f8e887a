// The devices controller. Kernel documentation: admin-guide/cgroup-v1/devices.rst.

import { devicePolicy, formatException } from "../device-rules.ts";
import type { DeviceRule } from "../resources.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/**
 * The writes for `rules`: everything denied, then the exceptions. A new cgroup that is to allow
 * everything has that from its parent, as far as the parent itself may.
 */
export function planDevices(
  directory: string,
  rules: readonly DeviceRule[],
  exists: boolean,
): CgroupStep[] {
  const { defaultAllow, exceptions } = devicePolicy(rules);
  const file = (verb: "allow" | "deny"): string => `${directory}/devices.${verb}`;
  const reset = defaultAllow
    ? writeStep(file("allow"), "a", "every device, but for the rules that follow")
    : writeStep(file("deny"), "a", "no device, but for the rules that follow");
  const why = defaultAllow ? "a device that is kept away" : "a device that it may use";
  const steps = defaultAllow && !exists ? [] : [reset];
  for (const exception of exceptions) {
    const path = file(defaultAllow ? "deny" : "allow");
    steps.push(writeStep(path, formatException(exception), why));
  }
  return steps;
}
