import { describe } from "bun:test";
import { testRefusals } from "./refusal.ts";

describe("linux of a config.json is refused with the JSON path", () => {
  testRefusals([
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
    ["linux.namespaces", [{ type: "user" }], "accepted"],
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
      "linux.memoryPolicy: mode requires at least one node but got 0",
    ],
    [
      "linux.memoryPolicy",
      { mode: "MPOL_LOCAL", nodes: "0-6,9" },
      "linux.memoryPolicy: mode requires 0 nodes but got 8",
    ],
    [
      "linux.memoryPolicy",
      { mode: "MPOL_BIND", nodes: "all" },
      'linux.memoryPolicy.nodes: invalid memory policy nodes "all"',
    ],
    [
      "linux.memoryPolicy",
      { nodes: "0" },
      'linux.memoryPolicy.mode: invalid memory policy mode ""',
    ],
    [
      "linux.memoryPolicy",
      { mode: "MPOL_PREFERRED", flags: ["x"] },
      'linux.memoryPolicy.flags: invalid memory policy flag "x"',
    ],
    [
      "linux.memoryPolicy",
      { mode: "MPOL_BIND", nodes: "0-9876543210" },
      'linux.memoryPolicy.nodes: invalid memory policy nodes "0-9876543210"',
    ],
    [
      "linux.memoryPolicy",
      { mode: "MPOL_BIND", nodes: "3-2" },
      'linux.memoryPolicy.nodes: invalid memory policy nodes "3-2"',
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
  ]);
});
