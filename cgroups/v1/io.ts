// The blkio controller. Kernel documentation: admin-guide/cgroup-v1/blkio-controller.rst.

import type { BlockIoResources, ThrottleDevice } from "../resources.ts";
import { checkWeight, NO_WEIGHT } from "../shared-limits.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** The writes for `io`. Throws UserError for a weight out of range. */
export function planIo(directory: string, io: BlockIoResources): CgroupStep[] {
  return [...planWeights(directory, io), ...planThrottles(directory, io)];
}

// Kernel: blkio.weight went with the CFQ scheduler in 5.0; BFQ has its own file.
function planWeights(directory: string, io: BlockIoResources): CgroupStep[] {
  const steps: CgroupStep[] = [];
  const add = (file: string, value: string, why: string): void => {
    const otherwise = { path: `${directory}/blkio.bfq.${file}`, value };
    const path = `${directory}/blkio.${file}`;
    steps.push(writeStep(path, value, why, { otherwise, optional: true, warning: NO_WEIGHT }));
  };
  const addLeaf = (file: string, value: string): void => {
    steps.push(writeStep(`${directory}/blkio.${file}`, value, "its own processes' share of disks"));
  };
  if (io.weight) add("weight", String(checkWeight(io.weight)), "its share of disks");
  if (io.leafWeight) addLeaf("leaf_weight", String(checkWeight(io.leafWeight)));
  for (const { major, minor, weight, leafWeight } of io.weightDevice ?? []) {
    const device = `${major}:${minor}`;
    if (weight) add("weight_device", `${device} ${checkWeight(weight)}`, "its share of a disk");
    if (leafWeight) addLeaf("leaf_weight_device", `${device} ${checkWeight(leafWeight)}`);
  }
  return steps;
}

function planThrottles(directory: string, io: BlockIoResources): CgroupStep[] {
  const plan = (devices: readonly ThrottleDevice[] = [], file: string): CgroupStep[] =>
    devices.map(({ major, minor, rate }) => {
      const path = `${directory}/blkio.throttle.${file}_device`;
      return writeStep(path, `${major}:${minor} ${rate}`, "a ceiling of a disk's rate");
    });
  return [
    ...plan(io.throttleReadBpsDevice, "read_bps"),
    ...plan(io.throttleWriteBpsDevice, "write_bps"),
    ...plan(io.throttleReadIOPSDevice, "read_iops"),
    ...plan(io.throttleWriteIOPSDevice, "write_iops"),
  ];
}
