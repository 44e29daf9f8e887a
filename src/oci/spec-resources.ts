// `linux.resources` of config.json, every controller; also the input of `update --resources`. An absent
// field leaves the kernel's value; -1 is "no limit" where a limit is signed.
// Specification: config-linux.md, "Control groups".

/** `linux.resources`, and the file that `update --resources` takes. */
export interface Resources {
  /** Rules in order: a later one wins over an earlier one. */
  readonly devices?: readonly DeviceRule[];
  readonly memory?: MemoryResources;
  readonly cpu?: CpuResources;
  readonly pids?: { readonly limit?: number };
  readonly blockIO?: BlockIoResources;
  readonly hugepageLimits?: readonly HugepageLimit[];
  readonly network?: NetworkResources;
  readonly rdma?: Readonly<Record<string, RdmaLimit>>;
  /** Control file of cgroup v2 → what is written to it, as it stands. */
  readonly unified?: Readonly<Record<string, string>>;
}

/** One rule of the devices controller; an absent or negative number means every number. */
export interface DeviceRule {
  readonly allow: boolean;
  /** All, character or block; absent: all. */
  readonly type?: "a" | "c" | "b";
  readonly major?: number;
  readonly minor?: number;
  /** Some of "rwm": read, write, mknod. */
  readonly access?: string;
}

/** All in bytes. */
export interface MemoryResources {
  readonly limit?: number;
  readonly reservation?: number;
  /** Memory and swap together. */
  readonly swap?: number;
  /** Deprecated: the kernel has dropped it. */
  readonly kernel?: number;
  readonly kernelTCP?: number;
  /** 0 to 100. */
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
  /** A list such as "0-3,7". */
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

/** `rate` in bytes or operations a second. */
export interface ThrottleDevice {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

export interface BlockIoResources {
  /** 10 to 1000. */
  readonly weight?: number;
  readonly leafWeight?: number;
  readonly weightDevice?: readonly WeightDevice[];
  readonly throttleReadBpsDevice?: readonly ThrottleDevice[];
  readonly throttleWriteBpsDevice?: readonly ThrottleDevice[];
  readonly throttleReadIOPSDevice?: readonly ThrottleDevice[];
  readonly throttleWriteIOPSDevice?: readonly ThrottleDevice[];
}

export interface HugepageLimit {
  /** "2MB", "1GB" … */
  readonly pageSize: string;
  /** In bytes. */
  readonly limit: number;
}

export interface InterfacePriority {
  readonly name: string;
  readonly priority: number;
}

export interface NetworkResources {
  readonly classID?: number;
  readonly priorities?: readonly InterfacePriority[];
}

export interface RdmaLimit {
  readonly hcaHandles?: number;
  readonly hcaObjects?: number;
}
