// What `run`'s flags fill while they are parsed: the options themselves, still writable, and what
// is put in its place only when all flags are known.
import type { NetworkingOptions, RunOptions, VolumesFromOption } from "../../engine/run-options.ts";
import type { Environment } from "../values/environment.ts";
import type { Pair } from "../values/pair.ts";

/** The world as far as parsing `run` looks at it. */
export interface RunContext {
  readonly env: Environment;
  cwd(): string;
  /** CPUs that this process may use. */
  hostCpus(): number;
  kindOf(path: string): "file" | "directory" | "other" | undefined;
  readText(path: string): string;
}

type Writable<T> = T extends readonly (infer E)[]
  ? E[]
  : T extends (...args: never[]) => unknown
    ? T
    : T extends object
      ? { -readonly [K in keyof T]: Writable<T[K]> }
      : T;

/** What the flags of networks say, before it is known which of them go together. */
export type NetworkDraft = Writable<NetworkingOptions> & {
  readonly aliases: string[];
  readonly linkLocal: string[];
  ip: string | undefined;
  ip6: string | undefined;
  mac: string | undefined;
};

/** The options of a run in the making. */
export interface RunDraft {
  readonly context: RunContext;
  readonly options: Writable<RunOptions>;
  // Order: what comes from files stands before what the command line says, wherever it was said;
  // they are read when all flags could be.
  readonly envFiles: string[];
  readonly labelFiles: string[];
  readonly labels: Pair[];
  readonly annotations: Pair[];
  readonly sysctls: Pair[];
  readonly volumesFrom: VolumesFromOption[];
  networking: NetworkDraft | undefined;
  /** Whether --network was given a mode: none, host, another's. */
  hasNetworkMode: boolean;
  rootfs: string | undefined;
}

/** docker's size of /dev/shm, 64 MiB. */
const shmSizeBytes = 64 * 1024 * 1024;

/** Returns docker's defaults; the network is none unless a flag needs one. */
export function startDraft(context: RunContext): RunDraft {
  return {
    context,
    options: {
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
      shmSizeBytes,
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
    },
    envFiles: [],
    labelFiles: [],
    labels: [],
    annotations: [],
    sysctls: [],
    volumesFrom: [],
    networking: undefined,
    hasNetworkMode: false,
    rootfs: undefined,
  };
}
