// `linux` of config.json: namespaces, id ranges, devices, hidden paths. Its `resources` and `seccomp`
// have rooms of their own. Specification: config-linux.md.

import type { LinuxSeccomp } from "./seccomp-types.ts";
import type { IdMapping } from "./spec.ts";
import type { Resources } from "./spec-resources.ts";

/** `linux` of config.json. Specification: config-linux.md. */
export interface Linux {
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  readonly sysctl?: Readonly<Record<string, string>>;
  readonly resources?: Resources;
  /** Absolute: from the cgroup mount on; relative: the runtime decides from where. */
  readonly cgroupsPath?: string;
  readonly namespaces?: readonly Namespace[];
  readonly devices?: readonly Device[];
  readonly netDevices?: Readonly<Record<string, NetDevice>>;
  readonly seccomp?: LinuxSeccomp;
  readonly rootfsPropagation?: Propagation;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly mountLabel?: string;
  readonly intelRdt?: IntelRdt;
  readonly memoryPolicy?: MemoryPolicy;
  readonly personality?: Personality;
  readonly timeOffsets?: TimeOffsets;
}

export type NamespaceType =
  "mount" | "network" | "uts" | "ipc" | "pid" | "user" | "cgroup" | "time";

/** A namespace to make, or with `path` to join. A type that is not listed is the caller's own. */
export interface Namespace {
  readonly type: NamespaceType;
  readonly path?: string;
}

export type Propagation =
  "private" | "rprivate" | "slave" | "rslave" | "shared" | "rshared" | "unbindable" | "runbindable";

/** A node to make below the root file system, or to bind from the host in a user namespace. */
export interface Device {
  readonly path: string;
  /** Character (`u` is unbuffered, the same), block, or a fifo. */
  readonly type: "c" | "u" | "b" | "p";
  readonly major: number;
  readonly minor: number;
  /** Permission bits; 0o666 when absent. */
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** A network device of the host that moves into the container, perhaps under a new name. */
export interface NetDevice {
  readonly name?: string;
}

/** resctrl(5): cache and memory bandwidth. */
export interface IntelRdt {
  readonly closID?: string;
  readonly schemata?: readonly string[];
  readonly l3CacheSchema?: string;
  readonly memBwSchema?: string;
  readonly enableMonitoring?: boolean;
}

export type MemoryPolicyMode =
  | "MPOL_DEFAULT"
  | "MPOL_BIND"
  | "MPOL_INTERLEAVE"
  | "MPOL_WEIGHTED_INTERLEAVE"
  | "MPOL_PREFERRED"
  | "MPOL_PREFERRED_MANY"
  | "MPOL_LOCAL";

export type MemoryPolicyFlag =
  "MPOL_F_NUMA_BALANCING" | "MPOL_F_RELATIVE_NODES" | "MPOL_F_STATIC_NODES";

/** What set_mempolicy(2) is given; `nodes` is a list such as "0-3,7". */
export interface MemoryPolicy {
  readonly mode: MemoryPolicyMode;
  readonly nodes?: string;
  readonly flags?: readonly MemoryPolicyFlag[];
}

/** What personality(2) is given; no flags are defined as yet. */
export interface Personality {
  readonly domain: "LINUX" | "LINUX32";
  readonly flags?: readonly string[];
}

/** An offset of one clock of a time namespace. */
export interface TimeOffset {
  readonly secs?: number;
  readonly nanosecs?: number;
}

/** The clocks that a time namespace can shift, see time_namespaces(7). */
export interface TimeOffsets {
  readonly monotonic?: TimeOffset;
  readonly boottime?: TimeOffset;
}
