// What a config.json asks for that few do: the planners of it, loaded only for those, and refusals of
// what this host does not have.

import type { Step } from "../../../ffi/call.ts";
import { readTextIfThere } from "../../../ffi/files.ts";
import { FILE_SYSTEM_MAGIC, statfs } from "../../../ffi/statfs.ts";
import type { LaunchOptions } from "../../container/launch.ts";
// Start-up time: with this file and not after it, as binds are what most containers need it for.
import { planBundleMounts } from "../../container/plan-bundle-mounts.ts";
import type { Features, LaunchRequest } from "../../container/request.ts";
import { makeRootfsHands } from "../../container/rootfs-hands.ts";
import { UserError } from "../../errors.ts";
import type { Mount, Spec } from "../../oci/spec.ts";
import { type FeatureNeeds, findNamespace } from "./feature-needs.ts";

export interface LoadedFeatures {
  readonly request: Partial<LaunchRequest>;
  readonly launch: Partial<LaunchOptions>;
  /** Once there is an init process, in its namespaces, and nothing is set up yet. */
  readonly onInit?: (initPid: number) => void;
  /** A folder that goes with the container. */
  readonly resctrlGroup?: string;
  readonly warnings: readonly string[];
}

/**
 * @param request as it is without; what comes back belongs into it
 * @param rootfs the folder on the host
 * @param id the container's
 * @throws UserError for what this host does not have
 */
export async function loadFeatures(
  spec: Spec,
  request: LaunchRequest,
  rootfs: string,
  id: string,
  needs: FeatureNeeds,
): Promise<LoadedFeatures> {
  const features: Features = {
    ...(needs.mounts ? await loadMounts(spec, rootfs) : {}),
    ...(needs.assistance ? await loadAssisted(spec) : {}),
    ...(needs.attributes ? await loadAttributesOf(spec) : {}),
  };
  const host = needs.host ? await (await import("./host-features.ts")).prepareHost(spec, id) : {};
  return {
    request: {
      features,
      ...(findNamespace(spec, "user") !== undefined ? adaptToUser(spec, request) : {}),
      ...(request.noPivot ? { kernelMounts: listKernelMounts() } : {}),
    },
    launch: needs.assistance ? { assistance: await import("../../container/assist.ts") } : {},
    ...host,
    warnings: needs.warnings ? await listWarnings(spec) : [],
  };
}

async function loadMounts(spec: Spec, rootfs: string): Promise<Features> {
  for (const mount of spec.mounts ?? []) if (mount.destination === "/proc") requireProc(mount);
  const copy = copiesUp(spec) ? (await import("../../container/copy-tree.ts")).copyTree : undefined;
  const hands = makeRootfsHands(rootfs, copy);
  const later: Step[] = [];
  return {
    planMounts: (request, root, idMaps) => planBundleMounts(request, root, hands, idMaps, later),
    planAfterMounts: () => later,
  };
}

function copiesUp({ mounts = [] }: Spec): boolean {
  for (const { options = [] } of mounts) if (options.includes("tmpcopyup")) return true;
  return false;
}

/** Security: as in validate-mounts.ts, for a /proc that is bound. */
function requireProc({ type, source = "" }: Mount): void {
  if (type === "proc" || statfs(source).magic === FILE_SYSTEM_MAGIC.proc) return;
  const message = `"/proc" cannot be mounted because it is not of type proc: got "${source}"`;
  throw new UserError(message, undefined, 1);
}

/** Where an empty folder can be attached in a tree that is left; open to all, and always there. */
const SCRATCH = "/proc";

async function loadAssisted(spec: Spec): Promise<Features> {
  const { planAssisted } = await import("../../container/plan-assisted.ts");
  const { linux = {} } = spec;
  const isNew = findNamespace(spec, "user")?.path === undefined;
  // Of a namespace that is joined the mappings are not known: then the host's own nodes are bound.
  if ((linux.devices ?? []).length === 0 || !isNew || linux.uidMappings === undefined) {
    return { planAssisted };
  }
  const { planMappedDevices } = await import("../../container/plan-mapped-devices.ts");
  return {
    planAssisted,
    planDevices: (devices, root) => planMappedDevices(devices, root, linux, SCRATCH),
  };
}

async function loadAttributesOf({ process, linux }: Spec): Promise<Features> {
  return (await import("./load-attributes.ts")).loadAttributes(process, linux?.mountLabel);
}

/** The root of a user namespace reaches few of the host's folders, and none of its cgroup files. */
function adaptToUser(spec: Spec, { cgroupJoin }: LaunchRequest): Partial<LaunchRequest> {
  const isBornThere =
    cgroupJoin.how === "clone-into" && findNamespace(spec, "user")?.path === undefined;
  return {
    stateFolder: SCRATCH,
    ...(isBornThere ? {} : { cgroupJoin: { how: "none" } }),
  };
}

/** Where the kernel's own file systems are mounted; the later ones lie on top. */
function listKernelMounts(): string[] {
  const mounts: string[] = [];
  for (const line of (readTextIfThere("/proc/self/mounts") ?? "").split("\n")) {
    const [, path = "", type] = line.split(" ");
    if (type === "proc" || type === "sysfs") mounts.unshift(unescapeOctal(path));
  }
  return mounts;
}

/** `\040` for a space. proc(5) */
const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));

async function listWarnings({ process }: Spec): Promise<string[]> {
  const capabilities = process?.capabilities;
  if (capabilities === undefined) return [];
  const { listCapabilityWarnings } = await import("../../container/capability-warnings.ts");
  return listCapabilityWarnings(capabilities);
}
