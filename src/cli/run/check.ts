// What is wrong with a run's limits and paths although each flag could be read: ranges, what the
// host does not have, limits that do not go together. Options that contradict each other, the root
// file system and the command are the engine's to judge, whoever calls it.
import type { Limit, MountOption, ResourceOptions, RunOptions } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import { formatSize } from "../values/size.ts";
import type { RunContext } from "./draft.ts";

const leastMemoryBytes = 6 * 1024 * 1024;

/** Throws the first thing that cannot be: one line, and what would do. */
export function checkOptions(options: RunOptions, context: RunContext): void {
  // Start-up time: what no flag was given for is not looked at, and so not even loaded.
  for (const _given in options.resources) {
    checkLimits(options.resources, context);
    break;
  }
  inRange("oom score adjustment", options.oomScoreAdj, -1000, 1000);
  for (const key in options.sysctls) checkSysctl(key, options);
  if (options.mounts.length > 0) checkMounts(options.mounts, context);
  for (const device of options.devices) requirePath("device", device.hostPath, context);
  checkFiles(options, context);
}

/** Throws the first limit that cannot be. */
export function checkLimits(resources: ResourceOptions, context: RunContext): void {
  checkMemory(resources);
  checkCpu(resources, context);
  checkWeights(resources);
}

function checkMemory(resources: ResourceOptions): void {
  const { memoryBytes, memorySwapBytes, memoryReservationBytes } = resources;
  atLeastSize("memory limit", memoryBytes, leastMemoryBytes);
  atLeastSize("memory reservation", memoryReservationBytes, leastMemoryBytes);
  if (typeof memorySwapBytes === "number") {
    if (typeof memoryBytes !== "number") {
      throw new UserError("--memory-swap needs a memory limit", "add --memory");
    }
    if (memorySwapBytes < memoryBytes) {
      throw new UserError(
        `memory plus swap must be at least the memory limit, ${formatSize(memoryBytes)}: got ${formatSize(memorySwapBytes)}`,
        "--memory-swap is the sum of both; the same as --memory means no swap",
      );
    }
  }
  if (memoryReservationBytes === undefined || typeof memoryBytes !== "number") return;
  if (memoryReservationBytes > memoryBytes) {
    throw new UserError(
      `memory reservation must be at most the memory limit, ${formatSize(memoryBytes)}: got ${formatSize(memoryReservationBytes)}`,
    );
  }
}

function atLeastSize(what: string, bytes: Limit | undefined, least: number): void {
  if (typeof bytes !== "number" || bytes >= least) return;
  throw new UserError(`${what} must be at least ${formatSize(least)}: got ${formatSize(bytes)}`);
}

function checkCpu(resources: ResourceOptions, context: RunContext): void {
  const { cpus, cpuPeriodUs, cpuQuotaUs, cpuShares } = resources;
  if (cpus !== undefined) {
    const most = context.hostCpus();
    if (cpus < 0.01 || cpus > most) {
      throw new UserError(
        `cpus must be between 0.01 and ${most}: got ${cpus}`,
        `this host has ${most} CPU${most === 1 ? "" : "s"}; leave --cpus away for no limit`,
      );
    }
  }
  checkCpuset(resources.cpusetCpus, context);
  inRange("cpu shares", cpuShares, 2, 262_144);
  inRange("cpu period", cpuPeriodUs, 1000, 1_000_000, " us");
  if (cpuQuotaUs !== -1) inRange("cpu quota", cpuQuotaUs, 1000, Infinity, " us");
  checkRealtime(resources);
}

function checkRealtime(resources: ResourceOptions): void {
  const { cpuRealtimePeriodUs: periodUs, cpuRealtimeRuntimeUs: runtimeUs } = resources;
  if (periodUs === undefined || runtimeUs === undefined || runtimeUs <= periodUs) return;
  throw new UserError("cpu real-time runtime cannot be higher than cpu real-time period");
}

const ONLINE_CPUS = "/sys/devices/system/cpu/online";

/** The kernel would answer EINVAL, long after. cpuset(7) */
function checkCpuset(asked: string | undefined, context: RunContext): void {
  if (!asked || context.kindOf(ONLINE_CPUS) === undefined) return;
  const online = context.readText(ONLINE_CPUS).trim();
  for (const part of asked.split(",")) {
    const [first = "", last = first] = part.split("-");
    for (let cpu = Number(first); cpu <= Number(last); cpu++) {
      if (isInList(cpu, online)) continue;
      throw new UserError(`CPU ${cpu} is not available: this host has ${online}, got ${asked}`);
    }
  }
}

function isInList(number: number, list: string): boolean {
  for (const part of list.split(",")) {
    const [first = "", last = first] = part.split("-");
    if (number >= Number(first) && number <= Number(last)) return true;
  }
  return false;
}

function checkWeights(resources: ResourceOptions): void {
  inRange("memory swappiness", resources.memorySwappiness, 0, 100);
  inRange("block IO weight", resources.blkioWeight, 10, 1000);
  if (resources.pidsLimit !== "unlimited") inRange("pids limit", resources.pidsLimit, 1, Infinity);
}

function inRange(
  what: string,
  value: number | undefined,
  least: number,
  most: number,
  unit = "",
): void {
  if (value === undefined || (value >= least && value <= most)) return;
  const range = most === Infinity ? `at least ${least}` : `between ${least} and ${most}`;
  throw new UserError(`${what} must be ${range}${unit}: got ${value}`);
}

// Security: a parameter set in a namespace of the host's would be the host's own.
function checkSysctl(key: string, { network, ipc }: RunOptions): void {
  const [mode, namespace] = key.startsWith("net.") ? [network, "network"] : [ipc, "ipc"];
  if (mode.kind !== "host") return;
  throw new UserError(`sysctl '${key}' is not allowed in the host's ${namespace} namespace`);
}

function checkMounts(mounts: readonly MountOption[], context: RunContext): void {
  const targets = new Set<string>();
  for (const mount of mounts) {
    if (targets.has(mount.target)) throw new UserError(`duplicate mount point: ${mount.target}`);
    targets.add(mount.target);
    if (mount.type !== "bind" || mount.createSource) continue;
    if (context.kindOf(mount.source) !== undefined) continue;
    throw new UserError(
      `invalid mount config for type "bind": bind source path does not exist: ${mount.source}`,
      "-v makes a missing source folder",
    );
  }
}

function checkFiles({ security, cidfile }: RunOptions, context: RunContext): void {
  const { seccomp } = security;
  if (seccomp.startsWith("/") && context.kindOf(seccomp) === undefined) {
    throw new UserError(
      `opening seccomp profile (${seccomp}) failed: open ${seccomp}: no such file or directory`,
    );
  }
  if (cidfile === undefined || context.kindOf(cidfile) === undefined) return;
  throw new UserError(
    `container ID file found, make sure the other container isn't running or delete ${cidfile}`,
  );
}

function requirePath(what: string, path: string, context: RunContext): void {
  if (context.kindOf(path) !== undefined) return;
  throw new UserError(`${what} does not exist: "${path}"`);
}
