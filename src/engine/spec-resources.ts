// From the flags about limits to `linux.resources`, with docker's conversions.

import type {
  CpuResources,
  DeviceRule,
  MemoryResources,
  Resources,
  ThrottleDevice,
} from "../oci/spec.ts";
import type { SpecFacts } from "./host-facts.ts";
import type { ResourceOptions, RunOptions, ThrottleOption } from "./run-options.ts";
import { findDevice } from "./spec-devices.ts";

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** docker's: a tenth of a second. */
const CPU_PERIOD_US = 100_000;

/**
 * The resources of the spec; a controller without a limit is left out.
 * @param devices the rules of the devices controller, see spec-devices.ts
 * @throws UserError for a throttle on something that is no block device
 */
export function makeResources(
  options: RunOptions,
  facts: SpecFacts,
  devices: readonly DeviceRule[],
  warnings: string[],
): Resources {
  const asked = options.resources;
  const resources: Writable<Resources> = { devices };
  const memory = makeMemory(asked, facts, warnings);
  if (memory !== undefined) resources.memory = memory;
  const cpu = makeCpu(asked);
  if (cpu !== undefined) resources.cpu = cpu;
  if (asked.pidsLimit !== undefined) {
    const limited = asked.pidsLimit !== "unlimited" && asked.pidsLimit > 0;
    resources.pids = { limit: limited ? Number(asked.pidsLimit) : -1 };
  }
  setBlockIo(resources, asked, facts);
  return resources;
}

function makeMemory(
  asked: ResourceOptions,
  facts: SpecFacts,
  warnings: string[],
): MemoryResources | undefined {
  const memory: Writable<MemoryResources> = {};
  const limit = asked.memoryBytes;
  if (typeof limit === "number" && limit > 0) {
    memory.limit = limit;
    setSwap(memory, limit, asked, facts, warnings);
  }
  if (asked.memoryReservationBytes) memory.reservation = asked.memoryReservationBytes;
  const { memorySwappiness } = asked;
  // -1 is docker's "not given".
  if (memorySwappiness !== undefined && memorySwappiness >= 0) memory.swappiness = memorySwappiness;
  if (asked.oomKillDisable === true) memory.disableOOMKiller = true;
  for (const _key in memory) return memory;
  return undefined;
}

// As much swap as memory, unless said; unlimited is the kernel's own and is not written.
function setSwap(
  memory: Writable<MemoryResources>,
  limit: number,
  asked: ResourceOptions,
  facts: SpecFacts,
  warnings: string[],
): void {
  const swap = asked.memorySwapBytes;
  if (swap === "unlimited") return;
  if (facts.swapLimit === false) {
    if (swap) warnings.push("memory is limited without swap: this kernel cannot limit swap");
    return;
  }
  memory.swap = swap || limit * 2;
}

function makeCpu(asked: ResourceOptions): CpuResources | undefined {
  const cpu: Writable<CpuResources> = {};
  if (asked.cpuShares) cpu.shares = asked.cpuShares;
  if (asked.cpus !== undefined && asked.cpus > 0) {
    cpu.period = CPU_PERIOD_US;
    // docker keeps billionths of a CPU and cuts off what is less than a microsecond.
    cpu.quota = Math.trunc(Math.round(asked.cpus * 1e9) / (1e9 / CPU_PERIOD_US));
  }
  if (asked.cpuPeriodUs) cpu.period = asked.cpuPeriodUs;
  if (asked.cpuQuotaUs) cpu.quota = asked.cpuQuotaUs;
  if (asked.cpusetCpus) cpu.cpus = asked.cpusetCpus;
  if (asked.cpusetMems) cpu.mems = asked.cpusetMems;
  for (const _key in cpu) return cpu;
  return undefined;
}

function setBlockIo(
  resources: Writable<Resources>,
  asked: ResourceOptions,
  facts: SpecFacts,
): void {
  const blockIO: Writable<NonNullable<Resources["blockIO"]>> = {};
  if (asked.blkioWeight) blockIO.weight = asked.blkioWeight;
  if (asked.deviceReadBps) blockIO.throttleReadBpsDevice = throttle(asked.deviceReadBps, facts);
  if (asked.deviceWriteBps) blockIO.throttleWriteBpsDevice = throttle(asked.deviceWriteBps, facts);
  if (asked.deviceReadIops) blockIO.throttleReadIOPSDevice = throttle(asked.deviceReadIops, facts);
  if (asked.deviceWriteIops) {
    blockIO.throttleWriteIOPSDevice = throttle(asked.deviceWriteIops, facts);
  }
  for (const _key in blockIO) {
    resources.blockIO = blockIO;
    return;
  }
}

function throttle(asked: readonly ThrottleOption[], facts: SpecFacts): ThrottleDevice[] {
  return asked.map(({ path, rate }) => {
    const { major, minor } = findDevice(path, facts);
    return { major, minor, rate };
  });
}
