// What a cgroup has used, read from the controllers' files.

import { parseLimit, readControlFile, readKeyed, readNumber } from "../control-file.ts";
import type { CgroupStats, CpuStats, DeviceIo, MemoryStats } from "../manager.ts";
import { childCgroups } from "../processes.ts";

/** Kernel: times in cpuacct.stat are in USER_HZ, 100 on every architecture bunker knows. */
const NS_PER_TICK = 10_000_000;

/** The directory of a controller's cgroup; "" where the controller is missing. */
export type DirectoryOf = (controller: string) => string;

/** Everything that is counted. */
export function readStats(directoryOf: DirectoryOf): CgroupStats {
  return {
    memory: readMemory(directoryOf("memory")),
    cpu: readCpu(directoryOf("cpu"), directoryOf("cpuacct")),
    pids: readPids(directoryOf("pids")),
    io: readIo(directoryOf("blkio")),
  };
}

function readMemory(directory: string): MemoryStats {
  const read = (file: string): number | null => readNumber(`${directory}/memory.${file}`);
  const details = readKeyed(`${directory}/memory.stat`);
  const usageBytes = read("usage_in_bytes") ?? 0;
  const bothText = readControlFile(`${directory}/memory.memsw.usage_in_bytes`);
  return {
    usageBytes,
    limitBytes: directory === "" ? null : read("limit_in_bytes"),
    peakBytes: read("max_usage_in_bytes"),
    swapBytes: bothText === undefined ? null : Math.max(0, Number(bothText) - usageBytes),
    inactiveFileBytes: details["total_inactive_file"] ?? 0,
    // Kernel: where both limits are the same, it is that of memory and swap which is hit.
    limitHits: (read("failcnt") ?? 0) + (read("memsw.failcnt") ?? 0),
    details,
  };
}

function readCpu(cpuDirectory: string, accountingDirectory: string): CpuStats {
  const throttling = readKeyed(`${cpuDirectory}/cpu.stat`);
  const ticks = readKeyed(`${accountingDirectory}/cpuacct.stat`);
  const perCpu = (readControlFile(`${accountingDirectory}/cpuacct.usage_percpu`) ?? "").trim();
  return {
    totalNs: readNumber(`${accountingDirectory}/cpuacct.usage`) ?? 0,
    userNs: (ticks["user"] ?? 0) * NS_PER_TICK,
    systemNs: (ticks["system"] ?? 0) * NS_PER_TICK,
    perCpuNs: perCpu === "" ? [] : perCpu.split(" ").map(Number),
    periods: throttling["nr_periods"] ?? 0,
    throttledPeriods: throttling["nr_throttled"] ?? 0,
    throttledNs: throttling["throttled_time"] ?? 0,
  };
}

function readPids(directory: string): CgroupStats["pids"] {
  const limit = readControlFile(`${directory}/pids.max`)?.trim() ?? "max";
  return { current: readNumber(`${directory}/pids.current`) ?? 0, limit: parseLimit(limit) };
}

function readIo(directory: string): DeviceIo[] {
  const bytes = readOperations(`${directory}/blkio.throttle.io_service_bytes_recursive`);
  const counts = readOperations(`${directory}/blkio.throttle.io_serviced_recursive`);
  return Object.entries(bytes).map(([device, { Read = 0, Write = 0 }]) => ({
    device,
    readBytes: Read,
    writeBytes: Write,
    reads: counts[device]?.["Read"] ?? 0,
    writes: counts[device]?.["Write"] ?? 0,
  }));
}

/** Lines of "8:0 Read 4096", by device and operation. */
function readOperations(path: string): Record<string, Record<string, number>> {
  const devices: Record<string, Record<string, number>> = {};
  for (const line of (readControlFile(path) ?? "").split("\n")) {
    const [device = "", operation, value] = line.split(" ");
    if (operation !== undefined && value !== undefined) {
      (devices[device] ??= {})[operation] = Number(value);
    }
  }
  return devices;
}

/** Kernel: each cgroup counts its own OOM kills only (since 4.13), so those below are added. */
export function countOomKills(directory: string): number {
  if (directory === "") return 0;
  const own = readKeyed(`${directory}/memory.oom_control`)["oom_kill"] ?? 0;
  return childCgroups(directory).reduce((sum, child) => sum + countOomKills(child), own);
}
