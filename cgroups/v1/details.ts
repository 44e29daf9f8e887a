// What the controllers count, read from their files. Kernel documentation: admin-guide/cgroup-v1/.

import { listDirectory } from "../../ffi/files.ts";
import { readControlFile, readKeyed, readNumber } from "../control-file.ts";
import {
  type CgroupDetails,
  HUGEPAGES,
  hugepageSizes,
  type MemoryDetails,
  NO_USAGE,
  type Usage,
} from "../details.ts";
import type { DirectoryOf } from "./stats.ts";

/** Everything that is counted besides readStats(). */
export function readDetails(directoryOf: DirectoryOf): CgroupDetails {
  const accounting = directoryOf("cpuacct");
  return {
    memory: readMemory(directoryOf("memory")),
    perCpuUserNs: readNumbers(`${accounting}/cpuacct.usage_percpu_user`),
    perCpuKernelNs: readNumbers(`${accounting}/cpuacct.usage_percpu_sys`),
    cpuset: readCpuset(directoryOf("cpuset")),
    hugepages: readHugepages(directoryOf("hugetlb")),
    // Kernel: only the unified hierarchy measures stalls.
    pressure: {},
  };
}

function readMemory(directory: string): MemoryDetails {
  if (directory === "") {
    return {
      cacheBytes: 0,
      memory: NO_USAGE,
      swap: NO_USAGE,
      kernel: NO_USAGE,
      kernelTcp: NO_USAGE,
    };
  }
  return {
    cacheBytes: readKeyed(`${directory}/memory.stat`)["cache"] ?? 0,
    memory: readUsage(`${directory}/memory`),
    swap: readUsage(`${directory}/memory.memsw`),
    kernel: readUsage(`${directory}/memory.kmem`),
    kernelTcp: readUsage(`${directory}/memory.kmem.tcp`),
  };
}

/** The four files that every counter has; zeros where the kernel does not have it. */
function readUsage(prefix: string): Usage {
  return {
    limit: readNumber(`${prefix}.limit_in_bytes`),
    usage: readNumber(`${prefix}.usage_in_bytes`) ?? 0,
    peak: readNumber(`${prefix}.max_usage_in_bytes`) ?? 0,
    failures: readNumber(`${prefix}.failcnt`) ?? 0,
  };
}

function readNumbers(path: string): number[] {
  const text = (readControlFile(path) ?? "").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

function readCpuset(directory: string): Record<string, string> {
  const values: Record<string, string> = {};
  if (directory === "") return values;
  for (const { name } of listDirectory(directory) ?? []) {
    if (!name.startsWith("cpuset.")) continue;
    values[name.slice("cpuset.".length)] = (readControlFile(`${directory}/${name}`) ?? "").trim();
  }
  return values;
}

function readHugepages(directory: string): Record<string, Usage> {
  const sizes = directory === "" ? [] : hugepageSizes(listDirectory(HUGEPAGES) ?? []);
  return Object.fromEntries(sizes.map((size) => [size, readUsage(`${directory}/hugetlb.${size}`)]));
}
