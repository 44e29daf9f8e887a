// What `run`'s flags fill while they are parsed: the options themselves, still writable, and what
// is put in its place only when all flags are known.
import {
  makePlainOptions,
  type NetworkingOptions,
  type RunOptions,
  type VolumesFromOption,
  type Writable,
} from "../../engine/run-options.ts";
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

/** Returns what nothing is asked for in. */
export function startDraft(context: RunContext): RunDraft {
  return {
    context,
    options: makePlainOptions(),
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
