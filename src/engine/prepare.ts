// Options → everything that a launch needs, with the host looked at and nothing changed: `run`
// performs it, `explain` prints it.

import { readFileSync, statSync } from "node:fs";
import { detectCgroups } from "../../cgroups/detect.ts";
import type { CgroupManager } from "../../cgroups/manager.ts";
import type { CgroupStep } from "../../cgroups/steps.ts";
import { capabilitiesIn, capget } from "../../ffi/capability.ts";
import { RLIMIT } from "../../ffi/constants.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { prlimit } from "../../ffi/resource.ts";
import type { KindOf } from "../../fs/mask-plan.ts";
import type { RootSource } from "../../fs/root-plan.ts";
import { withDefaultDevices } from "../container/default-device-rules.ts";
import { listCgroupViews } from "../container/cgroup-views.ts";
import type { LaunchRequest, SeccompProgram } from "../container/request.ts";
import { UserError } from "../errors.ts";
import type { Spec } from "../oci/spec.ts";
import { readContainerFile } from "./container-files.ts";
import { readDevices, readHostDevices } from "./device-nodes.ts";
import type { DeviceNode, ResolvedUser, SpecFacts } from "./host-facts.ts";
import { type MadeSpec, makeSpec } from "./make-spec.ts";
import { addGroups, resolveUser } from "./resolve-user.ts";
import type { Limit, RootOption, RunOptions } from "./run-options.ts";
import { loadSeccomp } from "./load-seccomp.ts";

export interface Prepared {
  readonly spec: Spec;
  readonly request: LaunchRequest;
  readonly cgroups: CgroupManager;
  readonly cgroupsPath: string;
  readonly cgroupSteps: readonly CgroupStep[];
  /** The files of the state folder that stand for three of the container's. */
  readonly etcFiles: readonly EtcFile[];
  readonly warnings: readonly string[];
}

/** A file to be written into the state folder. */
export interface EtcFile {
  readonly name: "hosts" | "hostname" | "resolv.conf";
  readonly text: string;
}

/** @throws UserError for what cannot be, SyscallError for what the host refuses to tell. */
export function prepare(options: RunOptions, id: string, stateFolder: string): Prepared {
  const cgroups = detectCgroups();
  const rootfs = findRootfs(options.root);
  const facts = gatherFacts(options, id, stateFolder, rootfs, cgroups);
  const made = makeSpec(withInitMount(options), facts);
  const { spec } = made;
  const cgroupsPath = spec.linux?.cgroupsPath ?? `/bunker/${id}`;
  const resources = withDefaultDevices(spec.linux?.resources ?? {});
  return {
    spec,
    request: makeRequest(options, made, cgroups, cgroupsPath, stateFolder, rootfs),
    cgroups,
    cgroupsPath,
    cgroupSteps: cgroups.planCreate(cgroupsPath, resources),
    etcFiles: listEtcFiles(options, spec.hostname ?? ""),
    warnings: [...made.warnings, ...cgroups.ignored(resources)],
  };
}

const withInitMount = (options: RunOptions): RunOptions => options;

/** The folder that is looked at for passwd and group, and becomes the root. */
function findRootfs(root: RootOption): string {
  if (root.kind === "host") return "/";
  if (root.kind === "image") {
    throw new UserError(
      `cannot run image "${root.reference}": images cannot be pulled yet`,
      "use --rootfs FOLDER, or a command that starts with / for a copy of this host",
    );
  }
  const stats = statSync(root.path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UserError(`rootfs "${root.path}" does not exist`);
  if (!stats.isDirectory()) throw new UserError(`rootfs "${root.path}" is not a folder`);
  return root.path;
}

function rootSource(root: RootOption, rootfs: string, stateFolder: string): RootSource {
  return root.kind === "host"
    ? { kind: "host", scratch: `${stateFolder}/scratch` }
    : { kind: "directory", path: rootfs };
}

function gatherFacts(
  options: RunOptions,
  containerId: string,
  stateFolder: string,
  rootfsPath: string,
  cgroups: CgroupManager,
): SpecFacts {
  const { privileged } = options.security;
  return {
    containerId,
    rootfsPath,
    user: findUser(options, rootfsPath),
    etcFiles: {
      hosts: `${stateFolder}/hosts`,
      hostname: `${stateFolder}/hostname`,
      resolvConf: `${stateFolder}/resolv.conf`,
    },
    hostHostname: hostname(),
    capabilities: capabilitiesIn(capget(0).permitted),
    hardLimits: readHardLimits(options),
    defaultCgroupNamespace: cgroups.mode === "v2" ? "private" : "host",
    timeNamespace: false,
    devices: findDevices(options),
    ...(privileged ? { hostDevices: readHostDevices() } : {}),
  };
}

function findUser(options: RunOptions, rootfs: string): ResolvedUser {
  const passwd = readContainerFile(rootfs, "etc/passwd");
  const group = readContainerFile(rootfs, "etc/group");
  return addGroups(resolveUser(options.user, passwd, group), options.groupAdd, group);
}

const hostname = (): string => readFileSync("/proc/sys/kernel/hostname", "utf8").trim();

function readHardLimits(options: RunOptions): Record<string, Limit> {
  const limits: Record<string, Limit> = {};
  for (const type of ["RLIMIT_NOFILE", ...options.ulimits.map((ulimit) => ulimit.type)]) {
    const resource = Object.entries(RLIMIT).find(([name]) => name === type)?.[1];
    if (resource === undefined) continue;
    const { hard } = prlimit(0, resource);
    limits[type] = Number.isFinite(hard) ? hard : "unlimited";
  }
  return limits;
}

function findDevices(options: RunOptions): Record<string, readonly DeviceNode[]> {
  const found: Record<string, readonly DeviceNode[]> = {};
  const { deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops } = options.resources;
  const throttles = [deviceReadBps, deviceWriteBps, deviceReadIops, deviceWriteIops];
  for (const { hostPath } of options.devices) found[hostPath] = readDevices(hostPath);
  for (const { path } of throttles.flatMap((list) => list ?? [])) found[path] = readDevices(path);
  return found;
}

function makeRequest(
  options: RunOptions,
  made: MadeSpec,
  cgroups: CgroupManager,
  cgroupsPath: string,
  stateFolder: string,
  rootfs: string,
): LaunchRequest {
  const namespaces = made.spec.linux?.namespaces ?? [];
  const ownCgroups = namespaces.some(({ type }) => type === "cgroup");
  const mapped = namespaces.some(({ type, path }) => type === "user" && path === undefined);
  const join = cgroups.join(cgroupsPath);
  const seccomp: SeccompProgram | undefined = loadSeccomp(made);
  return {
    spec: made.spec,
    rootSource: rootSource(options.root, rootfs, stateFolder),
    stateFolder: `${stateFolder}/scratch`,
    ...(seccomp === undefined ? {} : { seccomp }),
    // A mapped root may not write to the host's cgroup files: it is moved in from outside.
    cgroupJoin: mapped && join.how === "self" ? { how: "none" } : join,
    cgroupViews: listCgroupViews(cgroups, cgroupsPath, !ownCgroups),
    isDirectory: (source) => !source.startsWith(stateFolder) && isDirectory(source),
    kindOf: kernelKinds(made.spec),
    noPivot: options.noPivot,
    preserveFds: 0,
    init: made.init,
    noNewKeyring: false,
    parentPid: process.pid,
  };
}

/** Only where the container's /proc and /sys are mounted afresh is the host's what will be there. */
function kernelKinds({ mounts = [] }: Spec): KindOf {
  const fresh = (destination: string, type: string): boolean =>
    mounts.some((mount) => mount.destination === destination && mount.type === type);
  const proc = fresh("/proc", "proc");
  const sys = fresh("/sys", "sysfs");
  return (path) => {
    if (!(proc && path.startsWith("/proc/")) && !(sys && path.startsWith("/sys/"))) {
      return "unknown";
    }
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return "missing";
    return stats.isDirectory() ? "directory" : "file";
  };
}

const isDirectory = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function listEtcFiles(options: RunOptions, name: string): EtcFile[] {
  const shared = options.network.kind === "host";
  return [
    { name: "hosts", text: shared ? readText("/etc/hosts") : makeHosts(name) },
    { name: "hostname", text: `${name}\n` },
    { name: "resolv.conf", text: readText("/etc/resolv.conf") },
  ];
}

function makeHosts(name: string): string {
  return `127.0.0.1\tlocalhost ${name}\n::1\tlocalhost ip6-localhost ip6-loopback ${name}\nfe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isSyscallError(error) || error instanceof Error) return "";
    throw error;
  }
}
