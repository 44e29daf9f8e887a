// Golden plans: given the hierarchies, the steps for limits follow without asking the host.

import { describe, expect, test } from "bun:test";
import { planCpu } from "../../../cgroups/v1/cpu.ts";
import { makeV1 } from "../../../cgroups/v1/manager.ts";
import { planMemory } from "../../../cgroups/v1/memory.ts";
import type { Resources } from "../../../cgroups/resources.ts";
import { planLines } from "../plan-lines.ts";
import { expectRefusal } from "../refused.ts";

const all = "cpu,cpuacct cpuset memory devices freezer blkio pids hugetlb rdma net_cls,net_prio";
const hierarchies = all.split(" ").map((name) => ({
  directory: `/${name}`,
  controllers: name.split(","),
  own: "/own",
}));
const manager = makeV1({ hierarchies, hybrid: true });
const bare = makeV1({ hierarchies: hierarchies.slice(4, 5), hybrid: false });

/** The writes only. */
function writes(resources: Resources, update = false): string[] {
  const plan = update ? manager.planUpdate : manager.planCreate;
  return planLines(plan("/b/web", resources)).filter((line) => line.startsWith("write"));
}

describe("the plan of a new cgroup", () => {
  test("makes one directory in every hierarchy, and fills the cpuset", () => {
    expect(planLines(manager.planCreate("/b/web", {}))).toEqual([
      "mkdir /cpu,cpuacct/b/web",
      "mkdir /cpuset/b/web",
      "inherit /cpuset/b/web/cpuset.cpus",
      "inherit /cpuset/b/web/cpuset.mems",
      "mkdir /memory/b/web",
      "mkdir /devices/b/web",
      "mkdir /freezer/b/web",
      "mkdir /blkio/b/web",
      "mkdir /pids/b/web",
      "mkdir /hugetlb/b/web",
      "mkdir /rdma/b/web",
      "mkdir /net_cls,net_prio/b/web",
    ]);
  });

  test("puts a relative path below our own cgroup", () => {
    expect(planLines(bare.planCreate("web", {}))).toEqual(["mkdir /freezer/own/web"]);
  });

  test.each<[string, Resources, string[]]>([
    ["no limits", { memory: { limit: 0, swappiness: -1 }, cpu: {}, pids: { limit: 0 } }, []],
    [
      "memory",
      { memory: { limit: 64, swap: 128, reservation: 32, swappiness: 0, disableOOMKiller: true } },
      [
        "write /memory/b/web/memory.limit_in_bytes 64",
        "write? /memory/b/web/memory.memsw.limit_in_bytes 128",
        "write /memory/b/web/memory.soft_limit_in_bytes 32",
        "write /memory/b/web/memory.oom_control 1",
        "write /memory/b/web/memory.swappiness 0",
      ],
    ],
    [
      "memory without a limit, and so without one of swap",
      { memory: { limit: -1 } },
      [
        "write? /memory/b/web/memory.memsw.limit_in_bytes -1",
        "write /memory/b/web/memory.limit_in_bytes -1",
      ],
    ],
    [
      "cpu",
      {
        cpu: {
          shares: 512,
          quota: 5000,
          period: 10000,
          burst: 100,
          idle: 1,
          cpus: "0-1",
          mems: "0",
        },
      },
      [
        "write /cpuset/b/web/cpuset.cpus 0-1",
        "write /cpuset/b/web/cpuset.mems 0",
        "write /cpu,cpuacct/b/web/cpu.shares 512",
        "write /cpu,cpuacct/b/web/cpu.idle 1",
        "write /cpu,cpuacct/b/web/cpu.cfs_period_us 10000",
        "write /cpu,cpuacct/b/web/cpu.cfs_quota_us 5000",
        "write /cpu,cpuacct/b/web/cpu.cfs_burst_us 100",
      ],
    ],
    [
      "real-time cpu",
      { cpu: { realtimePeriod: 1000, realtimeRuntime: 500 } },
      [
        "write /cpu,cpuacct/b/web/cpu.rt_period_us 1000",
        "write /cpu,cpuacct/b/web/cpu.rt_runtime_us 500",
      ],
    ],
    ["pids", { pids: { limit: 20 } }, ["write /pids/b/web/pids.max 20"]],
    ["pids without limit", { pids: { limit: -1 } }, ["write /pids/b/web/pids.max max"]],
    [
      "block I/O",
      {
        blockIO: {
          weight: 500,
          leafWeight: 300,
          weightDevice: [{ major: 8, minor: 0, weight: 100, leafWeight: 50 }],
          throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }],
          throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 2000 }],
          throttleReadIOPSDevice: [{ major: 8, minor: 16, rate: 10 }],
          throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 20 }],
        },
      },
      [
        "write? /blkio/b/web/blkio.weight 500 | /blkio/b/web/blkio.bfq.weight 500",
        "write /blkio/b/web/blkio.leaf_weight 300",
        "write? /blkio/b/web/blkio.weight_device 8:0 100 | /blkio/b/web/blkio.bfq.weight_device 8:0 100",
        "write /blkio/b/web/blkio.leaf_weight_device 8:0 50",
        "write /blkio/b/web/blkio.throttle.read_bps_device 8:0 1000",
        "write /blkio/b/web/blkio.throttle.write_bps_device 8:0 2000",
        "write /blkio/b/web/blkio.throttle.read_iops_device 8:16 10",
        "write /blkio/b/web/blkio.throttle.write_iops_device 8:16 20",
      ],
    ],
    [
      "huge pages, RDMA, network",
      {
        hugepageLimits: [{ pageSize: "2MB", limit: 4096 }],
        rdma: { mlx5_0: { hcaHandles: 3, hcaObjects: 10 } },
        network: { classID: 1048577, priorities: [{ name: "eth0", priority: 5 }] },
      },
      [
        "write /hugetlb/b/web/hugetlb.2MB.limit_in_bytes 4096",
        "write? /hugetlb/b/web/hugetlb.2MB.rsvd.limit_in_bytes 4096",
        "write /rdma/b/web/rdma.max mlx5_0 hca_handle=3 hca_object=10",
        "write /net_cls,net_prio/b/web/net_cls.classid 1048577",
        "write /net_cls,net_prio/b/web/net_prio.ifpriomap eth0 5",
      ],
    ],
    [
      "devices",
      { devices: [{ allow: false }, { allow: true, type: "c", major: 1, minor: 3 }] },
      ["write /devices/b/web/devices.deny a", "write /devices/b/web/devices.allow c 1:3 rwm"],
    ],
    [
      "all devices but one",
      { devices: [{ allow: true }, { allow: false, type: "b", major: 8 }] },
      ["write /devices/b/web/devices.deny b 8:* rwm"],
    ],
  ])("writes %s", (_, resources, expected) => {
    expect(writes(resources)).toEqual(expected);
  });
});

describe("the plan of an update", () => {
  const memory = { limit: 200, swap: 400 };

  test("raises the limit of memory and swap before that of memory", () => {
    const files = planLines(planMemory("/m", memory, 300));
    expect(files).toEqual([
      "write? /m/memory.memsw.limit_in_bytes 400",
      "write /m/memory.limit_in_bytes 200",
    ]);
  });

  test("lowers the limit of memory and swap after that of memory", () => {
    const files = planLines(planMemory("/m", memory, 500));
    expect(files).toEqual([
      "write /m/memory.limit_in_bytes 200",
      "write? /m/memory.memsw.limit_in_bytes 400",
    ]);
  });

  test("lifts quota and burst for a moment, so that period and quota fit in any order", () => {
    expect(writes({ cpu: { quota: 5000, period: 10000, burst: 100 } }, true)).toEqual([
      "write? /cpu,cpuacct/b/web/cpu.cfs_burst_us 0",
      "write /cpu,cpuacct/b/web/cpu.cfs_quota_us -1",
      "write /cpu,cpuacct/b/web/cpu.cfs_period_us 10000",
      "write /cpu,cpuacct/b/web/cpu.cfs_quota_us 5000",
      "write /cpu,cpuacct/b/web/cpu.cfs_burst_us 100",
    ]);
  });

  test("takes a burst away, even where the kernel does not know any", () => {
    expect(writes({ cpu: { burst: 0 } }, true)).toEqual([
      "write? /cpu,cpuacct/b/web/cpu.cfs_burst_us 0",
    ]);
    expect(writes({ cpu: { burst: 0 } })).toEqual([]);
  });

  test.each([
    ["a longer real-time period before its budget", 1000, "period runtime"],
    ["a shorter real-time period after its budget", 6000, "runtime period"],
  ])("writes %s", (_, presentUs, order) => {
    const cpu = { realtimePeriod: 5000, realtimeRuntime: 500 };
    const lines = planLines(planCpu("/c", cpu, true, presentUs));
    const files = lines.map((line) => (/rt_(.*)_us/.exec(line) ?? [])[1]);
    expect(files.join(" ")).toBe(order);
  });

  test("allows every device again where that is asked for", () => {
    expect(writes({ devices: [{ allow: true }] }, true)).toEqual([
      "write /devices/b/web/devices.allow a",
    ]);
  });
});

describe("what cannot be had", () => {
  const missing = (what: string, controller: string): string =>
    `${what} needs the cgroup controller "${controller}", which is not available here`;

  test.each<[Resources, string]>([
    [{ memory: { limit: 1 } }, missing("a memory limit", "memory")],
    [{ cpu: { shares: 1 } }, missing("a cpu limit", "cpu")],
    [{ cpu: { cpus: "0" } }, missing("a set of cpus", "cpuset")],
    [{ pids: { limit: 1 } }, missing("a pids limit", "pids")],
    [{ blockIO: { weight: 10 } }, missing("a block I/O limit", "blkio")],
    [{ hugepageLimits: [{ pageSize: "2MB", limit: 1 }] }, missing("a huge page limit", "hugetlb")],
    [{ rdma: { x: {} } }, missing("an RDMA limit", "rdma")],
    [{ devices: [] }, missing("a device rule", "devices")],
    [{ network: { classID: 1 } }, missing("a network class", "net_cls")],
  ])("%j is refused where the controller is missing", (resources, message) => {
    expectRefusal(() => bare.planCreate("/web", resources), message);
  });

  test.each<[Resources, string]>([
    [
      { memory: { limit: 20, swap: 10 } },
      "memory+swap limit must be at least the memory limit: got 10 below 20",
    ],
    [{ memory: { swappiness: 101 } }, "memory swappiness must be from 0 to 100: got 101"],
    [{ blockIO: { weight: 5 } }, "block I/O weight must be from 10 to 1000: got 5"],
    [
      { blockIO: { weightDevice: [{ major: 1, minor: 1, leafWeight: 1001 }] } },
      "block I/O weight must be from 10 to 1000: got 1001",
    ],
    [
      { hugepageLimits: [{ pageSize: "../2MB", limit: 1 }] },
      'huge page size must be like 2MB or 1GB: got "../2MB"',
    ],
    [{ rdma: { "a b": {} } }, 'RDMA device must be a name without spaces: got "a b"'],
    [
      { unified: { "memory.high": "1" } },
      'invalid configuration: unified resources need cgroup v2, which this host does not use: got "memory.high"',
    ],
  ])("%j is refused", (resources, message) => {
    expectRefusal(() => manager.planCreate("/web", resources), message);
  });

  test("kernel memory limits are left out, with a warning each", () => {
    expect(manager.ignored({ memory: { kernel: 1, kernelTCP: 1 } })).toEqual([
      "the kernel has no separate limit of kernel memory any more",
      "the kernel has no separate limit of TCP memory any more",
    ]);
    expect(writes({ memory: { kernel: 1, kernelTCP: 1 } })).toEqual([]);
  });
});

test("a process joins by the tasks file of every hierarchy", () => {
  expect(bare.join("/web")).toEqual({ how: "self", files: ["/freezer/web/tasks"] });
  expect(bare.procsFiles("/web")).toEqual(["/freezer/web/cgroup.procs"]);
});
