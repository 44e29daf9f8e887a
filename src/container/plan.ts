// A checked spec and the facts of the host → the whole set-up as lists of steps, for two processes:
// the agent, which makes the init process, and the init process itself. Pure; `explain` prints it.
//
//   agent   die with the parent · join and make namespaces · clone ──▶ init
//   init    cgroup · mounts · devices · masks · pivot_root            (setup)
//           ── the parent's gate: `start` ──
//           descriptors · seccomp · identity · execve                 (exec)

import { type DeviceRequest, DEFAULT_DEVICES, planDevices } from "../../fs/device-plan.ts";
import { planMaskedPaths, planReadonlyPaths } from "../../fs/mask-plan.ts";
import { parsePropagation } from "../../fs/mount-options.ts";
import { type MountContext, planMount } from "../../fs/mount-plan.ts";
import { planRoot, planRootChange, type RootChange } from "../../fs/root-plan.ts";
import { makeDirectories, openPlace, pathBelowRoot } from "../../fs/safe-path.ts";
import { INIT_PAGE } from "../../ffi/agent/performer.ts";
import { type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  clone,
  cloneIntoCgroup,
  compareSlot,
  exitGroup,
  getpid,
  joinSessionKeyring,
  mountSetattr,
  openInRoot,
  pollOnce,
  prctl,
  setdomainname,
  sethostname,
  umask,
  watchProcess,
  write,
} from "../../ffi/calls.ts";
import { CLONE, MOUNT_ATTR, MS, O, PR } from "../../ffi/constants.ts";
import { EAGAIN, ENOENT, ENOSYS, EPERM } from "../../ffi/errno.ts";
import type { Linux, Mount, Process, Spec } from "../oci/spec.ts";
import { planLoopback } from "../../network/loopback-plan.ts";
import { planParentGuard } from "./plan-parent-guard.ts";
import type { AssistedPlan } from "./plan-assisted.ts";
import type { IdMap } from "./plan-bundle-mounts.ts";
import { planAnyCpu } from "./plan-affinity.ts";
import { birthplace, planCgroupJoin, planCgroupMount } from "./plan-cgroup.ts";
import {
  type NamespacePlan,
  planBecomeRoot,
  planCgroupNamespace,
  planJoins,
  planNamespaces,
  planTimeNamespace,
  planUserNamespace,
} from "./plan-namespaces.ts";
import { planBounding, planExec, planRlimits } from "./plan-process.ts";
import type { MappedPlan } from "./plan-mapped.ts";
import type { ReaperPlan } from "./plan-reaper.ts";
import { planNullStdin, planSession, planTerminal, type TerminalSlots } from "./plan-terminal.ts";
import type { Features, LaunchRequest } from "./request.ts";

export interface ContainerPlan {
  readonly namespaces: NamespacePlan;
  /** What the agent does at once. */
  readonly agentFirst: readonly Step[];
  /** After the parent wrote the id maps, where there is a user namespace; empty otherwise. */
  readonly agentMapped: readonly Step[];
  /** Makes the init process. */
  readonly agentClone: readonly Step[];
  /** What the init process does as soon as it is born: posted before there is one. */
  readonly initGuard: readonly Step[];
  /** What it does next, where the agent performs: looks whether the agent is still there. */
  readonly initCheck: Step;
  /**
   * The set-up in parts: one is performed while the next is still being planned. Before the last one
   * everything is mounted, and the old root is still there: that is when hooks are run.
   */
  readonly initSetup: readonly (() => readonly Step[])[];
  readonly initExec: () => readonly Step[];
  /** Where the container is started later: set once the init process waits for that. */
  readonly turn?: Slot;
  /** Where the init process stays and the user's program is its child. */
  readonly reaper?: ReaperPlan;
  /** Where the user namespace is held by a process of its own until it is entered. */
  readonly mapped?: MappedPlan;
  /** Where the agent does what the init process may not. */
  readonly assisted?: AssistedPlan;
  /** The init process's pid, as the host sees it. */
  readonly initPid: Slot;
  readonly terminal?: TerminalSlots;
}

const SIGCHLD = 17;
const SIGKILL = 9;
/** With more mounts than this, descriptors are closed on the way. */
const MANY_MOUNTS = 60;

/** The whole set-up. Throws nothing: what can be wrong was refused before. */
export function planContainer(request: LaunchRequest): ContainerPlan {
  const { spec } = request;
  const linux = spec.linux ?? {};
  const process = spec.process ?? { user: { uid: 0, gid: 0 }, args: [], cwd: "/" };
  const namespaces = planNamespaces(linux.namespaces ?? []);
  const initPid = new Slot("init");
  const agent = new Slot("the agent's end", 16);
  const terminal =
    process.terminal === true
      ? { master: new Slot("pty master"), slave: new Slot("pty slave") }
      : undefined;
  const root = new Slot("rootfs");
  const idMaps: IdMap[] = [];
  const setup = planSetup(request, namespaces, process, linux, terminal, root, idMaps);
  const shareFiles = request.seccomp?.listenerSlot === undefined ? 0 : CLONE.CLONE_FILES;
  const planBirth = (flags: number): Step => planClone(flags, request, initPid);
  const assisted = request.features?.planAssisted?.(
    namespaces,
    idMaps,
    planBirth,
    planAgentCheck(agent),
  );
  const { mapping } = request;
  const taken = namespaces.newUser ? mapping?.takeHostOpens(setup) : undefined;
  const mapped =
    taken &&
    mapping?.planMapped(taken.opens, {
      planFirst: mapping.planFirst,
      idmapped: mapping.slotsOf(taken.opens, mapping.mapsSource),
      premade: [...(request.premade?.mounts.values() ?? [])],
    });
  const entersUser = namespaces.newUser && mapped === undefined && assisted === undefined;
  const reaper = request.planReaper?.(request, terminal !== undefined);
  const gate = request.gate?.planGate(
    process,
    request.seccomp,
    request.preserveFds,
    request.gate.fd,
  );
  return {
    namespaces,
    agentFirst: [
      planParentGuard(request.parentPid),
      ...(request.premade?.steps ?? []),
      ...(assisted?.first ?? []),
      ...planJoins(assisted?.joined ?? namespaces.joined),
      ...(entersUser ? [planUserNamespace()] : []),
    ],
    // Order: the guard once more, as a change of user takes its signal away (prctl(2)).
    agentMapped: namespaces.newUser ? [planBecomeRoot(), planParentGuard(request.parentPid)] : [],
    agentClone: [
      ...(namespaces.newTime ? [planTimeNamespace(linux.timeOffsets)] : []),
      planAgentWatch(agent),
      ...(assisted?.birth ?? [planBirth(namespaces.cloneFlags | shareFiles)]),
    ],
    initGuard: planInitGuard(),
    initCheck: planAgentCheck(agent),
    initSetup: taken?.parts ?? setup,
    initExec: once(
      reaper?.become ??
        gate?.steps ??
        (() => planExec(process, request.seccomp, request.preserveFds)),
    ),
    initPid,
    ...(gate === undefined ? {} : { turn: gate.turn }),
    ...(reaper === undefined ? {} : { reaper }),
    ...(mapped === undefined ? {} : { mapped }),
    ...(assisted === undefined ? {} : { assisted }),
    ...(terminal === undefined ? {} : { terminal }),
  };
}

function planAgentWatch(agent: Slot): Step {
  const pid = new Slot("agent");
  return {
    why: "let the init process know when the agent is gone",
    calls: [getpid(pid), ...watchProcess(pid, agent)],
  };
}

/**
 * Race: the agent may be killed before the init process has asked for a signal at its death. Its pid
 * cannot be looked at from another pid namespace; the end of its pidfd can.
 */
function planAgentCheck(agent: Slot): Step {
  const ended = new Slot("ended");
  return {
    why: "end at once where the agent is gone already",
    calls: [
      pollOnce(agent, ended),
      compareSlot(ended, 0, { tolerate: [EAGAIN], skipAfterSuccess: 1 }),
      exitGroup(1),
    ],
  };
}

function planClone(flags: number, request: LaunchRequest, initPid: Slot): Step {
  const { cgroupJoin } = request;
  const why = "the container's init process, in namespaces of its own";
  const directory = birthplace(cgroupJoin);
  if (directory === undefined) {
    return { why, calls: [clone(flags | SIGCHLD, INIT_PAGE, initPid)] };
  }
  return {
    why: `${why}, born in its cgroup`,
    calls: cloneIntoCgroup(flags, SIGCHLD, directory, INIT_PAGE, initPid),
  };
}

function planSetup(
  request: LaunchRequest,
  namespaces: NamespacePlan,
  process: Process,
  linux: Linux,
  terminal: TerminalSlots | undefined,
  root: Slot,
  idMaps: IdMap[],
): (() => readonly Step[])[] {
  const { spec, features, kernelMounts = [] } = request;
  const isMapped = namespaces.newUser || joinsUser(namespaces);
  const sharesMounts = !hasMounts(linux);
  const rootChange: RootChange = sharesMounts
    ? { how: "chroot" }
    : request.noPivot
      ? { how: "move", kernelMounts }
      : { how: "pivot" };
  const asked = parsePropagation(linux.rootfsPropagation ?? "rslave") ?? MS.MS_SLAVE;
  // Kernel: of an unbindable tree there are no copies, and the rootfs is one. open_tree(2)
  const rootPropagation = (asked & MS.MS_UNBINDABLE) === 0 ? asked : MS.MS_PRIVATE | MS.MS_REC;
  const plan = {
    source: request.rootSource,
    propagation: rootPropagation,
    scratch: request.stateFolder,
    root,
    sharesMounts,
  };
  return [
    once(() => [
      ...(features?.planLabels?.(process) ?? []),
      ...planCgroupJoin(request.cgroupJoin),
      ...(request.anyCpu === true ? [planAnyCpu()] : []),
      ...(namespaces.newCgroup ? [planCgroupNamespace()] : []),
      ...(request.noNewKeyring ? [] : [planKeyring()]),
      ...planNames(spec.hostname, spec.domainname),
      ...((namespaces.cloneFlags & CLONE.CLONE_NEWNET) !== 0 ? [planLoopback()] : []),
      ...planRoot(plan),
    ]),
    once(() => features?.planMounts?.(request, root, idMaps) ?? planMounts(request, root)),
    once(() => [
      ...(bindsDev(spec) ? [] : planOwnDevices(linux, root, isMapped, features)),
      ...(terminal === undefined ? [] : planTerminal(root, terminal, process.user)),
      ...(request.readonlyDev === true ? [planReadonlyDev(root)] : []),
      planWorkingDirectory(process.cwd, root),
    ]),
    once(() => [
      ...(features?.planAfterMounts?.() ?? []),
      ...planSysctls(linux.sysctl ?? {}, root),
      ...planReadonlyPaths(linux.readonlyPaths ?? [], root, request.kindOf),
      ...planMaskedPaths(linux.maskedPaths ?? [], root, request.stateFolder, request.kindOf),
      ...(request.nullStdin === true && terminal === undefined ? [planNullStdin(root)] : []),
      ...planSession(terminal),
      ...planRootChange(root, spec.root?.readonly === true, rootChange),
      ...(sharesMounts ? [] : planRootPropagation(linux.rootfsPropagation)),
      // Order: after everything that opens descriptors, of which there may be few to have.
      ...planRlimits(process.rlimits ?? []),
      ...planBounding(process),
      // Order: at last, as a policy may leave the process next to no time.
      ...(features?.planAttributes?.(process, linux) ?? []),
    ]),
  ];
}

/** Security: without a mount namespace, what is done to `/` is done to the host's. */
function hasMounts({ namespaces = [] }: Linux): boolean {
  for (const { type } of namespaces) if (type === "mount") return true;
  return false;
}

function joinsUser({ joined }: NamespacePlan): boolean {
  for (const { type } of joined) if (type === "user") return true;
  return false;
}

function planOwnDevices(
  linux: Linux,
  root: Slot,
  isMapped: boolean,
  features: Features | undefined,
): readonly Step[] {
  const make = features?.planDevices;
  if (make === undefined) return planDevices(devicesOf(linux), root, isMapped);
  const usual = planDevices(devicesOf({}), root, isMapped);
  return [...usual, ...make(ownDevicesOf(linux), root)];
}

/** With a /dev of the host's there is nothing to be made in it, as with runc. */
function bindsDev({ mounts = [] }: Spec): boolean {
  for (const { destination, type, options = [] } of mounts) {
    if (destination !== "/dev") continue;
    return type === "bind" || options.includes("bind") || options.includes("rbind");
  }
  return false;
}

/** Order: once everything has been made in it. */
function planReadonlyDev(root: Slot): Step {
  const dev = new Slot("/dev");
  const change = { set: MOUNT_ATTR.MOUNT_ATTR_RDONLY, clear: 0, propagation: 0 };
  return {
    why: "/dev is read-only, as asked, now that its devices are there",
    calls: [openPlace(root, "/dev", dev), mountSetattr(dev, false, change)],
  };
}

/** Order: at last, as it is of the new root. */
function planRootPropagation(propagation: string | undefined): Step[] {
  const flags = propagation === undefined ? undefined : parsePropagation(propagation);
  if (flags === undefined) return [];
  return [
    {
      why: `what is mounted on the root spreads as ${propagation}`,
      calls: [{ name: "mount", args: [null, "/", null, flags, null], path: "/" }],
    },
  ];
}

/** Planned when it is asked for, and only once: the slots in it stand for one set of results. */
function once(plan: () => readonly Step[]): () => readonly Step[] {
  let planned: readonly Step[] | undefined;
  return () => (planned ??= plan());
}

function planInitGuard(): Step[] {
  return [
    {
      // Security: no process of the container can look into this one or stop it (CVE-2016-9962).
      why: "end with the agent, and be closed to others until the program runs",
      calls: [prctl(PR.PR_SET_PDEATHSIG, SIGKILL), prctl(PR.PR_SET_DUMPABLE, 0)],
    },
    { why: "what is made in the rootfs has the usual permissions", calls: [umask(0o022)] },
  ];
}

function planKeyring(): Step {
  return {
    why: "a session keyring of its own: the caller's keys stay with the caller",
    calls: [joinSessionKeyring("bunker", { tolerate: [ENOSYS, EPERM] })],
  };
}

function planNames(hostname: string | undefined, domainname: string | undefined): Step[] {
  const calls = [
    ...(hostname === undefined ? [] : [sethostname(hostname)]),
    ...(domainname === undefined ? [] : [setdomainname(domainname)]),
  ];
  return calls.length === 0 ? [] : [{ why: "the container's host name", calls }];
}

function planMounts(request: LaunchRequest, root: Slot): Step[] {
  const mounts = request.spec.mounts ?? [];
  const closesEarly = mounts.length > MANY_MOUNTS;
  const context: MountContext = { root, fresh: new Map(), closesEarly };
  const steps: Step[] = [];
  for (const mount of mounts) steps.push(...planSpecMount(mount, request, context));
  return steps;
}

function planSpecMount(mount: Mount, request: LaunchRequest, context: MountContext): Step[] {
  if (mount.type === "cgroup") return planCgroupMount(mount, request.cgroupViews, context.root);
  const source = mount.source ?? "";
  return planMount(
    {
      destination: mount.destination,
      type: mount.type ?? "bind",
      source,
      options: mount.options ?? [],
      sourceIsDirectory: mount.type !== "bind" || request.isDirectory(source),
      premade: request.premade?.mounts.get(mount.destination),
    },
    context,
  );
}

/** The spec's devices; one of them may stand in for a default one. */
function devicesOf(linux: Linux): DeviceRequest[] {
  const devices: DeviceRequest[] = [];
  const own = linux.devices ?? [];
  for (const device of DEFAULT_DEVICES) {
    let isReplaced = false;
    for (const { path } of own) if (path === device.path) isReplaced = true;
    if (!isReplaced) devices.push(device);
  }
  for (const device of ownDevicesOf(linux)) devices.push(device);
  return devices;
}

function ownDevicesOf({ devices: own = [] }: Linux): DeviceRequest[] {
  const devices: DeviceRequest[] = [];
  for (const { path, type, major, minor, fileMode = 0o666, uid = 0, gid = 0 } of own) {
    // That is a link into the container's own /dev/pts.
    if (path !== "/dev/ptmx") devices.push({ path, type, major, minor, fileMode, uid, gid });
  }
  return devices;
}

function planWorkingDirectory(cwd: string, root: Slot): Step {
  return {
    why: "the working directory is there",
    calls: [openPlace(root, cwd, new Slot(cwd))],
    fallback: {
      on: [ENOENT],
      why: `${cwd} is missing in the rootfs: make it`,
      get calls() {
        return makeDirectories(root, cwd);
      },
    },
  };
}

function planSysctls(sysctls: Readonly<Record<string, string>>, root: Slot): Step[] {
  const calls: Call[] = [];
  for (const key in sysctls) {
    const value = sysctls[key] ?? "";
    const fd = new Slot(key);
    const path = `/proc/sys/${sysctlPath(key)}`;
    calls.push(
      openInRoot(root, pathBelowRoot(path), O.O_WRONLY, fd, { path }),
      write(fd, value, { path }),
    );
  }
  if (calls.length === 0) return [];
  return [{ why: "kernel parameters of the container's namespaces", calls }];
}

/** `net.ipv4.ip_forward` and `net/ipv4/conf/eth0.1/mtu`: the first separator decides. sysctl(8) */
export function sysctlPath(key: string): string {
  let path = "";
  let separator = "";
  for (const character of key) {
    if (separator === "" && (character === "." || character === "/")) separator = character;
    if (separator === ".") path += character === "." ? "/" : character === "/" ? "." : character;
    else path += character;
  }
  return path;
}
