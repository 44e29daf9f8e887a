import { describe, expect, test } from "bun:test";
import { parseResources } from "../../src/oci/parse.ts";
import { testRefusals } from "./refusal.ts";

describe("resources and seccomp of a config.json is refused with the JSON path", () => {
  testRefusals([
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
      [{ allow: false, access: "rax" }],
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
  ]);
});

test('the access of a device may have the old "a" in it, as runc takes it', () => {
  const { devices } = parseResources({ devices: [{ allow: false, access: "rwa" }] });
  expect(devices).toEqual([{ allow: false, access: "rw" }]);
});
