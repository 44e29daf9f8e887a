// What a container's launch is made of, once the spec is checked and the host was looked at: the
// value that the plan is a pure function of.

import type { CgroupJoin } from "../../cgroups/manager.ts";
import type { Slot, Step } from "../../ffi/call.ts";
import type { DeviceRequest } from "../../fs/device-plan.ts";
import type { KindOf } from "../../fs/mask-plan.ts";
import type { RootSource } from "../../fs/root-plan.ts";
import type { Spec } from "../oci/spec.ts";
import type { planGate } from "./plan-gate.ts";
import type { planAssisted } from "./plan-assisted.ts";
import type { planAttributes, planLabels } from "./plan-attributes.ts";
import type { IdMap } from "./plan-bundle-mounts.ts";
import type { MappedParts, planMapped, slotsOf, takeHostOpens } from "./plan-mapped.ts";
import type { Premade } from "./plan-premade.ts";
import type { planReaper } from "./plan-reaper.ts";

/** A compiled seccomp program. */
export interface SeccompProgram {
  readonly program: Uint8Array;
  /** SECCOMP_FILTER_FLAG bits. */
  readonly flags: number;
  /** Gets the listener of a filter that asks somebody: see listener.ts. */
  readonly listenerSlot?: Slot;
}

/** One hierarchy as the container is to see it under /sys/fs/cgroup. */
export interface CgroupView {
  /** The folder below the mount's destination; "" for the only hierarchy there is (v2). */
  readonly name: string;
  /** The container's own cgroup in it, on the host. */
  readonly directory: string;
  /** Other names of a hierarchy with several controllers. */
  readonly links: readonly string[];
}

/** The planners of what few containers ask for: each is loaded only for those. */
export interface Features {
  /** For a user namespace, and for mounts whose ids are mapped: see plan-assisted.ts. */
  readonly planAssisted?: typeof planAssisted;
  readonly planAttributes?: typeof planAttributes;
  readonly planLabels?: typeof planLabels;
  /** Instead of plan.ts's own; `idMaps` gets what the mounts need. */
  readonly planMounts?: (request: LaunchRequest, root: Slot, idMaps: IdMap[]) => readonly Step[];
  /** Instead of fs/device-plan.ts, for the spec's own devices. */
  readonly planDevices?: (devices: readonly DeviceRequest[], root: Slot) => readonly Step[];
  /** Once everything is in the mounts. */
  readonly planAfterMounts?: () => readonly Step[];
}

export interface LaunchRequest {
  readonly spec: Spec;
  readonly rootSource: RootSource;
  /** A folder of ours that nothing else uses while the container is set up. */
  readonly stateFolder: string;
  readonly seccomp?: SeccompProgram;
  readonly cgroupJoin: CgroupJoin;
  readonly cgroupViews: readonly CgroupView[];
  /** For each bind mount's source, whether it is a folder. */
  readonly isDirectory: (source: string) => boolean;
  /** What is at a path of the container's /proc or /sys, where that is the host kernel's own. */
  readonly kindOf: KindOf;
  /** chroot instead of pivot_root. */
  readonly noPivot: boolean;
  /** The program reads nothing: its stdin is /dev/null. Of no meaning with a terminal. */
  readonly nullStdin?: boolean;
  /** The descriptors besides the standard streams that the user's program keeps, ascending. */
  readonly preserveFds: readonly number[];
  /** Where the container is started later: the plan, and the fifo that is inherited. Loaded only then. */
  readonly gate?: { readonly planGate: typeof planGate; readonly fd: number };
  readonly features?: Features;
  /** File systems that the agent makes, for mounts of the spec. */
  readonly premade?: Premade;
  /** Any cpu of its cgroup, whatever this process is confined to. */
  readonly anyCpu?: boolean;
  /** The container's /dev is to be read-only in the end. */
  readonly readonlyDev?: boolean;
  /** Mounts of the host's that --no-pivot would leave in reach. */
  readonly kernelMounts?: readonly string[];
  /** Where a reaper is pid 1, and the user's program its child: loaded only then. */
  readonly planReaper?: typeof planReaper;
  /** For a user namespace made by a process that may still open what is the host's: loaded only then. */
  readonly mapping?: {
    readonly planMapped: typeof planMapped;
    readonly takeHostOpens: typeof takeHostOpens;
    readonly slotsOf: typeof slotsOf;
    /** Whether what is mounted of the host is id-mapped, so that its files belong to the same ids inside. */
    readonly mapsSource: (path: string) => boolean;
    /** Puts together what is opened afterwards. */
    readonly planFirst?: MappedParts["planFirst"];
  };
  /** Keep the session keyring of the caller. */
  readonly noNewKeyring: boolean;
  /** The pid of the process that makes the container: the agent ends with it. */
  readonly parentPid: number;
}
