// A bundle and what the command line says → everything that a launch needs, with the host looked at
// and nothing changed.

import { detectCgroups } from "../../../cgroups/detect.ts";
import type { CgroupManager } from "../../../cgroups/manager.ts";
import type { CgroupStep } from "../../../cgroups/steps.ts";
import { isDirectory, readText } from "../../../ffi/files.ts";
import type { RootSource } from "../../../fs/root-plan.ts";
import { listCgroupViews } from "../../container/cgroup-views.ts";
import type { LaunchRequest } from "../../container/request.ts";
import { UserError } from "../../errors.ts";
import type { Mount, NamespaceType, Process, Spec } from "../../oci/spec.ts";
import { kernelKinds, withDefaultDevices } from "../launch-facts.ts";
import { type Bundle, isBind } from "./bundle.ts";
import { findFeatureNeeds } from "./feature-needs.ts";
import type { LoadedFeatures } from "./load-features.ts";
import { countActivated, passOn, withActivated } from "./inherited-fds.ts";
import type { CreateOptions, OciGlobals } from "./options.ts";

export interface PreparedBundle {
  readonly spec: Spec;
  readonly request: LaunchRequest;
  readonly cgroups: CgroupManager;
  readonly cgroupsPath: string;
  /** For a relative path: where we ourselves are, which later commands may not be. */
  readonly ownCgroups?: string;
  readonly cgroupSteps: () => readonly CgroupStep[];
  /** What few containers ask for. */
  readonly features?: LoadedFeatures;
  /** The filter asks somebody: its descriptor is to be sent to `linux.seccomp.listenerPath`. */
  readonly listens: boolean;
}

/**
 * @param stateFolder of the container: a folder of ours that nothing is mounted on
 * @param gateFd the fifo, where the container is to be started later
 * @throws UserError for what cannot be, SyscallError for what the host refuses to tell
 */
export async function prepareBundle(
  bundle: Bundle,
  options: CreateOptions,
  globals: OciGlobals,
  stateFolder: string,
  gateFd: number | undefined,
): Promise<PreparedBundle> {
  const { rootfs } = bundle;
  const readonlyDev = isDevReadonly(bundle.spec);
  const activated = countActivated();
  const adapted = adapt(bundle.spec, readonlyDev, activated);
  const notify = process.env["NOTIFY_SOCKET"] === undefined ? undefined : await findNotify();
  const spec = notify?.(adapted, stateFolder) ?? adapted;
  refuseSystemd(spec, globals);
  const cgroups = detectCgroups({ withUnified: true });
  const cgroupsPath = spec.linux?.cgroupsPath || options.id;
  const resources = withDefaultDevices(spec.linux?.resources ?? {});
  const filter =
    spec.linux?.seccomp === undefined
      ? undefined
      : (await import("./seccomp.ts")).compileSpecSeccomp(spec);
  if (filter !== undefined) globals.debug(`seccomp filter flags: ${filter.flags}`);
  const rootSource: RootSource = { kind: "directory", path: rootfs };
  const request: LaunchRequest = {
    spec,
    rootSource,
    stateFolder,
    ...(filter === undefined ? {} : { seccomp: filter }),
    cgroupJoin: cgroups.join(cgroupsPath),
    cgroupViews: listCgroupViews(cgroups, cgroupsPath, !hasNamespace(spec, "cgroup")),
    isDirectory,
    kindOf: kernelKinds(spec),
    noPivot: options.noPivot,
    preserveFds: passOn(activated + options.preserveFds, globals.inheritedFds ?? []),
    noNewKeyring: options.noNewKeyring,
    parentPid: process.pid,
    anyCpu: true,
    readonlyDev,
    ...(gateFd === undefined
      ? {}
      : {
          gate: { fd: gateFd, planGate: (await import("../../container/plan-gate.ts")).planGate },
        }),
  };
  const needs = findFeatureNeeds(spec, options.noPivot);
  const features =
    needs === undefined
      ? undefined
      : await (
          await import("./load-features.ts")
        ).loadFeatures(spec, request, rootfs, options.id, needs);
  return {
    spec,
    request: features === undefined ? request : { ...request, ...features.request },
    ...(features === undefined ? {} : { features }),
    cgroups,
    cgroupsPath,
    ...(cgroupsPath.startsWith("/") ? {} : { ownCgroups: readText("/proc/self/cgroup") }),
    cgroupSteps: () => cgroups.planCreate(cgroupsPath, resources),
    listens: filter?.listenerSlot !== undefined,
  };
}

function refuseSystemd({ linux }: Spec, { systemdCgroup }: OciGlobals): void {
  const path = linux?.cgroupsPath ?? "";
  if (!systemdCgroup) return;
  throw new UserError(
    `cgroups by systemd (--systemd-cgroup) are not there yet: got cgroupsPath "${path}"`,
    "have the caller use cgroupfs: native.cgroupdriver=cgroupfs, --cgroup-manager cgroupfs",
    1,
  );
}

/** Where the caller waits for the program to be ready: loaded only then. */
async function findNotify(): Promise<((spec: Spec, stateFolder: string) => Spec) | undefined> {
  const { callersSocket, withNotify } = await import("./notify-socket.ts");
  const path = callersSocket();
  if (path === undefined) return undefined;
  return (spec, stateFolder) => withNotify(spec, path, stateFolder);
}

/** What the spec becomes on its way to the plan. */
function adapt(spec: Spec, readonlyDev: boolean, activated: number): Spec {
  const adapted = readonlyDev ? withWritableDev(spec) : spec;
  const { process, annotations } = adapted;
  const keepsGroups = annotations?.["run.oci.keep_original_groups"] === "1";
  if (process === undefined || (activated === 0 && !keepsGroups)) return adapted;
  const listening = withActivated(process, activated);
  return { ...adapted, process: keepsGroups ? withOurGroups(listening) : listening };
}

/** As crun has it. */
function withOurGroups(process: Process): Process {
  const additionalGids = globalThis.process.getgroups?.() ?? [];
  return { ...process, user: { ...process.user, additionalGids } };
}

const isReadonlyDev = (mount: Mount): boolean =>
  mount.destination === "/dev" && !isBind(mount) && (mount.options ?? []).includes("ro");

function isDevReadonly({ mounts = [] }: Spec): boolean {
  for (const mount of mounts) if (isReadonlyDev(mount)) return true;
  return false;
}

/** It becomes read-only once the devices are in it. */
function withWritableDev(spec: Spec): Spec {
  const mounts = (spec.mounts ?? []).map((mount) =>
    isReadonlyDev(mount)
      ? { ...mount, options: (mount.options ?? []).filter((word) => word !== "ro") }
      : mount,
  );
  return { ...spec, mounts };
}

function hasNamespace({ linux }: Spec, wanted: NamespaceType): boolean {
  for (const { type } of linux?.namespaces ?? []) if (type === wanted) return true;
  return false;
}
