import { describe, expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import { formatSpec } from "../../src/oci/format.ts";
import { parseProcess, parseResources, parseSpec, parseSpecText } from "../../src/oci/parse.ts";
import { RLIM_INFINITY } from "../../src/oci/spec.ts";
import { minimalSpec, specWith } from "./minimal-spec.ts";

function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return "accepted";
}

describe("a config.json with a wrong shape is refused with the JSON path", () => {
  const table: [path: string, value: unknown, problem: string][] = [
    ["ociVersion", undefined, "ociVersion: must be given"],
    ["ociVersion", "", "ociVersion: must not be empty"],
    ["ociVersion", 1, "ociVersion: must be a string: got 1"],
    ["ociVersion", "2.0.0", 'ociVersion: must be 1.x: got "2.0.0"'],
    ["process", undefined, "process: must be given"],
    ["process", [], "process: must be an object: got an array"],
    ["process.terminal", "yes", 'process.terminal: must be true or false: got "yes"'],
    [
      "process.consoleSize",
      { height: -1, width: 1 },
      "process.consoleSize.height: must be between 0 and 4294967295: got -1",
    ],
    ["process.user", "root", 'process.user: must be an object: got "root"'],
    ["process.user.uid", -1, "process.user.uid: must be between 0 and 4294967294: got -1"],
    [
      "process.user.uid",
      4294967295,
      "process.user.uid: must be between 0 and 4294967294: got 4294967295",
    ],
    ["process.user.gid", 1.5, "process.user.gid: must be a whole number: got 1.5"],
    ["process.user.gid", "0", 'process.user.gid: must be a whole number: got "0"'],
    ["process.user.umask", 512, "process.user.umask: must be between 0 and 511: got 512"],
    [
      "process.user.additionalGids",
      [1, -2],
      "process.user.additionalGids[1]: must be a whole number from 0 to 4294967294: got -2",
    ],
    ["process.args", undefined, "process.args: must not be empty"],
    ["process.args", [], "process.args: must not be empty"],
    ["process.args", ["a", null], "process.args[1]: must be a string: got null"],
    ["process.args", ["a\0b"], "process.args[0]: must not contain a NUL byte"],
    ["process.env", { A: "1" }, "process.env: must be an array: got an object"],
    ["process.env", ["A=1", "B"], 'process.env[1]: must be NAME=value: got "B"'],
    ["process.env", ["=B"], 'process.env[0]: must be NAME=value: got "=B"'],
    ["process.cwd", undefined, "process.cwd: must not be empty"],
    ["process.cwd", "tmp", 'process.cwd: must be an absolute path: got "tmp"'],
    ["process.cwd", "/\u001b[2J", "accepted"],
    [
      "process.capabilities",
      { ambient: "CAP_KILL" },
      'process.capabilities.ambient: must be an array: got "CAP_KILL"',
    ],
    [
      "process.rlimits",
      [{ type: "RLIMIT_FOO", hard: 1, soft: 1 }],
      'process.rlimits[0].type: unknown resource limit: "RLIMIT_FOO"',
    ],
    [
      "process.rlimits",
      [{ type: "RLIMIT_AS CORE", hard: 1, soft: 1 }],
      'process.rlimits[0].type: unknown resource limit: "RLIMIT_AS CORE"',
    ],
    ["process.rlimits", [{ type: "RLIMIT_AS", soft: 1 }], "process.rlimits[0].hard: must be given"],
    [
      "process.rlimits",
      [{ type: "RLIMIT_AS", hard: -1, soft: 0 }],
      "process.rlimits[0].hard: must be between 0 and 2^64-1: got -1",
    ],
    [
      "process.rlimits",
      [{ type: "RLIMIT_AS", hard: 1, soft: 2 }],
      "process.rlimits[0].soft: must be at most the hard limit 1: got 2",
    ],
    [
      "process.rlimits",
      [
        { type: "RLIMIT_AS", hard: 1, soft: 1 },
        { type: "RLIMIT_AS", hard: 1, soft: 1 },
      ],
      "process.rlimits[1].type: RLIMIT_AS is given twice",
    ],
    ["process.oomScoreAdj", 1001, "process.oomScoreAdj: must be between -1000 and 1000: got 1001"],
    [
      "process.scheduler",
      { policy: "SCHED_FAST" },
      'process.scheduler.policy: unknown scheduling policy: "SCHED_FAST"',
    ],
    [
      "process.scheduler",
      { policy: "SCHED_OTHER", nice: 20 },
      "process.scheduler.nice: must be between -20 and 19: got 20",
    ],
    [
      "process.scheduler",
      { policy: "SCHED_OTHER", priority: 1 },
      "process.scheduler.priority: is for SCHED_FIFO and SCHED_RR only: got policy SCHED_OTHER",
    ],
    [
      "process.scheduler",
      { policy: "SCHED_FIFO", period: 1 },
      "process.scheduler.period: is for SCHED_DEADLINE only: got policy SCHED_FIFO",
    ],
    [
      "process.scheduler",
      { policy: "SCHED_RR", flags: ["X"] },
      'process.scheduler.flags[0]: unknown scheduling flag: "X"',
    ],
    [
      "process.ioPriority",
      { class: "IOPRIO_CLASS_BE", priority: 8 },
      "process.ioPriority.priority: must be between 0 and 7: got 8",
    ],
    ["process.ioPriority", { priority: 1 }, "process.ioPriority.class: must be given"],
    ["root", undefined, "root: must be given"],
    ["root", { path: "" }, "root.path: must not be empty"],
    ["root.readonly", 1, "root.readonly: must be true or false: got 1"],
    ["hostname", "web", "hostname: needs a uts namespace"],
    ["domainname", "org", "domainname: needs a uts namespace"],
    ["mounts", {}, "mounts: must be an array: got an object"],
    ["mounts", [null], "mounts[0]: must be an object: got null"],
    ["mounts", [{ type: "proc" }], "mounts[0].destination: must be given"],
    [
      "mounts",
      [{ destination: "/a", options: [1] }],
      "mounts[0].options[0]: must be a string: got 1",
    ],
    ["mounts", [{ destination: "/a\0" }], "mounts[0].destination: must not contain a NUL byte"],
    [
      "mounts",
      [{ destination: "/a", options: ["rbind"] }],
      "mounts[0].source: must be given for a bind mount",
    ],
    [
      "mounts",
      [
        {
          destination: "/a",
          type: "tmpfs",
          uidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
          gidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
        },
      ],
      "mounts[0]: id mappings are for bind mounts only",
    ],
    [
      "mounts",
      [
        {
          destination: "/a",
          source: "/b",
          options: ["bind"],
          uidMappings: [{ containerID: 0, hostID: 1, size: 1 }],
        },
      ],
      "mounts[0]: uidMappings and gidMappings must be given together",
    ],
    [
      "mounts",
      [{ destination: "/a", source: "/b", options: ["bind", "idmap"] }],
      "mounts[0]: idmap needs uidMappings and gidMappings, or a user namespace",
    ],
    ["hooks", { prestart: [{ args: ["x"] }] }, "hooks.prestart[0].path: must be given"],
    [
      "hooks",
      { poststop: [{ path: "x" }] },
      'hooks.poststop[0].path: must be an absolute path: got "x"',
    ],
    [
      "hooks",
      { poststop: [{ path: "/x", timeout: 0 }] },
      "hooks.poststop[0].timeout: must be between 1 and 2147483647: got 0",
    ],
    ["annotations", { a: 1 }, "annotations.a: must be a string: got 1"],
    ["linux", "no", 'linux: must be an object: got "no"'],
    [
      "linux.namespaces",
      [{ type: "pid" }, { type: "mount" }, { type: "foo" }],
      'linux.namespaces[2].type: unknown namespace: "foo"',
    ],
    [
      "linux.namespaces",
      [{ type: "pid" }, { type: "pid" }],
      'linux.namespaces[1].type: "pid" is given twice',
    ],
    [
      "linux.namespaces",
      [{ type: "pid", path: "ns" }],
      'linux.namespaces[0].path: must be an absolute path: got "ns"',
    ],
    [
      "linux.namespaces",
      [{ type: "user" }],
      "linux.uidMappings: must not be empty with a new user namespace",
    ],
    [
      "linux.uidMappings",
      [{ containerID: 0, hostID: 0, size: 1 }],
      "linux.uidMappings: needs a user namespace",
    ],
    ["linux.timeOffsets", { monotonic: { secs: 1 } }, "linux.timeOffsets: needs a time namespace"],
    [
      "linux.sysctl",
      { "kernel.foo": "1" },
      'linux.sysctl["kernel.foo"]: has no copy in any namespace: it would change the host',
    ],
    ["linux.sysctl", { "kernel.sem": "1" }, 'linux.sysctl["kernel.sem"]: needs an ipc namespace'],
    ["linux.sysctl", { "fs.mqueue.x": "1" }, 'linux.sysctl["fs.mqueue.x"]: needs an ipc namespace'],
    [
      "linux.sysctl",
      { "net/ipv4/ip_forward": "1" },
      'linux.sysctl["net/ipv4/ip_forward"]: needs a network namespace',
    ],
    [
      "linux.sysctl",
      { "user.max_pid_namespaces": "1" },
      'linux.sysctl["user.max_pid_namespaces"]: needs a user namespace',
    ],
    [
      "linux.sysctl",
      { "kernel.hostname": "x" },
      'linux.sysctl["kernel.hostname"]: conflicts with the field "hostname"',
    ],
    [
      "linux.sysctl",
      { "kernel.domainname": "x" },
      'linux.sysctl["kernel.domainname"]: needs a uts namespace',
    ],
    [
      "linux.sysctl",
      { "net/../kernel/core_pattern": "x" },
      'linux.sysctl["net/../kernel/core_pattern"]: is not the name of a sysctl',
    ],
    [
      "linux.sysctl",
      { "net.//kernel/x": "x" },
      'linux.sysctl["net.//kernel/x"]: is not the name of a sysctl',
    ],
    ["linux.sysctl", { "net.a": 1 }, "linux.sysctl.net.a: must be a string: got 1"],
    [
      "linux.devices",
      [{ path: "/dev/x", type: "d" }],
      'linux.devices[0].type: unknown device type: "d"',
    ],
    [
      "linux.devices",
      [{ path: "dev/x", type: "c", major: 1, minor: 3 }],
      'linux.devices[0].path: must be an absolute path: got "dev/x"',
    ],
    [
      "linux.rootfsPropagation",
      "open",
      'linux.rootfsPropagation: unknown mount propagation: "open"',
    ],
    [
      "linux.maskedPaths",
      ["proc/kcore"],
      'linux.maskedPaths[0]: must be an absolute path: got "proc/kcore"',
    ],
    [
      "linux.personality",
      { domain: "BSD" },
      'linux.personality.domain: unknown personality domain: "BSD"',
    ],
    [
      "linux.memoryPolicy",
      { mode: "MPOL_BIND" },
      "linux.memoryPolicy.nodes: must not be empty with MPOL_BIND",
    ],
    [
      "linux.memoryPolicy",
      { mode: "MPOL_LOCAL", nodes: "0" },
      "linux.memoryPolicy.nodes: must be empty with MPOL_LOCAL",
    ],
    [
      "linux.memoryPolicy",
      { mode: "MPOL_BIND", nodes: "all" },
      'linux.memoryPolicy.nodes: must be a list such as "0-3,7": got "all"',
    ],
    [
      "linux.intelRdt",
      { closID: "a/b" },
      'linux.intelRdt.closID: must be the name of one folder: got "a/b"',
    ],
    [
      "linux.intelRdt",
      { closID: ".." },
      'linux.intelRdt.closID: must be the name of one folder: got ".."',
    ],
    ["linux.netDevices", { eth0: {} }, "linux.netDevices: needs a network namespace"],
    [
      "linux.resources.devices",
      [{ allow: false }],
      "linux.resources.devices[0].access: must not be empty",
    ],
    [
      "linux.resources.devices",
      [{ allow: false, access: "rx" }],
      'linux.resources.devices[0].access: must be some of "rwm": got "rx"',
    ],
    [
      "linux.resources.devices",
      [{ type: "p", access: "r" }],
      'linux.resources.devices[0].type: unknown device type: "p"',
    ],
    [
      "linux.resources.memory",
      { limit: "64m" },
      'linux.resources.memory.limit: must be a whole number: got "64m"',
    ],
    [
      "linux.resources.memory",
      { limit: 1e19 },
      "linux.resources.memory.limit: must be between -2^63 and 2^63-1: got 10000000000000000000",
    ],
    [
      "linux.resources.memory",
      { limit: 100, swap: 99 },
      "linux.resources.memory.swap: must be at least the limit 100: got 99",
    ],
    [
      "linux.resources.cpu",
      { quota: 5, burst: 6 },
      "linux.resources.cpu.burst: must be at most the quota 5: got 6",
    ],
    ["linux.resources.cpu", { idle: 2 }, "linux.resources.cpu.idle: must be 0 or 1: got 2"],
    [
      "linux.resources.blockIO",
      { weight: 9 },
      "linux.resources.blockIO.weight: must be between 10 and 1000: got 9",
    ],
    [
      "linux.resources.hugepageLimits",
      [{ limit: 1 }],
      "linux.resources.hugepageLimits[0].pageSize: must be given",
    ],
    [
      "linux.resources.network",
      { priorities: [{ name: "eth0", priority: -1 }] },
      "linux.resources.network.priorities[0].priority: must be between 0 and 4294967295: got -1",
    ],
    [
      "linux.resources.rdma",
      { mlx5: { hcaHandles: -1 } },
      "linux.resources.rdma.mlx5.hcaHandles: must be between 0 and 4294967295: got -1",
    ],
    [
      "linux.resources.unified",
      { "../x": "1" },
      'linux.resources.unified["../x"]: must be the name of a control file',
    ],
    [
      "linux.seccomp",
      { defaultAction: "SCMP_ACT_PARTY" },
      'linux.seccomp.defaultAction: unknown seccomp action: "SCMP_ACT_PARTY"',
    ],
    [
      "linux.seccomp",
      { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ action: "SCMP_ACT_LOG" }] },
      "linux.seccomp.syscalls[0].names: must not be empty",
    ],
    [
      "linux.seccomp",
      {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [
          {
            names: ["a"],
            action: "SCMP_ACT_LOG",
            args: [{ index: 6, value: 1, op: "SCMP_CMP_EQ" }],
          },
        ],
      },
      "linux.seccomp.syscalls[0].args[0].index: must be between 0 and 5: got 6",
    ],
    [
      "linux.seccomp",
      {
        defaultAction: "SCMP_ACT_ALLOW",
        syscalls: [
          { names: ["a"], action: "SCMP_ACT_LOG", args: [{ index: 1, value: 1, op: "==" }] },
        ],
      },
      'linux.seccomp.syscalls[0].args[0].op: unknown seccomp operator: "=="',
    ],
  ];
  for (const [path, value, problem] of table) {
    const shown = JSON.stringify(value)?.slice(0, 60) ?? "missing";
    test(`${path} ${shown}`, () => {
      const message = refusal(() => parseSpec(specWith(path, value)));
      if (problem === "accepted") expect(message).toBe(problem);
      else expect(message.split(/\n {2}|is not valid: /).slice(1)).toContain(problem);
    });
  }
});

describe("rules between namespaces and the rest", () => {
  const ids = [{ containerID: 0, hostID: 100000, size: 65536 }];
  const table: [linux: object, problem: string][] = [
    [{ namespaces: [{ type: "user" }], uidMappings: ids, gidMappings: ids }, "accepted"],
    [{ namespaces: [{ type: "user", path: "/proc/1/ns/user" }] }, "accepted"],
    [
      {
        namespaces: [{ type: "user", path: "/proc/1/ns/user" }],
        uidMappings: ids,
        gidMappings: ids,
      },
      "accepted",
    ],
    [
      { namespaces: [{ type: "user" }], uidMappings: ids },
      "linux.gidMappings: must not be empty with a new user namespace",
    ],
    [
      { namespaces: [{ type: "user" }], uidMappings: [{ size: 0 }], gidMappings: ids },
      "linux.uidMappings[0].size: must be at least 1: got 0",
    ],
    [
      {
        namespaces: [{ type: "user" }],
        uidMappings: [{ hostID: 4294967295, size: 1 }],
        gidMappings: ids,
      },
      "linux.uidMappings[0]: hostID + size is beyond 2^32-1",
    ],
    [
      {
        namespaces: [{ type: "user" }],
        uidMappings: [...ids, { containerID: 65535, hostID: 1, size: 1 }],
        gidMappings: ids,
      },
      "linux.uidMappings[1].containerID: overlaps an earlier range",
    ],
    [
      {
        namespaces: [{ type: "user" }],
        gidMappings: [...ids, { containerID: 65536, hostID: 100000, size: 1 }],
        uidMappings: ids,
      },
      "linux.gidMappings[1].hostID: overlaps an earlier range",
    ],
    [
      { namespaces: [{ type: "time" }], timeOffsets: { boottime: { secs: -5, nanosecs: 1 } } },
      "accepted",
    ],
    [
      { namespaces: [{ type: "time" }], timeOffsets: { realtime: { secs: 5 } } },
      "linux.timeOffsets.realtime: must be monotonic or boottime",
    ],
    [
      { namespaces: [{ type: "time", path: "/n" }], timeOffsets: { boottime: {} } },
      "linux.timeOffsets: must not be given with a path of a time namespace",
    ],
    [
      { namespaces: [{ type: "pid" }], maskedPaths: ["/proc/kcore"] },
      "linux.maskedPaths: needs a mount namespace",
    ],
    [
      { namespaces: [{ type: "pid" }], readonlyPaths: ["/proc/sys"] },
      "linux.readonlyPaths: needs a mount namespace",
    ],
    [
      { namespaces: [{ type: "network" }], netDevices: { eth0: { name: "a/b" } } },
      'linux.netDevices["eth0"].name: is not the name of a network device: got "a/b"',
    ],
    [
      { namespaces: [{ type: "network" }], netDevices: { eth0123456789abc: {} } },
      'linux.netDevices["eth0123456789abc"]: is not the name of a network device',
    ],
    [
      { namespaces: [{ type: "network" }], sysctl: { "net/ipv4/conf/eth0.100/forwarding": "1" } },
      "accepted",
    ],
    [{ namespaces: [{ type: "ipc" }], sysctl: { "kernel.shmmax": "1" } }, "accepted"],
    [{ namespaces: [{ type: "uts" }], sysctl: { "kernel.domainname": "a" } }, "accepted"],
  ];
  for (const [linux, problem] of table) {
    test(`${problem}: ${JSON.stringify(linux).slice(0, 100)}`, () => {
      const message = refusal(() => parseSpec(specWith("linux", structuredClone(linux))));
      expect(message.replace("config.json is not valid: ", "")).toBe(problem);
    });
  }
});

describe("parseSpec", () => {
  test("reports every problem at once, a line each, in the order of the file", () => {
    const spec = specWith("process", { args: [], cwd: "tmp", user: { uid: -1 } });
    spec.hostname = 3;
    expect(refusal(() => parseSpec(spec)).split("\n")).toEqual([
      "config.json is not valid:",
      "  process.user.uid: must be between 0 and 4294967294: got -1",
      "  hostname: must be a string: got 3",
      "  process.args: must not be empty",
      '  process.cwd: must be an absolute path: got "tmp"',
    ]);
  });

  test("stops listing after a hundred problems and says how many are left", () => {
    const lines = refusal(() => parseSpec(specWith("mounts", Array(1000).fill(0)))).split("\n");
    expect(lines.length).toBe(102);
    expect(lines.at(-1)).toBe("  and 900 more");
  });

  test("escapes what a terminal would obey, and shortens what is long", () => {
    const message = refusal(() =>
      parseSpec(specWith("process.cwd", `\u001b[2J${"x".repeat(9999)}`)),
    );
    expect(message).toContain('"\\u001b[2Jxxx');
    expect(message.length).toBeLessThan(400);
  });

  test("ignores unknown fields, even where null", () => {
    const spec = specWith("linux.newThing", { a: [null] });
    spec.windows = {};
    expect(() => parseSpec(spec)).not.toThrow();
  });

  test("takes null and empty strings as absent", () => {
    const spec = parseSpec({
      ...minimalSpec(),
      hostname: "",
      mounts: null,
      annotations: { kept: "" },
      linux: { rootfsPropagation: "", resources: null, namespaces: [{ type: "mount", path: "" }] },
    });
    expect(spec.hostname).toBeUndefined();
    expect(spec.annotations).toEqual({ kept: "" });
    expect(spec.linux).toEqual({ namespaces: [{ type: "mount" }] });
    expect("mounts" in spec).toBe(false);
  });

  test("completes what Go reads as zero, and makes a relative mount destination absolute", () => {
    const spec = parseSpec({
      ...minimalSpec(),
      process: { args: ["sh"], cwd: "/" },
      mounts: [{ destination: "a/b", type: "tmpfs" }],
    });
    expect(spec.process?.user).toEqual({ uid: 0, gid: 0 });
    expect(spec.mounts?.[0]?.destination).toBe("/a/b");
  });

  test("takes a seccomp object without action and rules as none", () => {
    const spec = parseSpec(specWith("linux.seccomp", { defaultAction: "", syscalls: [] }));
    expect(spec.linux?.seccomp).toBeUndefined();
  });

  for (const value of [null, 3, "x", []]) {
    test(`refuses ${JSON.stringify(value)} as a whole`, () => {
      expect(refusal(() => parseSpec(value))).toBe(
        "config.json is not valid: must be a JSON object",
      );
    });
  }
});

describe("parseSpecText", () => {
  const args = '[{"index":0,"value":18446744073709551614,"op":"SCMP_CMP_EQ"}]';
  const seccomp = `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_KILL","args":${args}}]}`;
  const rlimits = '[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":0}]';
  const text = `{"ociVersion":"1.2.0","process":{"user":{"uid":0,"gid":0},"args":["\\"hard\\":18446744073709552000"],"cwd":"/","rlimits":${rlimits}},"root":{"path":"r"},"linux":{"seccomp":${seccomp}}}`;

  test("keeps every digit of a 64-bit seccomp argument, and no limit as RLIM_INFINITY", () => {
    const spec = parseSpecText(text);
    expect(spec.linux?.seccomp?.syscalls?.[0]?.args?.[0]?.value).toBe(18446744073709551614n);
    expect(spec.process?.rlimits?.[0]?.hard).toBe(RLIM_INFINITY);
  });

  test("is undone by formatSpec to the byte", () => {
    expect(formatSpec(parseSpecText(text))).toBe(text);
  });

  test("refuses what is no JSON", () => {
    expect(refusal(() => parseSpecText("{"))).toMatch(/^config\.json is not JSON: /);
    expect(refusal(() => parseSpecText(""))).toMatch(/^config\.json is not JSON: /);
  });
});

describe("parseProcess and parseResources", () => {
  test("name the paths from the top of their own file", () => {
    expect(refusal(() => parseProcess({ args: ["a"], cwd: "x" }))).toBe(
      'process is not valid: cwd: must be an absolute path: got "x"',
    );
    expect(refusal(() => parseResources({ memory: { limit: 2, swap: 1 } }))).toBe(
      "resources is not valid: memory.swap: must be at least the limit 2: got 1",
    );
    expect(refusal(() => parseResources([]))).toBe("resources is not valid: must be a JSON object");
  });

  test("accept what docker update and exec write", () => {
    const resources = { memory: { limit: 83886080, swap: 83886080 }, cpu: { cpus: "", mems: "" } };
    expect(parseResources(resources)).toEqual({
      memory: { limit: 83886080, swap: 83886080 },
      cpu: {},
    });
    expect(
      parseProcess({ user: { uid: 33, gid: 33 }, args: ["sh"], cwd: "/tmp", env: ["A=b"] }).args,
    ).toEqual(["sh"]);
  });
});
