// From the flags about limits to `linux.resources`, with docker's conversions.

import type {
  BlockIoResources,
  CpuResources,
  DeviceRule,
  MemoryResources,
  Resources,
  ThrottleDevice,
  WeightDevice,
} from "../oci/spec.ts";
import type { SpecFacts } from "./host-facts.ts";
import type { ResourceOptions, RunOptions, ThrottleOption, WeightOption } from "./run-options.ts";
import { findDevice } from "./spec-devices.ts";

/** What has to be known of the host for them. */
export type ResourceFacts = Pick<SpecFacts, "swapLimit" | "devices">;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** docker's: a tenth of a second. */
const CPU_PERIOD_US = 100_000;

/**
 * The resources of the spec; a controller without a limit is left out.
 * @param devices the rules of the devices controller, see spec-devices.ts
 * @throws UserError for a throttle on something that is no block device
 */
export function makeResources(
  options: Pick<RunOptions, "resources">,
  facts: ResourceFacts,
  devices: readonly DeviceRule[],
  warnings: string[],
): Resources {
  const asked = options.resources;
  const resources: Writable<Resources> = { devices };
  // The makers are large and most runs need one of them at most: loading all took 50 µs.
  const names = Object.keys(asked).join(" ");
  if (names.includes("memory") || names.includes("oom")) {
    const memory = makeMemory(asked, facts, warnings);
    if (memory !== undefined) resources.memory = memory;
  }
  if (names.includes("cpu")) {
    const cpu = makeCpu(asked);
    if (cpu !== undefined) resources.cpu = cpu;
  }
  if (asked.pidsLimit !== undefined) {
    const limited = asked.pidsLimit !== "unlimited" && asked.pidsLimit > 0;
    resources.pids = { limit: limited ? Number(asked.pidsLimit) : -1 };
  }
  if (names.includes("blkio") || names.includes("device")) {
    const blockIO = makeBlockIo(asked, facts);
    if (blockIO !== undefined) resources.blockIO = blockIO;
  }
  return resources;
}

function makeMemory(
  asked: ResourceOptions,
  facts: ResourceFacts,
  warnings: string[],
): MemoryResources | undefined {
  let memory: Writable<MemoryResources> | undefined;
  const limit = asked.memoryBytes;
  if (typeof limit === "number" && limit > 0) {
    memory = { limit };
    setSwap(memory, limit, asked, facts, warnings);
  }
  if (asked.memoryReservationBytes) (memory ??= {}).reservation = asked.memoryReservationBytes;
  const { memorySwappiness } = asked;
  // -1 is docker's "not given".
  if (memorySwappiness !== undefined && memorySwappiness >= 0) {
    (memory ??= {}).swappiness = memorySwappiness;
  }
  if (asked.oomKillDisable === true) (memory ??= {}).disableOOMKiller = true;
  return memory;
}

// As much swap as memory, unless said; unlimited is the kernel's own and is not written.
function setSwap(
  memory: Writable<MemoryResources>,
  limit: number,
  asked: ResourceOptions,
  facts: ResourceFacts,
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
  let cpu: Writable<CpuResources> | undefined;
  if (asked.cpuShares) cpu = { shares: asked.cpuShares };
  if (asked.cpus !== undefined && asked.cpus > 0) {
    cpu ??= {};
    cpu.period = CPU_PERIOD_US;
    // docker keeps billionths of a CPU and cuts off what is less than a microsecond.
    cpu.quota = Math.trunc(Math.round(asked.cpus * 1e9) / (1e9 / CPU_PERIOD_US));
  }
  if (asked.cpuPeriodUs) (cpu ??= {}).period = asked.cpuPeriodUs;
  if (asked.cpuQuotaUs) (cpu ??= {}).quota = asked.cpuQuotaUs;
  const { cpuRealtimePeriodUs, cpuRealtimeRuntimeUs } = asked;
  if (cpuRealtimePeriodUs) (cpu ??= {}).realtimePeriod = cpuRealtimePeriodUs;
  if (cpuRealtimeRuntimeUs) (cpu ??= {}).realtimeRuntime = cpuRealtimeRuntimeUs;
  if (asked.cpusetCpus) (cpu ??= {}).cpus = asked.cpusetCpus;
  if (asked.cpusetMems) (cpu ??= {}).mems = asked.cpusetMems;
  return cpu;
}

function makeBlockIo(asked: ResourceOptions, facts: ResourceFacts): BlockIoResources | undefined {
  const { blkioWeightDevice, deviceReadBps, deviceWriteBps } = asked;
  const { deviceReadIops, deviceWriteIops } = asked;
  let blockIO: Writable<BlockIoResources> | undefined;
  if (asked.blkioWeight) blockIO = { weight: asked.blkioWeight };
  if (blkioWeightDevice) (blockIO ??= {}).weightDevice = weigh(blkioWeightDevice, facts);
  if (deviceReadBps) (blockIO ??= {}).throttleReadBpsDevice = throttle(deviceReadBps, facts);
  if (deviceWriteBps) (blockIO ??= {}).throttleWriteBpsDevice = throttle(deviceWriteBps, facts);
  if (deviceReadIops) (blockIO ??= {}).throttleReadIOPSDevice = throttle(deviceReadIops, facts);
  if (deviceWriteIops) (blockIO ??= {}).throttleWriteIOPSDevice = throttle(deviceWriteIops, facts);
  return blockIO;
}

function weigh(asked: readonly WeightOption[], facts: ResourceFacts): WeightDevice[] {
  return asked.map(({ path, weight }) => {
    const { major, minor } = findDevice(path, facts);
    return { major, minor, weight };
  });
}

function throttle(asked: readonly ThrottleOption[], facts: ResourceFacts): ThrottleDevice[] {
  return asked.map(({ path, rate }) => {
    const { major, minor } = findDevice(path, facts);
    return { major, minor, rate };
  });
}
