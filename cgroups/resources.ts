// The limits that a cgroup can be given: `linux.resources` of config.json, field for field, so that
// a parsed specification fits in as it is (cgroups/ does not import from src/). An absent field
// leaves the kernel's value, and so does 0 where 0 would be no limit of any use; -1 lifts a limit.
// Specification: config-linux.md, "Control groups".

export interface Resources {
  readonly devices?: readonly DeviceRule[];
  readonly memory?: MemoryResources;
  readonly cpu?: CpuResources;
  readonly pids?: { readonly limit?: number };
  readonly blockIO?: BlockIoResources;
  readonly hugepageLimits?: readonly HugepageLimit[];
  readonly network?: NetworkResources;
  readonly rdma?: Readonly<Record<string, RdmaLimit>>;
  readonly unified?: Readonly<Record<string, string>>;
}

/** An absent or negative number means every number; absent access means "rwm". */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: "a" | "c" | "b";
  readonly major?: number;
  readonly minor?: number;
  readonly access?: string;
}

/** In bytes; `swap` is memory and swap together. */
export interface MemoryResources {
  readonly limit?: number;
  readonly reservation?: number;
  readonly swap?: number;
  readonly kernel?: number;
  readonly kernelTCP?: number;
  readonly swappiness?: number;
  readonly disableOOMKiller?: boolean;
  readonly useHierarchy?: boolean;
  readonly checkBeforeUpdate?: boolean;
}

/** Times in microseconds. */
export interface CpuResources {
  readonly shares?: number;
  readonly quota?: number;
  readonly burst?: number;
  readonly period?: number;
  readonly realtimeRuntime?: number;
  readonly realtimePeriod?: number;
  readonly cpus?: string;
  readonly mems?: string;
  readonly idle?: number;
}

export interface WeightDevice {
  readonly major: number;
  readonly minor: number;
  readonly weight?: number;
  readonly leafWeight?: number;
}

export interface ThrottleDevice {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

/** Weights from 10 to 1000; rates in bytes or operations a second. */
export interface BlockIoResources {
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly WeightDevice[];
  readonly throttleReadBpsDevice?: readonly ThrottleDevice[];
  readonly throttleWriteBpsDevice?: readonly ThrottleDevice[];
  readonly throttleReadIOPSDevice?: readonly ThrottleDevice[];
  readonly throttleWriteIOPSDevice?: readonly ThrottleDevice[];
}

export interface HugepageLimit {
  readonly pageSize: string;
  readonly limit: number;
}

export interface NetworkResources {
  readonly classID?: number;
  readonly priorities?: readonly { readonly name: string; readonly priority: number }[];
}

export interface RdmaLimit {
  readonly hcaHandles?: number;
  readonly hcaObjects?: number;
}
