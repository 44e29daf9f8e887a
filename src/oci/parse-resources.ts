// The shape of `linux.resources`, every controller of it. Ranges are those of the types that the
// specification gives the fields.

import { INT64_MAX, type Section, UINT16_MAX, UINT32_MAX, UINT64_MAX } from "./section.ts";

/** Notes every field of the resources that has a wrong type or range. */
export function checkResources(resources: Section): void {
  resources.each("devices", checkDeviceRule);
  const memory = resources.child("memory");
  if (memory !== undefined) checkMemory(memory);
  const cpu = resources.child("cpu");
  if (cpu !== undefined) checkCpu(cpu);
  resources.child("pids")?.integer("limit", -INT64_MAX, INT64_MAX);
  const blockIO = resources.child("blockIO");
  if (blockIO !== undefined) checkBlockIo(blockIO);
  resources.each("hugepageLimits", checkHugepageLimit);
  if (resources.value("network") !== undefined) checkNetwork(resources.child("network"));
  resources.eachNamed("rdma", checkRdma);
  resources.stringMap("unified");
}

function checkDeviceRule(rule: Section): void {
  if (rule.boolean("allow") === undefined) rule.fields.allow = false;
  rule.word("type", "device type", ["a", "c", "b"]);
  rule.integer("major", -1, UINT32_MAX);
  rule.integer("minor", -1, UINT32_MAX);
  const access = rule.string("access");
  // The old devices controller's word for all; runc takes it beside the others, and its tests write it.
  if (access !== undefined && access.length > 1) rule.fields.access = access.replaceAll("a", "");
}

function checkMemory(memory: Section): void {
  memory.integer("limit", -INT64_MAX, INT64_MAX);
  memory.integer("reservation", -INT64_MAX, INT64_MAX);
  memory.integer("swap", -INT64_MAX, INT64_MAX);
  memory.integer("kernel", -INT64_MAX, INT64_MAX);
  memory.integer("kernelTCP", -INT64_MAX, INT64_MAX);
  // No bound of 100: containerd and podman write 2^64-1 for "not given".
  memory.integer("swappiness", 0, UINT64_MAX);
  memory.boolean("disableOOMKiller");
  memory.boolean("useHierarchy");
  memory.boolean("checkBeforeUpdate");
}

function checkCpu(cpu: Section): void {
  cpu.integer("shares", 0, UINT64_MAX);
  cpu.integer("quota", -INT64_MAX, INT64_MAX);
  cpu.integer("burst", 0, UINT64_MAX);
  cpu.integer("period", 0, UINT64_MAX);
  cpu.integer("realtimeRuntime", -INT64_MAX, INT64_MAX);
  cpu.integer("realtimePeriod", 0, UINT64_MAX);
  cpu.string("cpus");
  cpu.string("mems");
  cpu.integer("idle", -INT64_MAX, INT64_MAX);
}

function checkBlockIo(blockIO: Section): void {
  blockIO.integer("weight", 0, UINT16_MAX);
  blockIO.integer("leafWeight", 0, UINT16_MAX);
  blockIO.each("weightDevice", checkWeightDevice);
  blockIO.each("throttleReadBpsDevice", checkThrottleDevice);
  blockIO.each("throttleWriteBpsDevice", checkThrottleDevice);
  blockIO.each("throttleReadIOPSDevice", checkThrottleDevice);
  blockIO.each("throttleWriteIOPSDevice", checkThrottleDevice);
}

function checkWeightDevice(device: Section): void {
  checkNumbers(device);
  device.integer("weight", 0, UINT16_MAX);
  device.integer("leafWeight", 0, UINT16_MAX);
}

function checkThrottleDevice(device: Section): void {
  checkNumbers(device);
  device.integerOrZero("rate", 0, UINT64_MAX);
}

function checkNumbers(device: Section): void {
  device.integerOrZero("major", 0, UINT32_MAX);
  device.integerOrZero("minor", 0, UINT32_MAX);
}

function checkHugepageLimit(hugepage: Section): void {
  // Go's decoder does not mind the case, and runc's own tests write it so.
  if (hugepage.value("pageSize") === undefined && hugepage.value("pagesize") !== undefined) {
    hugepage.fields.pageSize = hugepage.fields.pagesize;
    delete hugepage.fields.pagesize;
  }
  hugepage.requiredString("pageSize");
  hugepage.integerOrZero("limit", 0, UINT64_MAX);
}

function checkNetwork(network: Section | undefined): void {
  network?.integer("classID", 0, UINT32_MAX);
  network?.each("priorities", (priority) => {
    priority.requiredString("name");
    priority.integerOrZero("priority", 0, UINT32_MAX);
  });
}

function checkRdma(limit: Section): void {
  limit.integer("hcaHandles", 0, UINT32_MAX);
  limit.integer("hcaObjects", 0, UINT32_MAX);
}
