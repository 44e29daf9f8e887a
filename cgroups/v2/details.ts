// What the controllers count, read from their files. Kernel documentation: admin-guide/cgroup-v2.rst.

import { listDirectory } from "../../ffi/files.ts";
import { parseLimit, readControlFile, readKeyed, readNumber } from "../control-file.ts";
import {
  type CgroupDetails,
  HUGEPAGES,
  hugepageSizes,
  type MemoryDetails,
  NO_USAGE,
  type Pressure,
  readPressure,
  type Usage,
} from "../details.ts";

/** Everything that is counted besides readStats(). */
export function readDetails(directory: string): CgroupDetails {
  return {
    memory: readMemory(directory),
    perCpuUserNs: [],
    perCpuKernelNs: [],
    cpuset: readCpuset(directory),
    hugepages: readHugepages(directory),
    pressure: {
      ...named("cpu", readPressure(`${directory}/cpu.pressure`)),
      ...named("memory", readPressure(`${directory}/memory.pressure`)),
      ...named("io", readPressure(`${directory}/io.pressure`)),
    },
  };
}

function named<Key extends "cpu" | "memory" | "io">(
  key: Key,
  pressure: Pressure | undefined,
): { [K in "cpu" | "memory" | "io"]?: Pressure } {
  return pressure === undefined ? {} : { [key]: pressure };
}

function readMemory(directory: string): MemoryDetails {
  const stat = readKeyed(`${directory}/memory.stat`);
  const events = readKeyed(`${directory}/memory.events`);
  const swapEvents = readKeyed(`${directory}/memory.swap.events`);
  return {
    cacheBytes: stat["file"] ?? 0,
    memory: {
      ...readUsage(`${directory}/memory`, "current", "peak"),
      failures: events["max"] ?? 0,
    },
    swap: {
      ...readUsage(`${directory}/memory.swap`, "current", "peak"),
      failures: swapEvents["max"] ?? 0,
    },
    kernel: { ...NO_USAGE, usage: stat["kernel"] ?? 0 },
    kernelTcp: { ...NO_USAGE, usage: stat["sock"] ?? 0 },
  };
}

function readUsage(prefix: string, current: string, peak: string): Usage {
  const limit = readControlFile(`${prefix}.max`)?.trim();
  return {
    limit: limit === undefined ? 0 : parseLimit(limit),
    usage: readNumber(`${prefix}.${current}`) ?? 0,
    peak: readNumber(`${prefix}.${peak}`) ?? 0,
    failures: 0,
  };
}

function readCpuset(directory: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, file] of [
    ["cpus", "cpuset.cpus"],
    ["mems", "cpuset.mems"],
    ["effective_cpus", "cpuset.cpus.effective"],
    ["effective_mems", "cpuset.mems.effective"],
  ] as const) {
    const value = readControlFile(`${directory}/${file}`)?.trim();
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function readHugepages(directory: string): Record<string, Usage> {
  const sizes = hugepageSizes(listDirectory(HUGEPAGES) ?? []);
  const hugepages: Record<string, Usage> = {};
  for (const size of sizes) {
    const prefix = `${directory}/hugetlb.${size}`;
    if (readControlFile(`${prefix}.current`) === undefined) continue;
    const failures = readKeyed(`${prefix}.events`)["max"] ?? 0;
    hugepages[size] = { ...readUsage(prefix, "current", "peak"), failures };
  }
  return hugepages;
}
