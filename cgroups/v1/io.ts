// The blkio controller. Kernel documentation: admin-guide/cgroup-v1/blkio-controller.rst.

import type { BlockIoResources, ThrottleDevice } from "../resources.ts";
import { refuse } from "../refusal.ts";
import { type CgroupStep, writeStep } from "../steps.ts";

/** Whether anything is asked of the controller. */
export function limitsIo(io: BlockIoResources): boolean {
  for (const value of Object.values(io)) {
    if (Array.isArray(value) ? value.length > 0 : Boolean(value)) return true;
  }
  return false;
}

/** The writes for `io`. Throws UserError for a weight out of range. */
export function planIo(directory: string, io: BlockIoResources): CgroupStep[] {
  return [...planWeights(directory, io), ...planThrottles(directory, io)];
}

const NO_WEIGHT = "block I/O weight is left out: this kernel has no scheduler for it";

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
  if (io.weight) add("weight", checkWeight(io.weight), "its share of disks");
  if (io.leafWeight) addLeaf("leaf_weight", checkWeight(io.leafWeight));
  for (const { major, minor, weight, leafWeight } of io.weightDevice ?? []) {
    const device = `${major}:${minor}`;
    if (weight) add("weight_device", `${device} ${checkWeight(weight)}`, "its share of a disk");
    if (leafWeight) addLeaf("leaf_weight_device", `${device} ${checkWeight(leafWeight)}`);
  }
  return steps;
}

function checkWeight(weight: number): string {
  if (weight >= 10 && weight <= 1000) return String(weight);
  return refuse(`block I/O weight must be from 10 to 1000: got ${weight}`);
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
