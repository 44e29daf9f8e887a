// What a cgroup has used, read from the controllers' files.

import { parseLimit, readControlFile, readKeyed, readNumber } from "../control-file.ts";
import type { CgroupStats, CpuStats, DeviceIo, MemoryStats } from "../manager.ts";

const NS_PER_US = 1000;

/** Everything that is counted. */
export function readStats(directory: string): CgroupStats {
  return {
    memory: readMemory(directory),
    cpu: readCpu(directory),
    pids: readPids(directory),
    io: readIo(directory),
  };
}

/** A file that is not there (memory.peak came with 5.19) is null, not 0. */
function readOptional(path: string): number | null {
  const text = readControlFile(path);
  return text === undefined ? null : parseLimit(text.trim());
}

function readMemory(directory: string): MemoryStats {
  const details = readKeyed(`${directory}/memory.stat`);
  return {
    usageBytes: readNumber(`${directory}/memory.current`) ?? 0,
    limitBytes: readOptional(`${directory}/memory.max`),
    peakBytes: readOptional(`${directory}/memory.peak`),
    swapBytes: readOptional(`${directory}/memory.swap.current`),
    inactiveFileBytes: details["inactive_file"] ?? 0,
    limitHits: readKeyed(`${directory}/memory.events`)["max"] ?? 0,
    details,
  };
}

function readCpu(directory: string): CpuStats {
  const values = readKeyed(`${directory}/cpu.stat`);
  return {
    totalNs: (values["usage_usec"] ?? 0) * NS_PER_US,
    userNs: (values["user_usec"] ?? 0) * NS_PER_US,
    systemNs: (values["system_usec"] ?? 0) * NS_PER_US,
    perCpuNs: [],
    periods: values["nr_periods"] ?? 0,
    throttledPeriods: values["nr_throttled"] ?? 0,
    throttledNs: (values["throttled_usec"] ?? 0) * NS_PER_US,
  };
}

function readPids(directory: string): CgroupStats["pids"] {
  const current = readNumber(`${directory}/pids.current`) ?? 0;
  return { current, limit: readOptional(`${directory}/pids.max`) };
}

/** Lines of "8:0 rbytes=4096 wbytes=0 rios=1 wios=0 …". */
function readIo(directory: string): DeviceIo[] {
  const lines = (readControlFile(`${directory}/io.stat`) ?? "").split("\n");
  return lines.flatMap((line) => {
    const [device = "", ...pairs] = line.split(" ");
    if (device === "" || pairs.length === 0) return [];
    const values = new Map(pairs.map((pair) => splitPair(pair)));
    return [
      {
        device,
        readBytes: values.get("rbytes") ?? 0,
        writeBytes: values.get("wbytes") ?? 0,
        reads: values.get("rios") ?? 0,
        writes: values.get("wios") ?? 0,
      },
    ];
  });
}

function splitPair(pair: string): [string, number] {
  const equals = pair.indexOf("=");
  return [pair.slice(0, equals), Number(pair.slice(equals + 1))];
}

/** Kernel: the count of a cgroup has those below in it (without `memory_localevents`). */
export function countOomKills(directory: string): number {
  return readKeyed(`${directory}/memory.events`)["oom_kill"] ?? 0;
}
