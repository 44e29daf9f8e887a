// The statistics of a container in the shape that runc's `events` prints them. Absent is what would
// be 0, except where runc prints the 0.
import type { CgroupDetails, Pressure, Stall, Usage } from "../../../cgroups/details.ts";
import type { CgroupStats } from "../../../cgroups/manager.ts";
import { expandList } from "../cpu-list.ts";

/** What "no limit" is as a number that fits into the 64 bits that readers have for it. */
const NO_LIMIT = 2 ** 63;

/** The value of `data` in an event. */
export function formatStats(stats: CgroupStats, details: CgroupDetails): object {
  const { pressure } = details;
  return {
    cpu: { ...formatCpu(stats, details), ...formatPressure(pressure.cpu) },
    cpuset: formatCpuset(details.cpuset),
    memory: { ...formatMemory(stats, details), ...formatPressure(pressure.memory) },
    pids: dropZeros({ current: stats.pids.current, limit: stats.pids.limit ?? 0 }),
    blkio: { ...formatDisks(stats.io), ...formatPressure(pressure.io) },
    hugetlb: formatHugepages(details.hugepages),
    intel_rdt: {},
    network_interfaces: null,
  };
}

/** Without the fields that are 0. */
function dropZeros<T extends object>(fields: T): Partial<T> {
  const kept: Partial<T> = {};
  for (const key in fields) if (fields[key] !== 0) kept[key] = fields[key];
  return kept;
}

function formatCpu({ cpu }: CgroupStats, details: CgroupDetails): object {
  const { perCpuKernelNs, perCpuUserNs } = details;
  return {
    usage: {
      ...dropZeros({ total: cpu.totalNs }),
      ...(cpu.perCpuNs.length > 0 && { percpu: cpu.perCpuNs }),
      ...(perCpuKernelNs.length > 0 && { percpu_kernel: perCpuKernelNs }),
      ...(perCpuUserNs.length > 0 && { percpu_user: perCpuUserNs }),
      kernel: cpu.systemNs,
      user: cpu.userNs,
    },
    throttling: dropZeros({
      periods: cpu.periods,
      throttledPeriods: cpu.throttledPeriods,
      throttledTime: cpu.throttledNs,
    }),
  };
}

function formatCpuset(values: Readonly<Record<string, string>>): object {
  const number = (name: string): number => Number(values[name] ?? 0);
  const cpus = expandList(values["effective_cpus"] || values["cpus"] || "");
  const mems = expandList(values["effective_mems"] || values["mems"] || "");
  return {
    ...(cpus.length > 0 && { cpus }),
    cpu_exclusive: number("cpu_exclusive"),
    ...(mems.length > 0 && { mems }),
    mem_hardwall: number("mem_hardwall"),
    mem_exclusive: number("mem_exclusive"),
    memory_migrate: number("memory_migrate"),
    memory_spread_page: number("memory_spread_page"),
    memory_spread_slab: number("memory_spread_slab"),
    memory_pressure: number("memory_pressure"),
    sched_load_balance: number("sched_load_balance"),
    sched_relax_domain_level: number("sched_relax_domain_level"),
  };
}

function formatMemory(stats: CgroupStats, { memory }: CgroupDetails): object {
  return {
    ...dropZeros({ cache: memory.cacheBytes }),
    usage: formatUsage(memory.memory),
    swap: formatUsage(memory.swap),
    kernel: formatUsage(memory.kernel),
    kernelTCP: formatUsage(memory.kernelTcp),
    raw: stats.memory.details,
  };
}

function formatUsage({ limit, usage, peak, failures }: Usage): object {
  const used = dropZeros({ usage, max: peak });
  return { limit: limit ?? NO_LIMIT, ...used, failcnt: failures };
}

function formatHugepages(pages: Readonly<Record<string, Usage>>): object {
  const sizes: Record<string, object> = {};
  for (const [size, { usage, peak, failures }] of Object.entries(pages)) {
    sizes[size] = { ...dropZeros({ usage, max: peak }), failcnt: failures };
  }
  return sizes;
}

function formatDisks(disks: CgroupStats["io"]): object {
  if (disks.length === 0) return {};
  const entries = (read: "readBytes" | "reads", written: "writeBytes" | "writes") =>
    disks.flatMap((disk) => {
      const [major = 0, minor = 0] = disk.device.split(":").map(Number);
      return [
        dropZeros({ major, minor, op: "Read", value: disk[read] }),
        dropZeros({ major, minor, op: "Write", value: disk[written] }),
      ];
    });
  return {
    ioServiceBytesRecursive: entries("readBytes", "writeBytes"),
    ioServicedRecursive: entries("reads", "writes"),
  };
}

function formatPressure(pressure: Pressure | undefined): { psi?: Record<string, Stall> } {
  if (pressure === undefined) return {};
  return { psi: { some: pressure.some, full: pressure.full } };
}
