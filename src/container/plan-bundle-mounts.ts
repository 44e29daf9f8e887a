// All mounts of a config.json, where some are of the kinds that fs/bundle-mount-plan.ts makes. Pure,
// but for what it is given to look at the rootfs with.

import { Slot, type Step } from "../../ffi/call.ts";
import { symlinkat } from "../../ffi/calls.ts";
import { EEXIST } from "../../ffi/errno.ts";
import {
  type BundleContext,
  type BundleMount,
  planBundleMount,
} from "../../fs/bundle-mount-plan.ts";
import { makeDirectories, openPlace, pathBelowRoot } from "../../fs/safe-path.ts";
import type { IdMapping, Mount, Namespace, NamespaceType, Spec } from "../oci/spec.ts";
import { planCgroupMount } from "./plan-cgroup.ts";
import type { LaunchRequest } from "./request.ts";

/** What is looked up in the rootfs, and done to it, while the mounts are made. */
export interface RootfsHands {
  /** Where a path of the container ends: see find-target.ts. */
  readonly findTarget: BundleContext["findTarget"];
  readonly copyUp: BundleContext["copyUp"];
  /** The permissions of a folder of the image; undefined where there is none. */
  readonly folderMode: (path: string) => number | undefined;
  /** Where a link of the host's points; undefined for what is none. */
  readonly linkTarget: (path: string) => string | undefined;
}

/** The ids that the files of some mounts are to show; undefined: those of the container's own. */
export interface IdMap {
  readonly attributes: Slot;
  readonly mappings?: IdMappings;
}

export interface IdMappings {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

const MOUNT_ATTR_BYTES = 32;
const IDMAP_BIT = 0x00100000;
const MANY_MOUNTS = 60;

/**
 * @param idMaps gets the id mappings of the mounts, each once
 * @param later gets what is to be done once the devices are there
 */
export function planBundleMounts(
  { spec, isDirectory, cgroupViews, rootSource }: LaunchRequest,
  root: Slot,
  hands: RootfsHands,
  idMaps: IdMap[],
  later: Step[],
): Step[] {
  const mounts = spec.mounts ?? [];
  const user = findOwn(spec, "user") !== undefined;
  const context: BundleContext = {
    root,
    fresh: new Map(),
    closesEarly: mounts.length > MANY_MOUNTS,
    keepsLocked: user,
    findTarget: hands.findTarget,
    copyUp: hands.copyUp,
    later,
  };
  const steps: Step[] = [];
  const { mountLabel } = spec.linux ?? {};
  const rootfs = rootSource.kind === "directory" ? rootSource.path : "";
  for (const given of mounts) {
    const own = user ? withoutOwnNamespace(given, spec) : given;
    const mount = mountLabel === undefined ? own : withLabel(own, mountLabel);
    const { type, source = "", options = [] } = mount;
    const destination = stripRoot(mount.destination, rootfs);
    if (type === "cgroup" || (type === "cgroup2" && cgroupViews.length === 1)) {
      steps.push(...planCgroupMount(mount, cgroupViews, root));
      continue;
    }
    const link = options.includes("copy-symlink") ? hands.linkTarget(source) : undefined;
    if (link !== undefined) {
      steps.push(planLink(destination, link, root));
      continue;
    }
    const idMap = findIdMap(mount, idMaps);
    const request: BundleMount = {
      destination,
      source,
      options,
      type: type ?? (isBind(mount) ? "bind" : ""),
      sourceIsDirectory: !isBind(mount) || isDirectory(source),
      ...(idMap === undefined ? {} : { idMap: idMap.attributes }),
      ...folderOf(mount, hands),
    };
    steps.push(...planBundleMount(request, context));
  }
  return steps;
}

const isBind = ({ type, options = [] }: Mount): boolean =>
  type === "bind" || type === "rbind" || options.includes("bind") || options.includes("rbind");

/** SELinux: what is made in a new file system has this label. mount(8), "context" */
function withLabel(mount: Mount, label: string): Mount {
  const { type, options = [] } = mount;
  if (isBind(mount) || type === undefined || !["tmpfs", "devpts", "ramfs"].includes(type)) {
    return mount;
  }
  return { ...mount, options: [...options, `context=${label}`] };
}

/** crun's option: a source that is a link becomes one in the container, and is not followed. */
function planLink(destination: string, target: string, root: Slot): Step {
  const below = pathBelowRoot(destination);
  const slash = below.lastIndexOf("/");
  const folder = slash < 0 ? "." : below.slice(0, slash);
  const parent = new Slot(`/${folder}`);
  return {
    why: `a copy of the link that is to be at ${destination}`,
    calls: [
      ...makeDirectories(root, folder),
      openPlace(root, folder, parent),
      symlinkat(target, parent, below.slice(slash + 1), { path: destination, tolerate: [EEXIST] }),
    ],
  };
}

/** Some callers name a place in the rootfs by its path on the host, which runc takes as such. */
function stripRoot(destination: string, rootfs: string): string {
  const isInside = rootfs !== "" && rootfs !== "/" && destination.startsWith(`${rootfs}/`);
  return isInside ? destination.slice(rootfs.length) : destination;
}

/** A tmpfs has the permissions of what it covers, unless it says others. */
function folderOf(
  { type, destination, options = [] }: Mount,
  hands: RootfsHands,
): Pick<BundleMount, "mode" | "isNew"> {
  if (type !== "tmpfs") return {};
  const isGiven = options.some((word) => word.startsWith("mode="));
  if (isGiven && !options.includes("tmpcopyup")) return {};
  const mode = hands.folderMode(destination);
  if (mode === undefined) return { isNew: true };
  return isGiven ? {} : { mode };
}

function findIdMap(mount: Mount, idMaps: IdMap[]): IdMap | undefined {
  const { uidMappings, gidMappings, options = [] } = mount;
  const isAsked = options.includes("idmap") || options.includes("ridmap");
  const isOwn = uidMappings === undefined || gidMappings === undefined;
  if (isOwn && !isAsked) return undefined;
  const mappings = isOwn ? undefined : { uids: uidMappings, gids: gidMappings };
  const text = JSON.stringify(mappings);
  for (const known of idMaps) if (JSON.stringify(known.mappings) === text) return known;
  const idMap = { attributes: makeAttributes(), ...(mappings === undefined ? {} : { mappings }) };
  idMaps.push(idMap);
  return idMap;
}

/** A struct mount_attr, to which a call adds the user namespace. */
function makeAttributes(): Slot {
  const bytes = new Uint8Array(MOUNT_ATTR_BYTES);
  new DataView(bytes.buffer).setUint32(0, IDMAP_BIT, true);
  const label = "{attr_set=MOUNT_ATTR_IDMAP, userns_fd=<user namespace>}";
  return new Slot(label, MOUNT_ATTR_BYTES, bytes);
}

/** What only the owner of a namespace may mount: from a user namespace, the host's is bound instead. */
const OWNED: Readonly<Record<string, { readonly type: NamespaceType; readonly at: string }>> = {
  sysfs: { type: "network", at: "/sys" },
  proc: { type: "pid", at: "/proc" },
  mqueue: { type: "ipc", at: "/dev/mqueue" },
};

/** Kernel: EPERM for a mount of what belongs to a namespace that the user namespace does not own. */
function withoutOwnNamespace(mount: Mount, spec: Spec): Mount {
  const owned = mount.type === undefined ? undefined : OWNED[mount.type];
  if (owned === undefined || findOwn(spec, owned.type) !== undefined) return mount;
  const options = ["rbind", ...(mount.options ?? []).filter((word) => !word.includes("="))];
  return { ...mount, type: "bind", source: owned.at, options };
}

function findOwn({ linux }: Spec, type: NamespaceType): Namespace | undefined {
  return linux?.namespaces?.find((namespace) => namespace.type === type);
}
