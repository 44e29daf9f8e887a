// The io controller. Kernel documentation: admin-guide/cgroup-v2.rst, "IO".

import type { BlockIoResources, ThrottleDevice } from "../resources.ts";
import { checkWeight, NO_WEIGHT } from "../shared-limits.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** The writes for `io`. Throws UserError for a weight out of range. */
export function planIo(directory: string, io: BlockIoResources): CgroupStep[] {
  return [...planWeights(directory, io), ...planThrottles(directory, io)];
}

// The BFQ scheduler takes the specification's weights as they are; io.weight has its own range.
function planWeights(directory: string, io: BlockIoResources): CgroupStep[] {
  const plan = (key: string, weight: number, why: string): CgroupStep => {
    const otherwise = {
      path: `${directory}/io.weight`,
      value: `${key} ${toIoWeight(checkWeight(weight))}`,
    };
    const path = `${directory}/io.bfq.weight`;
    const extra = { otherwise, optional: true, warning: NO_WEIGHT };
    return writeStep(path, `${key} ${weight}`, why, extra);
  };
  const devices = (io.weightDevice ?? []).flatMap(({ major, minor, weight }) =>
    weight ? [plan(`${major}:${minor}`, weight, "its share of a disk")] : [],
  );
  return io.weight ? [plan("default", io.weight, "its share of disks"), ...devices] : devices;
}

/** 10…1000 of the specification onto the kernel's 1…10000. */
function toIoWeight(weight: number): number {
  return 1 + Math.trunc(((weight - 10) * 9999) / 990);
}

function planThrottles(directory: string, io: BlockIoResources): CgroupStep[] {
  const plan = (devices: readonly ThrottleDevice[] = [], key: string): CgroupStep[] =>
    devices.map(({ major, minor, rate }) => {
      const value = `${major}:${minor} ${key}=${rate > 0 ? rate : "max"}`;
      return writeStep(`${directory}/io.max`, value, "a ceiling of a disk's rate");
    });
  return [
    ...plan(io.throttleReadBpsDevice, "rbps"),
    ...plan(io.throttleWriteBpsDevice, "wbps"),
    ...plan(io.throttleReadIOPSDevice, "riops"),
    ...plan(io.throttleWriteIOPSDevice, "wiops"),
  ];
}
