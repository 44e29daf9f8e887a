// What `run` was asked to do, parsed and typed: the value that the command line, the library and
// the tests hand to the engine. Nothing behind this file looks at a flag's text again.

import type { ProgressSink } from "../image/registry/progress.ts";

/** A size or count that may also be "no limit" (docker's -1). */
export type Limit = number | "unlimited";

/** `--user`: names stay text, as only the container's passwd can resolve them. */
export interface UserOption {
  readonly user: string;
  readonly group?: string;
}

/** A folder or file of the host, or a file system in memory. */
export type HostMountOption =
  | {
      readonly type: "bind";
      readonly source: string;
      readonly target: string;
      readonly readonly: boolean;
      /** "rprivate" unless said. */
      readonly propagation: string;
      /** `-v` makes a missing source folder, as docker does; `--mount` refuses it. */
      readonly createSource: boolean;
      /** `bind-recursive` / `bind-nonrecursive`. */
      readonly recursive: boolean;
    }
  | {
      readonly type: "tmpfs";
      readonly target: string;
      /** Mount options as in mount(8): `size=…`, `mode=…`, `noexec`, … */
      readonly options: readonly string[];
    }
  | {
      /** What a volume's options name: any file system of the host's. */
      readonly type: "filesystem";
      readonly target: string;
      /** `ext4`, `nfs` … */
      readonly kind: string;
      readonly source: string;
      /** As in mount(8). */
      readonly options: readonly string[];
    }
  | {
      /** The layers of an image, to be read only. */
      readonly type: "overlay";
      readonly target: string;
      /** The topmost first; two at least. */
      readonly lower: readonly string[];
    };

/** What bunker keeps: the engine finds or makes it, and turns it into the mount of a folder. */
export type StoredMountOption =
  | {
      readonly type: "volume";
      /** Absent: a volume of the container's own. */
      readonly name?: string;
      readonly target: string;
      readonly readonly: boolean;
      /** Whether an empty volume gets what the image has in its place. */
      readonly copy: boolean;
      /** A folder in the volume. */
      readonly subpath?: string;
      readonly labels?: Readonly<Record<string, string>>;
      /** Of docker's local driver: type, o, device. */
      readonly driverOptions?: Readonly<Record<string, string>>;
    }
  | {
      readonly type: "image";
      readonly reference: string;
      readonly target: string;
      readonly subpath?: string;
    };

/** One `-v`, `--mount` or `--tmpfs`. Paths of the host are absolute and exist, unless `createSource`. */
export type MountOption = HostMountOption | StoredMountOption;

/** `--volumes-from CONTAINER[:ro|rw]` */
export interface VolumesFromOption {
  readonly container: string;
  readonly readonly: boolean;
}

/** Is told how a pull goes on. */
export interface PullProgress extends ProgressSink {
  /** It is there. */
  end(pulled: { readonly name: string; readonly digest: string; readonly isNew: boolean }): void;
}

/** When an image is fetched: always, if it is not there, or never. */
export type PullPolicy = "always" | "missing" | "never";

/** `--device host[:container[:rwm]]`. */
export interface DeviceOption {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly access: string;
}

/** `--ulimit name=soft[:hard]`; -1 is "unlimited". */
export interface UlimitOption {
  /** `RLIMIT_NOFILE` and the like. */
  readonly type: string;
  readonly soft: Limit;
  readonly hard: Limit;
}

export interface ThrottleOption {
  readonly path: string;
  readonly rate: number;
}

export interface WeightOption {
  readonly path: string;
  readonly weight: number;
}

/** `--device-cgroup-rule "c 1:3 rwm"`; a number that is absent: each. */
export interface DeviceRuleOption {
  readonly type: "a" | "b" | "c";
  readonly major?: number;
  readonly minor?: number;
  readonly access: string;
}

/** `--pid`, `--ipc`, `--uts` …: where a namespace comes from. */
export type NamespaceOption =
  | { readonly kind: "private" }
  | { readonly kind: "host" }
  | { readonly kind: "shareable" }
  | { readonly kind: "none" }
  | { readonly kind: "container"; readonly id: string }
  | { readonly kind: "path"; readonly path: string };

/** `--network NAME[,alias=…,ip=…]`: a network by name, and what the container is to be in it. */
export interface NetworkOption {
  readonly name: string;
  /** Names that others find it by. */
  readonly aliases: readonly string[];
  readonly ip?: string;
  readonly ip6?: string;
  readonly mac?: string;
  readonly linkLocal: readonly string[];
  /** The network with the highest has the default route; 0 unless said. */
  readonly gatewayPriority?: number;
  /** Nobody has named it: where this machine cannot have it, the container does without. */
  readonly isUsual?: boolean;
}

/** A port of a container: `80/tcp`. */
export interface PortOption {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly port: number;
}

/** `-p [IP:][HOST[-END]:]PORT[/PROTOCOL]`, a range of containers' ports being one each. */
export interface PublishOption {
  readonly protocol: "tcp" | "udp" | "sctp";
  /** "" is every address of the host. */
  readonly hostIp: string;
  /** 0: any that is free; less than the last: any that is free among them. */
  readonly hostPort: number;
  readonly hostPortLast: number;
  readonly containerPort: number;
}

/** `--add-host NAME:ADDRESS`; "host-gateway" is the host as the container sees it. */
export interface HostEntryOption {
  readonly name: string;
  readonly address: string;
}

/** What is asked for of networks besides the mode; absent where nothing is. */
export interface NetworkingOptions {
  /** The first has the default route; none: no link but the loopback, or the joined namespace's. */
  readonly networks: readonly NetworkOption[];
  readonly publish: readonly PublishOption[];
  readonly publishAll: boolean;
  readonly expose: readonly PortOption[];
  readonly dns: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly dnsOptions: readonly string[];
  readonly addHosts: readonly HostEntryOption[];
}

export interface ResourceOptions {
  readonly memoryBytes?: Limit;
  readonly memorySwapBytes?: Limit;
  readonly memoryReservationBytes?: number;
  readonly memorySwappiness?: number;
  readonly oomKillDisable?: boolean;
  /** CPUs as a fraction, 1.5 for one and a half. */
  readonly cpus?: number;
  readonly cpuShares?: number;
  readonly cpuPeriodUs?: number;
  readonly cpuQuotaUs?: number;
  readonly cpuRealtimePeriodUs?: number;
  readonly cpuRealtimeRuntimeUs?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: Limit;
  readonly blkioWeight?: number;
  readonly blkioWeightDevice?: readonly WeightOption[];
  readonly deviceReadBps?: readonly ThrottleOption[];
  readonly deviceWriteBps?: readonly ThrottleOption[];
  readonly deviceReadIops?: readonly ThrottleOption[];
  readonly deviceWriteIops?: readonly ThrottleOption[];
}

export interface SecurityOptions {
  readonly privileged: boolean;
  /** As given, `CAP_` in front or not, `ALL` included. */
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly noNewPrivileges: boolean;
  /** "default", "unconfined", or the path of a profile. */
  readonly seccomp: string;
  readonly apparmor?: string;
  readonly systempathsUnconfined: boolean;
}

/** Where the root file system comes from. */
export type RootOption =
  | { readonly kind: "host" }
  | { readonly kind: "rootfs"; readonly path: string }
  | { readonly kind: "image"; readonly reference: string };

/** `--restart`; 0 attempts: any number. */
export type RestartOption =
  | { readonly kind: "no" | "always" | "unless-stopped" }
  | { readonly kind: "on-failure"; readonly attempts: number };

/** `--log-driver` and `--log-opt`. */
export interface LogOption {
  readonly driver: "json-file" | "local" | "none";
  readonly maxBytes?: number;
  readonly maxFiles?: number;
  /** All of them as they were given, for `inspect` and `logs --details`. */
  readonly given?: Readonly<Record<string, string>>;
}

/** `--health-*`: what takes the place of the image's HEALTHCHECK, or a part of it. */
export interface HealthOption {
  /** docker's words: `["CMD-SHELL", …]`, `["CMD", …]`, `["NONE"]`. */
  readonly test?: readonly string[];
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly retries?: number;
  readonly startPeriodMs?: number;
  readonly startIntervalMs?: number;
}

export interface RunOptions {
  readonly root: RootOption;
  /** The command after the image; empty: the image's own (a shell in the host image). */
  readonly command: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly name?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  /** `KEY=VALUE` in order; a bare `KEY` has been resolved from the caller's environment. */
  readonly env: readonly string[];
  readonly workdir?: string;
  readonly user?: UserOption;
  readonly groupAdd: readonly string[];
  readonly readonlyRootfs: boolean;
  readonly mounts: readonly MountOption[];
  readonly volumesFrom?: readonly VolumesFromOption[];
  /** "missing" unless said. */
  readonly pull?: PullPolicy;
  /** `os/architecture[/variant]` of the image; this machine's unless said. */
  readonly platform?: string;
  /** Say nothing of a pull's progress. */
  readonly quiet?: boolean;
  /** Who is told of it: asked for when there is a pull, and only then loaded. */
  readonly pullProgress?: () => Promise<PullProgress>;
  readonly devices: readonly DeviceOption[];
  readonly deviceRules?: readonly DeviceRuleOption[];
  readonly ulimits: readonly UlimitOption[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly init: boolean;
  readonly stopSignal?: string;
  /** How long `stop` waits before it kills; -1: for ever. */
  readonly stopTimeoutS?: number;
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly detach: boolean;
  /** What the caller types to leave the container running; docker's ctrl-p,ctrl-q unless said. */
  readonly detachKeys?: string;
  /** Whether the caller's signals are the container's; true unless said. */
  readonly sigProxy?: boolean;
  /** Which of `stdin`, `stdout`, `stderr` are joined in the foreground; all that there are unless said. */
  readonly attach?: readonly string[];
  readonly log?: LogOption;
  readonly health?: HealthOption;
  /** Whether its end is not the last word; "no" unless said. */
  readonly restart?: RestartOption;
  readonly remove: boolean;
  readonly pid: NamespaceOption;
  readonly ipc: NamespaceOption;
  readonly uts: NamespaceOption;
  readonly userns: NamespaceOption | { readonly kind: "auto" };
  /** "default": private where cgroups are unified, the host's otherwise, as docker has it. */
  readonly cgroupns: NamespaceOption | { readonly kind: "default" };
  readonly network: NamespaceOption;
  readonly networking?: NetworkingOptions;
  readonly shmSizeBytes: number;
  readonly resources: ResourceOptions;
  readonly security: SecurityOptions;
  readonly oomScoreAdj?: number;
  readonly cgroupParent?: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidfile?: string;
  readonly pidfile?: string;
  /** chroot instead of pivot_root, for an initramfs. */
  readonly noPivot: boolean;
  /** Print each system call of the set-up with its result and time. */
  readonly trace: boolean;
  /** Make the set-up with the in-process performer instead of the agent. */
  readonly performer: "agent" | "process";
}

/** The same, to be filled. */
export type Writable<T> = T extends readonly (infer E)[]
  ? E[]
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { -readonly [K in keyof T]: Writable<T[K]> }
      : T;

/** docker's size of /dev/shm, 64 MiB. */
const SHM_BYTES = 64 * 1024 * 1024;

/**
 * docker's defaults, for a run that asks for nothing. The network is none: which one is usual is for the
 * command line to say, and a program that calls the library says what it wants.
 */
export function makePlainOptions(): Writable<RunOptions> {
  return {
    root: { kind: "host" },
    command: [],
    env: [],
    groupAdd: [],
    readonlyRootfs: false,
    mounts: [],
    devices: [],
    ulimits: [],
    sysctls: {},
    init: false,
    interactive: false,
    tty: false,
    detach: false,
    remove: false,
    pid: { kind: "private" },
    ipc: { kind: "private" },
    uts: { kind: "private" },
    userns: { kind: "host" },
    cgroupns: { kind: "private" },
    network: { kind: "none" },
    shmSizeBytes: SHM_BYTES,
    resources: {},
    security: {
      privileged: false,
      capAdd: [],
      capDrop: [],
      noNewPrivileges: false,
      seccomp: "default",
      systempathsUnconfined: false,
    },
    annotations: {},
    labels: {},
    noPivot: false,
    trace: false,
    performer: "agent",
  };
}
