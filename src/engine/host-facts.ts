// What makeSpec() has to know besides the options: facts about the host, the image and the container's
// own files, gathered by others beforehand so that the making itself is pure.

import type { IdMapping } from "../oci/spec.ts";
import type { Limit } from "./run-options.ts";

/** A device node of the host. */
export interface DeviceNode {
  /** Where it is on the host, symbolic links resolved. */
  readonly path: string;
  /** The folder that was asked for, where it was found below one; `path` starts with it. */
  readonly folder?: string;
  readonly type: "c" | "b" | "p";
  readonly major: number;
  readonly minor: number;
  /** Permission bits alone. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What an image says about its containers: the `config` of its configuration JSON. */
export interface ImageDefaults {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly env?: readonly string[];
  readonly workdir?: string;
}

/** A user as ids, from the container's own passwd and group: see resolve-user.ts. */
export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** The groups that list the user, then those of `--group-add`; the primary one is not among them. */
  readonly additionalGids: readonly number[];
  /** Absent where passwd has no entry. */
  readonly home?: string;
}

/** The files of the state folder that stand for three of the container's; each may be left out. */
export interface EtcFiles {
  readonly hosts?: string;
  readonly hostname?: string;
  readonly resolvConf?: string;
}

/** The id ranges of a user namespace to make. */
export interface IdMappings {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/** Everything that the spec of a container depends on and that is not an option. */
export interface SpecFacts {
  /** 64 hexadecimal digits. */
  readonly containerId: string;
  /** Where the root file system is mounted, or will be, on the host. */
  readonly rootfsPath: string;
  readonly image?: ImageDefaults;
  readonly user: ResolvedUser;
  readonly etcFiles: EtcFiles;
  /** The host's own name, for containers that share it. */
  readonly hostHostname?: string;
  /** The capabilities that can be given away: this process's, or all within a new user namespace. */
  readonly capabilities: readonly string[];
  /** Hard limits of this process by name (`RLIMIT_NOFILE`), as far as they were looked at. */
  readonly hardLimits: Readonly<Record<string, Limit>>;
  /** What a container's cgroup namespace is when nobody says. */
  readonly defaultCgroupNamespace: "private" | "host";
  /** Whether the kernel has time namespaces (5.6), and containers are to have one. */
  readonly timeNamespace: boolean;
  /** For `--userns auto|private` and without root; absent: no user namespace is made. */
  readonly idMappings?: IdMappings;
  /** Whether bunker itself runs in a user namespace that is not the host's first. */
  readonly inUserNamespace?: boolean;
  /** The pid of the init of each container that an option names, by the text of the option. */
  readonly containerPids?: Readonly<Record<string, number>>;
  /** The host's folder behind /dev/shm of a container that an option names, by the same text. */
  readonly shmPaths?: Readonly<Record<string, string>>;
  /** A tmpfs on the host that is this container's /dev/shm, so that others can join it later. */
  readonly shareableShmPath?: string;
  /** What is at each path of `--device` and of the throttles: one node, or all below a folder. */
  readonly devices?: Readonly<Record<string, readonly DeviceNode[]>>;
  /** Every device of the host, for `--privileged`; without pts, shm, mqueue, fd and console. */
  readonly hostDevices?: readonly DeviceNode[];
  /** `/sys/devices/system/cpu/cpuN/thermal_throttle`, those that exist; they are masked. */
  readonly thermalThrottlePaths?: readonly string[];
  /** Whether a mount can be made read-only with everything below it (Linux 5.12); true unless said. */
  readonly recursiveReadonly?: boolean;
  /** Mount options that are locked on a bind source in a user namespace, by its path. */
  readonly lockedMountOptions?: Readonly<Record<string, readonly string[]>>;
  /** Whether swap can be limited; true unless said. */
  readonly swapLimit?: boolean;
  /** Of docker's two default sysctls, those that this kernel lacks. */
  readonly missingSysctls?: readonly string[];
  /** The AppArmor profile of a container without a wish; absent: the host has no AppArmor. */
  readonly apparmorProfile?: string;
}
