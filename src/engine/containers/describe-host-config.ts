// `HostConfig` of `inspect`: what was asked of the host, in docker's shape, with docker's values where
// nothing was asked.

import type {
  Limit,
  NamespaceOption,
  ResourceOptions,
  RunOptions,
  ThrottleOption,
} from "../run-options.ts";
import { MASKED_PATHS, READONLY_PATHS } from "../spec-security.ts";

export function describeHostConfig(options: RunOptions): object {
  return {
    ...describeFiles(options),
    ...describeLife(options),
    ...describeNetworking(options),
    ...describeNamespaces(options),
    ...describeSecurity(options),
    ...describeResources(options),
  };
}

/** docker's way to say that a list has nothing in it differs from list to list. */
const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);

function describeFiles(options: RunOptions): object {
  const binds: string[] = [];
  const mounts: object[] = [];
  const tmpfs: Record<string, string> = {};
  for (const mount of options.mounts) {
    if (mount.type === "tmpfs") tmpfs[mount.target] = mount.options.join(",");
    else if (mount.type === "bind" && !mount.createSource) {
      const { source, target, readonly } = mount;
      const access = readonly ? { ReadOnly: true } : {};
      mounts.push({ Type: "bind", Source: source, Target: target, ...access });
    } else if (mount.type === "bind" || (mount.type === "volume" && mount.name !== undefined)) {
      const source = mount.type === "bind" ? mount.source : mount.name;
      binds.push(`${source}:${mount.target}${mount.readonly ? ":ro" : ""}`);
    } else if (mount.type === "image") {
      mounts.push({ Type: "image", Source: mount.reference, Target: mount.target });
    }
  }
  const { volumesFrom = [], log, devices } = options;
  return {
    Binds: orNull(binds),
    ...(mounts.length > 0 && { Mounts: mounts }),
    ...(Object.keys(tmpfs).length > 0 && { Tmpfs: tmpfs }),
    VolumesFrom: orNull(
      volumesFrom.map(({ container, readonly }) => `${container}${readonly ? ":ro" : ""}`),
    ),
    VolumeDriver: "",
    ShmSize: options.shmSizeBytes,
    LogConfig: { Type: log?.driver ?? "json-file", Config: log?.given ?? {} },
    Devices: devices.map(({ hostPath, containerPath, access }) => ({
      PathOnHost: hostPath,
      PathInContainer: containerPath,
      CgroupPermissions: access,
    })),
    DeviceCgroupRules: orNull(
      (options.deviceRules ?? []).map(
        ({ type, major = "*", minor = "*", access }) => `${type} ${major}:${minor} ${access}`,
      ),
    ),
    DeviceRequests: null,
  };
}

function describeLife(options: RunOptions): object {
  const { restart = { kind: "no" } } = options;
  return {
    ContainerIDFile: options.cidfile ?? "",
    RestartPolicy: {
      Name: restart.kind,
      MaximumRetryCount: restart.kind === "on-failure" ? restart.attempts : 0,
    },
    AutoRemove: options.remove,
    ...(options.init && { Init: true }),
    Annotations: options.annotations,
    Runtime: "bunker",
    ConsoleSize: [0, 0],
    Isolation: "",
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

function describeNetworking({ network, networking }: RunOptions): object {
  return {
    NetworkMode: networking?.networks[0]?.name ?? (modeOf(network) || "none"),
    PortBindings: describeBindings(networking?.publish ?? []),
    PublishAllPorts: networking?.publishAll ?? false,
    Dns: networking?.dns ?? [],
    DnsOptions: networking?.dnsOptions ?? [],
    DnsSearch: networking?.dnsSearch ?? [],
    ExtraHosts: orNull(
      (networking?.addHosts ?? []).map(({ name, address }) => `${name}:${address}`),
    ),
    Links: null,
  };
}

/** What `-p` asked for. */
function describeBindings(
  publish: NonNullable<RunOptions["networking"]>["publish"],
): Record<string, object[]> {
  const bindings: Record<string, object[]> = {};
  for (const { protocol, containerPort, hostIp, hostPort } of publish) {
    const list = (bindings[`${containerPort}/${protocol}`] ??= []);
    list.push({ HostIp: hostIp, HostPort: hostPort === 0 ? "" : String(hostPort) });
  }
  return bindings;
}

function describeNamespaces(options: RunOptions): object {
  const { pid, ipc, uts, userns, cgroupns } = options;
  return {
    PidMode: modeOf(pid),
    IpcMode: modeOf(ipc) || "private",
    UTSMode: modeOf(uts),
    // The host's is what there is without a word.
    UsernsMode: userns.kind === "auto" ? "auto" : userns.kind === "host" ? "" : modeOf(userns),
    CgroupnsMode: cgroupns.kind === "default" ? "private" : cgroupns.kind,
    Cgroup: "",
    CgroupParent: options.cgroupParent ?? "",
  };
}

function modeOf(option: NamespaceOption): string {
  switch (option.kind) {
    case "private":
      return "";
    case "container":
      return `container:${option.id}`;
    case "path":
      return `ns:${option.path}`;
    default:
      return option.kind;
  }
}

function describeSecurity(options: RunOptions): object {
  const { security, sysctls, groupAdd, readonlyRootfs } = options;
  const { privileged } = security;
  const isOpen = privileged || security.systempathsUnconfined;
  const settings = [
    ...(security.noNewPrivileges ? ["no-new-privileges"] : []),
    ...(security.seccomp === "default" ? [] : [`seccomp=${security.seccomp}`]),
    ...(security.apparmor === undefined ? [] : [`apparmor=${security.apparmor}`]),
    ...(privileged ? ["label=disable"] : []),
  ];
  return {
    Privileged: privileged,
    CapAdd: orNull(security.capAdd.map(nameCapability)),
    CapDrop: orNull(security.capDrop.map(nameCapability)),
    GroupAdd: orNull(groupAdd),
    SecurityOpt: orNull(settings),
    ...(Object.keys(sysctls).length > 0 && { Sysctls: sysctls }),
    MaskedPaths: isOpen ? null : MASKED_PATHS,
    ReadonlyPaths: isOpen ? null : READONLY_PATHS,
    ReadonlyRootfs: readonlyRootfs,
  };
}

function nameCapability(text: string): string {
  const name = text.toUpperCase();
  return name === "ALL" || name.startsWith("CAP_") ? name : `CAP_${name}`;
}

const sizeOf = (limit: Limit | undefined): number =>
  limit === undefined ? 0 : limit === "unlimited" ? -1 : limit;

const throttle = (limits: readonly ThrottleOption[] = []): object[] =>
  limits.map(({ path, rate }) => ({ Path: path, Rate: rate }));

function describeResources({ resources, ulimits, oomScoreAdj }: RunOptions): object {
  const { pidsLimit } = resources;
  return {
    ...describeMemory(resources),
    NanoCpus: Math.round((resources.cpus ?? 0) * 1e9),
    CpuShares: resources.cpuShares ?? 0,
    CpuPeriod: resources.cpuPeriodUs ?? 0,
    CpuQuota: resources.cpuQuotaUs ?? 0,
    CpuRealtimePeriod: resources.cpuRealtimePeriodUs ?? 0,
    CpuRealtimeRuntime: resources.cpuRealtimeRuntimeUs ?? 0,
    CpusetCpus: resources.cpusetCpus ?? "",
    CpusetMems: resources.cpusetMems ?? "",
    BlkioWeight: resources.blkioWeight ?? 0,
    BlkioWeightDevice: (resources.blkioWeightDevice ?? []).map(({ path, weight }) => ({
      Path: path,
      Weight: weight,
    })),
    BlkioDeviceReadBps: throttle(resources.deviceReadBps),
    BlkioDeviceWriteBps: throttle(resources.deviceWriteBps),
    BlkioDeviceReadIOps: throttle(resources.deviceReadIops),
    BlkioDeviceWriteIOps: throttle(resources.deviceWriteIops),
    PidsLimit: pidsLimit === undefined ? null : sizeOf(pidsLimit),
    OomScoreAdj: oomScoreAdj ?? 0,
    Ulimits: ulimits.map(({ type, soft, hard }) => ({
      Name: type.replace(/^RLIMIT_/, "").toLowerCase(),
      Hard: sizeOf(hard),
      Soft: sizeOf(soft),
    })),
  };
}

/** docker writes down that swap is as much again, where a limit of memory is all that was asked for. */
function describeMemory(resources: ResourceOptions): object {
  const memory = sizeOf(resources.memoryBytes);
  const { memorySwapBytes } = resources;
  return {
    Memory: memory,
    MemorySwap: memorySwapBytes === undefined ? Math.max(0, 2 * memory) : sizeOf(memorySwapBytes),
    MemoryReservation: resources.memoryReservationBytes ?? 0,
    MemorySwappiness: resources.memorySwappiness ?? null,
    OomKillDisable: resources.oomKillDisable ?? false,
  };
}
