// Options → everything that a launch needs, with the host looked at and nothing changed: `run`
// performs it, `explain` prints it.

import { detectCgroups } from "../../cgroups/detect.ts";
import type { CgroupManager } from "../../cgroups/manager.ts";
import type { CgroupStep } from "../../cgroups/steps.ts";
import { capabilitiesIn, capget } from "../../ffi/capability.ts";
import { RLIMIT, S } from "../../ffi/constants.ts";
import { fileType, isDirectory, readText, readTextIfThere, realPath } from "../../ffi/files.ts";
import { prlimit } from "../../ffi/resource.ts";
import type { RootSource } from "../../fs/root-plan.ts";
import { listCgroupViews } from "../container/cgroup-views.ts";
import type { LaunchRequest, SeccompProgram } from "../container/request.ts";
import { UserError } from "../errors.ts";
import type { Spec } from "../oci/spec.ts";
import { readContainerFile } from "./container-files.ts";
import { CGROUP_PREFIX } from "./cgroup-prefix.ts";
import { dataFolder } from "./data-folder.ts";
import type { DeviceNode, IdMappings, ResolvedUser, SpecFacts } from "./host-facts.ts";
import { type MadeSpec, makeSpec } from "./make-spec.ts";
import { listNamedDevices } from "./spec-devices.ts";
import { addGroups, resolveUser } from "./resolve-user.ts";
import type { Limit, RootOption, RunOptions } from "./run-options.ts";
import { kernelKinds, withDefaultDevices } from "./launch-facts.ts";
import { loadSeccomp } from "./load-seccomp.ts";
import { runFolder } from "./run-folder.ts";
import { StateStore } from "./state-store.ts";
import type { ContainerStorage } from "./storage/container-storage.ts";
import { needsStorage } from "./storage/needs-storage.ts";

export interface Prepared {
  readonly spec: Spec;
  readonly request: LaunchRequest;
  readonly cgroups: CgroupManager;
  readonly cgroupsPath: string;
  /** Planned when it is asked for: the agent is at work by then. */
  readonly cgroupSteps: () => readonly CgroupStep[];
  /** The files of the state folder that stand for three of the container's. */
  readonly etcFiles: readonly EtcFile[];
  readonly warnings: readonly string[];
  /** The image and the volumes, where the options name any. */
  readonly storage?: ContainerStorage;
}

/** A file to be written into the state folder. */
export interface EtcFile {
  readonly name: "hosts" | "hostname" | "resolv.conf";
  readonly text: string;
}

/** What `explain` takes for granted where this process is not the one that would run. */
export interface Assumptions {
  /** Those that could be given away. */
  readonly capabilities: readonly string[];
  /** Where compiled seccomp profiles are kept; "" for nowhere. */
  readonly seccompCache: string;
}

/** @throws UserError for what cannot be, SyscallError for what the host refuses to tell. */
export async function prepare(
  options: RunOptions,
  id: string,
  stateFolder: string,
  assumed?: Assumptions,
): Promise<Prepared> {
  if (!needsStorage(options)) return prepareFrom(options, id, stateFolder, assumed);
  const { findStorage } = await import("./storage/container-storage.ts");
  const storage = await findStorage(options, id, assumed !== undefined);
  return prepareFrom(storage.options, id, stateFolder, assumed, storage);
}

async function prepareFrom(
  options: RunOptions,
  id: string,
  stateFolder: string,
  assumed?: Assumptions,
  storage?: ContainerStorage,
): Promise<Prepared> {
  const cgroups = detectCgroups();
  const rootfs = storage?.rootPath ?? findRootfs(options.root);
  const found = await gatherFacts(options, id, stateFolder, rootfs, cgroups, storage);
  const facts = assumed === undefined ? found : { ...found, capabilities: assumed.capabilities };
  const made = makeSpec(options, facts);
  const { spec } = made;
  const cache = assumed?.seccompCache ?? `${runFolder(process.env)}/seccomp`;
  const seccomp = await loadSeccomp(made, cache);
  const cgroupsPath = spec.linux?.cgroupsPath ?? `/${CGROUP_PREFIX}${id}`;
  const resources = withDefaultDevices(spec.linux?.resources ?? {});
  const place = { stateFolder, rootfs, storage };
  const request = makeRequest(options, made, seccomp, cgroups, cgroupsPath, place);
  const isPlain = !made.init && facts.idMappings === undefined && storage === undefined;
  return {
    spec,
    request: isPlain ? request : await addPlanners(request, options, made, facts),
    cgroups,
    cgroupsPath,
    cgroupSteps: () => cgroups.planCreate(cgroupsPath, resources),
    etcFiles: listEtcFiles(options, spec.hostname ?? ""),
    warnings: [...(storage?.warnings ?? []), ...made.warnings, ...cgroups.ignored(resources)],
    ...(storage === undefined ? undefined : { storage }),
  };
}

/** Start-up time: what few containers need is loaded for those only. */
async function addPlanners(
  request: LaunchRequest,
  options: RunOptions,
  { init, spec }: MadeSpec,
  { idMappings }: SpecFacts,
): Promise<LaunchRequest> {
  const premade = await loadPremade(options, spec);
  const reaper = init ? await loadReaper(options) : undefined;
  const mapping =
    idMappings === undefined ? undefined : await loadMapping(options, request, idMappings);
  return { ...request, ...reaper, ...mapping, ...premade };
}

/** The file systems of volumes. */
async function loadPremade(
  { mounts }: RunOptions,
  { mounts: all = [] }: Spec,
): Promise<Partial<LaunchRequest>> {
  const targets = mounts.flatMap(({ type, target }) => (type === "filesystem" ? [target] : []));
  if (targets.length === 0) return {};
  const { planPremade } = await import("../container/plan-premade.ts");
  return { premade: planPremade(all.filter(({ destination }) => targets.includes(destination))) };
}

async function loadReaper({ performer }: RunOptions): Promise<Partial<LaunchRequest>> {
  if (performer !== "agent") {
    throw new UserError(`--init needs the agent as performer: got ${performer}`);
  }
  const { planReaper } = await import("../container/plan-reaper.ts");
  return { planReaper };
}

/** Where the old tree's folders are closed to the container's root; both are always there. */
const OPEN_TO_ALL = { root: "/", scratch: "/proc" };

async function loadMapping(
  { performer }: RunOptions,
  { rootSource }: LaunchRequest,
  { uids, gids }: IdMappings,
): Promise<Partial<LaunchRequest>> {
  if (performer !== "agent") {
    throw new UserError(`--userns auto needs the agent as performer: got ${performer}`);
  }
  const { planMapped, slotsOf, takeHostOpens } = await import("../container/plan-mapped.ts");
  const { planMappedLayers } = await import("../container/plan-mapped-layers.ts");
  const root = { uid: uids[0]?.hostID ?? 0, gid: gids[0]?.hostID ?? 0 };
  const volumes = `${dataFolder(process.env)}/volumes/`;
  const isRoot = (path: string): boolean =>
    rootSource.kind === "directory" && path === rootSource.path;
  return {
    mapping: {
      planMapped,
      takeHostOpens,
      slotsOf,
      mapsSource: (path) => isRoot(path) || path.startsWith(volumes),
      ...(rootSource.kind === "overlay" && {
        planFirst: (holderPid) => planMappedLayers(rootSource, root, holderPid),
      }),
    },
    rootSource: {
      kind: "directory",
      path: rootSource.kind === "overlay" ? rootSource.target : findMappedRoot(rootSource),
      attachAt: OPEN_TO_ALL.root,
    },
    stateFolder: OPEN_TO_ALL.scratch,
    // A mapped root may not write to the host's cgroup files: it is moved in from outside.
    cgroupJoin: { how: "none" },
  };
}

function findMappedRoot(source: RootSource): string {
  if (source.kind === "directory") return source.path;
  throw new Error("the view of the host is no folder, and was refused before");
}

/** A folder in which nothing is. */
const NOWHERE = "/proc/self/fdinfo";

/** The folder that is looked at for passwd and group, and becomes the root. */
function findRootfs(root: RootOption): string {
  if (root.kind === "host") return "/";
  // Only where `explain` may not mount the image's layers: then nothing is known of its users.
  if (root.kind === "image") return NOWHERE;
  const type = fileType(root.path);
  if (type === 0) throw new UserError(`rootfs "${root.path}" does not exist`);
  if (type !== S.S_IFDIR) throw new UserError(`rootfs "${root.path}" is not a folder`);
  // Kernel: move_mount(2) follows no symlink to its target.
  return realPath(root.path);
}

function rootSource(root: RootOption, rootfs: string, stateFolder: string): RootSource {
  return root.kind === "host"
    ? { kind: "host", scratch: `${stateFolder}/scratch` }
    : { kind: "directory", path: rootfs };
}

async function gatherFacts(
  options: RunOptions,
  containerId: string,
  stateFolder: string,
  rootfsPath: string,
  cgroups: CgroupManager,
  storage: ContainerStorage | undefined,
): Promise<SpecFacts> {
  const source = storage?.rootSource;
  return {
    containerId,
    rootfsPath: source === undefined ? rootfsPath : rootPathOf(source, rootfsPath),
    ...(storage?.defaults === undefined ? undefined : { image: storage.defaults }),
    user:
      rootfsPath === NOWHERE
        ? guessUser(options)
        : findUser(options, rootfsPath, storage?.plain !== undefined),
    etcFiles: {
      hosts: `${stateFolder}/hosts`,
      hostname: `${stateFolder}/hostname`,
      resolvConf: `${stateFolder}/resolv.conf`,
    },
    get hostHostname() {
      return hostname();
    },
    capabilities: capabilitiesIn(capget(0).permitted),
    hardLimits: readHardLimits(options),
    defaultCgroupNamespace: cgroups.mode === "v2" ? "private" : "host",
    timeNamespace: false,
    ...(await findDevices(options)),
    ...(await findContainers(options)),
    ...(options.userns.kind === "auto"
      ? { idMappings: (await import("./id-ranges.ts")).findIdRanges(options) }
      : undefined),
  };
}

function rootPathOf(source: RootSource, rootfs: string): string {
  if (source.kind === "overlay") return source.target;
  return source.kind === "directory" ? source.path : rootfs;
}

/** Whose name is in an image that only root can read: for `explain`, root's own ids will do. */
function guessUser({ user }: RunOptions): ResolvedUser {
  const uid = Number(user?.user ?? 0);
  return { uid: Number.isInteger(uid) ? uid : 0, gid: 0, additionalGids: [] };
}

/** @param isFixed it is an image's, and called by a descriptor of this process */
function findUser(options: RunOptions, rootfs: string, isFixed: boolean): ResolvedUser {
  const passwd = readContainerFile(rootfs, "etc/passwd", isFixed);
  const group = readContainerFile(rootfs, "etc/group", isFixed);
  return addGroups(resolveUser(options.user, passwd, group), options.groupAdd, group);
}

const hostname = (): string => readText("/proc/sys/kernel/hostname").trim();

function readHardLimits(options: RunOptions): Record<string, Limit> {
  const limits: Record<string, Limit> = {};
  const resources: Readonly<Record<string, number>> = RLIMIT;
  const add = (type: string): void => {
    const resource = resources[type];
    if (resource === undefined) return;
    const { hard } = prlimit(0, resource);
    limits[type] = hard === Infinity ? "unlimited" : hard;
  };
  add("RLIMIT_NOFILE");
  for (const { type } of options.ulimits) add(type);
  return limits;
}

/** The containers that the options name, looked for only where they name any. */
async function findContainers(options: RunOptions): Promise<Pick<SpecFacts, "containerPids">> {
  const { pid, ipc, network } = options;
  if (pid.kind !== "container" && ipc.kind !== "container" && network.kind !== "container") {
    return {};
  }
  const { findContainerPids } = await import("./find-containers.ts");
  return { containerPids: findContainerPids(options, new StateStore(runFolder(process.env))) };
}

/** The device nodes that the options name; the host is only asked where they name any. */
async function findDevices(
  options: RunOptions,
): Promise<Pick<SpecFacts, "devices" | "hostDevices">> {
  const paths = listNamedDevices(options);
  const { privileged } = options.security;
  if (paths.length === 0 && !privileged) return {};
  const { readDevices, readHostDevices } = await import("./device-nodes.ts");
  const devices: Record<string, readonly DeviceNode[]> = {};
  for (const path of paths) devices[path] = readDevices(path);
  return privileged ? { devices, hostDevices: readHostDevices() } : { devices };
}

/** Where the container's files are. */
interface Place {
  readonly stateFolder: string;
  readonly rootfs: string;
  readonly storage: ContainerStorage | undefined;
}

function makeRequest(
  options: RunOptions,
  made: MadeSpec,
  seccomp: SeccompProgram | undefined,
  cgroups: CgroupManager,
  cgroupsPath: string,
  { stateFolder, rootfs, storage }: Place,
): LaunchRequest {
  const namespaces = made.spec.linux?.namespaces ?? [];
  let ownCgroups = false;
  for (const { type } of namespaces) if (type === "cgroup") ownCgroups = true;
  return {
    spec: made.spec,
    rootSource: storage?.rootSource ?? rootSource(options.root, rootfs, stateFolder),
    // A view of the host has its own tmpfs there; else nothing but a mount that hides the folder.
    stateFolder: options.root.kind === "host" ? `${stateFolder}/scratch` : stateFolder,
    ...(seccomp === undefined ? {} : { seccomp }),
    cgroupJoin: cgroups.join(cgroupsPath),
    cgroupViews: listCgroupViews(cgroups, cgroupsPath, !ownCgroups),
    isDirectory: (source) =>
      (!source.startsWith(stateFolder) && isDirectory(source)) || storage?.isNew(source) === true,
    kindOf: kernelKinds(made.spec),
    noPivot: options.noPivot,
    nullStdin: !options.interactive,
    preserveFds: [],
    noNewKeyring: false,
    parentPid: process.pid,
  };
}

function listEtcFiles(options: RunOptions, name: string): EtcFile[] {
  const shared = options.network.kind === "host";
  return [
    { name: "hosts", text: shared ? (readTextIfThere("/etc/hosts") ?? "") : makeHosts(name) },
    { name: "hostname", text: `${name}\n` },
    { name: "resolv.conf", text: readTextIfThere("/etc/resolv.conf") ?? "" },
  ];
}

function makeHosts(name: string): string {
  return `127.0.0.1\tlocalhost ${name}\n::1\tlocalhost ip6-localhost ip6-loopback ${name}\nfe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n`;
}
