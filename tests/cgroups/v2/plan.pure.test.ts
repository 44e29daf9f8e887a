// Golden plans: given the controllers of the root, the steps follow without asking the host.

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { MemoryResources, Resources } from "../../../cgroups/resources.ts";
import { planCpu, sharesToWeight } from "../../../cgroups/v2/cpu.ts";
import { makeV2 } from "../../../cgroups/v2/manager.ts";
import { checkUsage, withPresentLimit } from "../../../cgroups/v2/memory.ts";
import { TemporaryFolder } from "../../ffi/folder.ts";
import { planLines } from "../plan-lines.ts";
import { expectRefusal } from "../refused.ts";

const controllers = "cpuset cpu io memory hugetlb pids rdma".split(" ");
const manager = makeV2({ directory: "/cg", controllers, own: "/user" });
const bare = makeV2({ directory: "/cg", controllers: ["cpu"], own: "/" });

/** The writes only, without the directory. */
function writes(resources: Resources): string[] {
  return planLines(manager.planCreate("/b/web", resources))
    .filter((line) => line.startsWith("write") || line.startsWith("filter"))
    .map((line) => line.replaceAll("/cg/b/web/", ""));
}

describe("the plan of a new cgroup", () => {
  test("hands the controllers down level by level, and insists on the needed ones", () => {
    expect(planLines(bare.planCreate("/b/web", { cpu: { idle: 1 } }))).toEqual([
      "delegate /cg [cpu] needs [cpu]",
      "mkdir /cg/b",
      "delegate /cg/b [cpu] needs [cpu]",
      "mkdir /cg/b/web",
      "write /cg/b/web/cpu.idle 1",
    ]);
  });

  test("puts a relative path below our own cgroup", () => {
    expect(planLines(manager.planCreate("web", {}))).toEqual([
      `delegate /cg/user [${controllers}] needs []`,
      "mkdir /cg/user/web",
    ]);
  });

  test.each<[string, Resources, string[]]>([
    ["no limits", { memory: { limit: 0, swappiness: 9 }, cpu: {}, pids: { limit: 0 } }, []],
    [
      "memory and swap apart",
      { memory: { limit: 64, swap: 192, reservation: 32 } },
      ["write? memory.swap.max 128", "write memory.max 64", "write memory.low 32"],
    ],
    [
      "no swap where both limits are the same",
      { memory: { limit: 64, swap: 64 } },
      ["write? memory.swap.max 0", "write memory.max 64"],
    ],
    [
      "unlimited swap",
      { memory: { limit: 64, swap: -1 } },
      ["write? memory.swap.max max", "write memory.max 64"],
    ],
    [
      "memory without a limit, and so without one of swap",
      { memory: { limit: -1 } },
      ["write? memory.swap.max max", "write memory.max max"],
    ],
    [
      "cpu",
      { cpu: { shares: 1024, quota: 5000, period: 10000, burst: 100, cpus: "0-1", mems: "0" } },
      [
        "write cpuset.cpus 0-1",
        "write cpuset.mems 0",
        "write cpu.weight 100",
        "write cpu.max 5000 10000",
        "write cpu.max.burst 100",
      ],
    ],
    ["a quota alone", { cpu: { quota: 5000 } }, ["write cpu.max 5000 100000"]],
    ["a period alone", { cpu: { period: 5000 } }, ["write cpu.max max 5000"]],
    ["no quota", { cpu: { quota: -1 } }, ["write cpu.max max 100000"]],
    ["idle without a weight", { cpu: { idle: 1, shares: 512 } }, ["write cpu.idle 1"]],
    ["pids", { pids: { limit: 20 } }, ["write pids.max 20"]],
    ["pids without limit", { pids: { limit: -1 } }, ["write pids.max max"]],
    [
      "block I/O",
      {
        blockIO: {
          weight: 1000,
          weightDevice: [{ major: 8, minor: 0, weight: 10 }],
          throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }],
          throttleWriteBpsDevice: [{ major: 8, minor: 0, rate: 0 }],
          throttleReadIOPSDevice: [{ major: 8, minor: 16, rate: 10 }],
          throttleWriteIOPSDevice: [{ major: 8, minor: 16, rate: 20 }],
        },
      },
      [
        "write? io.bfq.weight default 1000 | io.weight default 10000",
        "write? io.bfq.weight 8:0 10 | io.weight 8:0 1",
        "write io.max 8:0 rbps=1000",
        "write io.max 8:0 wbps=max",
        "write io.max 8:16 riops=10",
        "write io.max 8:16 wiops=20",
      ],
    ],
    [
      "huge pages and RDMA",
      {
        hugepageLimits: [{ pageSize: "1GB", limit: 4096 }],
        rdma: { mlx5_0: { hcaHandles: 3 } },
      },
      [
        "write hugetlb.1GB.max 4096",
        "write? hugetlb.1GB.rsvd.max 4096",
        "write rdma.max mlx5_0 hca_handle=3",
      ],
    ],
    [
      "what is asked for by name, last and verbatim",
      {
        memory: { limit: 64 },
        unified: {
          "memory.high": "50",
          "io.max": "8:0 rbps=1\n8:16 rbps=2\n",
          "cgroup.max.depth": "3",
        },
      },
      [
        "write memory.max 64",
        "write memory.high 50",
        "write io.max 8:0 rbps=1",
        "write io.max 8:16 rbps=2",
        "write cgroup.max.depth 3",
      ],
    ],
    [
      "devices as one filter",
      { devices: [{ allow: false }, { allow: true, type: "c", major: 1, minor: 3 }] },
      ["filter /cg/b/web 1 exceptions"],
    ],
    ["no filter that would allow everything", { devices: [{ allow: true }] }, []],
  ])("writes %s", (_, resources, expected) => {
    expect(writes(resources)).toEqual(expected);
  });

  test.each([
    [0, 1],
    [2, 1],
    [100, 17],
    [1024, 100],
    [262_144, 10_000],
    [999_999, 10_000],
  ])("maps %d shares onto a weight of %d", (shares, weight) => {
    expect(sharesToWeight(shares)).toBe(weight);
  });
});

describe("the plan of an update", () => {
  test.each([
    [{ quota: 5000 }, "max 20000\n", ["write /c/cpu.max 5000 20000"]],
    [{ period: 20000 }, "5000 10000\n", ["write /c/cpu.max 5000 20000"]],
    [
      { quota: 5000, burst: 10 },
      "9000 10000\n",
      ["write? /c/cpu.max.burst 0", "write /c/cpu.max 5000 10000", "write /c/cpu.max.burst 10"],
    ],
  ])("%j keeps what it does not name of %j", (cpu, current, expected) => {
    expect(planLines(planCpu("/c", cpu, current))).toEqual(expected);
  });

  test("takes a burst away, even where the kernel does not know any", () => {
    expect(planLines(planCpu("/c", { burst: 0 }, "max 100000"))).toEqual([
      "write? /c/cpu.max.burst 0",
    ]);
    expect(planLines(planCpu("/c", { burst: 0 }, undefined))).toEqual([]);
  });

  test.each<[string, MemoryResources, string | undefined]>([
    ["memory", { limit: 99 }, "rejecting memory limit 99: 100 bytes are in use"],
    [
      "memory and swap",
      { limit: 120, swap: 149 },
      "rejecting memory+swap limit 149: 150 bytes are in use",
    ],
    ["both, being enough", { limit: 100, swap: 150 }, undefined],
    ["no memory", { limit: -1 }, undefined],
  ])("with checkBeforeUpdate looks at what is in use: %s", (_, memory, refusal) => {
    using folder = new TemporaryFolder();
    writeFileSync(`${folder.path}/memory.current`, "100\n");
    writeFileSync(`${folder.path}/memory.swap.current`, "50\n");
    checkUsage(folder.path, memory);
    const check = () => checkUsage(folder.path, { ...memory, checkBeforeUpdate: true });
    if (refusal === undefined) check();
    else expectRefusal(check, refusal);
  });

  test("adds a limit of swap to the limit of memory that there is", () => {
    using folder = new TemporaryFolder();
    writeFileSync(`${folder.path}/memory.max`, "64\n");
    expect(withPresentLimit(folder.path, { swap: 80 })).toEqual({ swap: 80, limit: 64 });
    expect(withPresentLimit(folder.path, { swap: 80, limit: 70 })).toEqual({ swap: 80, limit: 70 });
    expect(withPresentLimit(folder.path, { swap: -1 })).toEqual({ swap: -1 });
    writeFileSync(`${folder.path}/memory.max`, "max\n");
    expect(withPresentLimit(folder.path, { swap: 80 })).toEqual({ swap: 80 });
  });
});

describe("what cannot be had", () => {
  const missing = (what: string, controller: string): string =>
    `${what} needs the cgroup controller "${controller}", which is not available here`;

  test.each<[Resources, string]>([
    [{ memory: { limit: 1 } }, missing("a memory limit", "memory")],
    [{ cpu: { cpus: "0" } }, missing("a set of cpus", "cpuset")],
    [{ pids: { limit: 1 } }, missing("a pids limit", "pids")],
    [{ blockIO: { weight: 10 } }, missing("a block I/O limit", "io")],
    [{ hugepageLimits: [{ pageSize: "2MB", limit: 1 }] }, missing("a huge page limit", "hugetlb")],
    [{ rdma: { x: {} } }, missing("an RDMA limit", "rdma")],
    [{ unified: { "foo.max": "1" } }, missing('unified "foo.max"', "foo")],
  ])("%j is refused where the controller is missing", (resources, message) => {
    expectRefusal(() => bare.planCreate("/web", resources), message);
    expectRefusal(() => bare.planUpdate("/web", resources), message);
  });

  test.each<[Resources, string]>([
    [
      { memory: { limit: 20, swap: 10 } },
      "memory+swap limit must be at least the memory limit: got 10 below 20",
    ],
    [{ memory: { swap: 10 } }, "memory+swap limit needs a memory limit: got 10"],
    [
      { cpu: { realtimeRuntime: 1 } },
      "real-time cpu limits do not exist in cgroup v2: leave them out",
    ],
    [{ blockIO: { weight: 1001 } }, "block I/O weight must be from 10 to 1000: got 1001"],
    [
      { hugepageLimits: [{ pageSize: "2mb", limit: 1 }] },
      'huge page size must be like 2MB or 1GB: got "2mb"',
    ],
    [
      { unified: { "cgroup.x/../../memory.max": "1" } },
      'unified key must be the name of a control file: got "cgroup.x/../../memory.max"',
    ],
  ])("%j is refused", (resources, message) => {
    expectRefusal(() => manager.planCreate("/web", resources), message);
  });

  test("what has no counterpart is left out, with a warning each", () => {
    const resources: Resources = {
      memory: { kernel: 1, swappiness: 10, disableOOMKiller: true },
      blockIO: { leafWeight: 10 },
      network: { classID: 1 },
    };
    expect(manager.ignored(resources)).toEqual([
      "cgroup v2 has no separate limits of kernel memory",
      "cgroup v2 has no swappiness of its own",
      "cgroup v2 has no way to switch the OOM killer off",
      "cgroup v2 has no leaf weights of block I/O",
      "cgroup v2 has no network classes",
    ]);
  });
});

test("a process is born in its cgroup", () => {
  expect(manager.join("/web")).toEqual({ how: "clone-into", directory: "/cg/web" });
});
