// What makeSpec refuses, with the exact words.

import { describe, expect, test } from "bun:test";
import type { SpecFacts } from "../../src/engine/host-facts.ts";
import { makeSpec } from "../../src/engine/make-spec.ts";
import type { RunOptions } from "../../src/engine/run-options.ts";
import { mergeTmpfsOptions } from "../../src/engine/tmpfs-options.ts";
import { UserError } from "../../src/errors.ts";
import { baseFacts, baseOptions } from "./base-options.ts";

const security = baseOptions.security;

describe("makeSpec refuses", () => {
  const table: [message: string, options: Partial<RunOptions>, facts?: Partial<SpecFacts>][] = [
    ["no command specified", { root: { kind: "rootfs", path: "/r" }, command: [] }],
    ["no command specified", { root: { kind: "image", reference: "a" }, command: [] }],
    ["no command specified", { entrypoint: [""], command: [] }, { image: { command: ["sh"] } }],
    ["the working directory 'tmp' is invalid, it needs to be an absolute path", { workdir: "tmp" }],
    ["conflicting options: hostname and the UTS mode", { hostname: "a", uts: { kind: "host" } }],
    [
      "conflicting options: hostname and the network mode",
      { hostname: "a", network: { kind: "container", id: "web" } },
    ],
    [
      "conflicting options: --cpus and --cpu-period cannot both be set",
      { resources: { cpus: 1, cpuPeriodUs: 1000 } },
    ],
    [
      "conflicting options: --cpus and --cpu-quota cannot both be set",
      { resources: { cpus: 1, cpuQuotaUs: 1000 } },
    ],
    ['cgroup parent must not contain "..": got "/a/../b"', { cgroupParent: "/a/../b" }],
    ['cannot join namespaces of "web": not running', { pid: { kind: "container", id: "web" } }],
    [
      'linux.sysctl["kernel.panic"]: has no copy in any namespace: it would change the host',
      { sysctls: { "kernel.panic": "1" } },
    ],
    [
      'linux.sysctl["net.core.somaxconn"]: needs a network namespace',
      { sysctls: { "net.core.somaxconn": "1" }, network: { kind: "host" } },
    ],
    ["user namespace mode auto needs ranges of ids: got none", { userns: { kind: "auto" } }],
    [
      'invalid CapAdd: unknown capability: "CAP_FLY"',
      { security: { ...security, capAdd: ["fly"] } },
    ],
    [
      'invalid CapDrop: unknown capability: "CAP_"',
      { security: { ...security, capDrop: ["CAP_"] } },
    ],
    [
      'invalid CapAdd: unknown capability: "CAP_KILL LEASE"',
      { security: { ...security, capAdd: ["kill lease"] } },
    ],
    [
      'capability not supported by your kernel or not available in the current environment: "CAP_BPF"',
      { security: { ...security, capAdd: ["bpf"] } },
      { capabilities: ["CAP_KILL"] },
    ],
    [
      'error gathering device information while adding custom device "/dev/x": not a device node',
      { devices: [{ hostPath: "/dev/x", containerPath: "/dev/x", access: "r" }] },
    ],
    [
      'error gathering device information while adding custom device "/dev/y": not a device node',
      { resources: { deviceReadBps: [{ path: "/dev/y", rate: 1 }] } },
      { devices: { "/dev/y": [] } },
    ],
    [
      'invalid tmpfs option "color"',
      { mounts: [{ type: "tmpfs", target: "/t", options: ["color=red"] }] },
    ],
  ];
  for (const [message, options, facts] of table) {
    test(message, () => {
      const make = () => makeSpec({ ...baseOptions, ...options }, { ...baseFacts, ...facts });
      expect(make).toThrow(UserError);
      expect(make).toThrow(new Error(message));
    });
  }
});

describe("mergeTmpfsOptions", () => {
  const defaults = ["noexec", "nosuid", "nodev", "rprivate"];
  const table: [asked: string[], merged: string[]][] = [
    [[], defaults],
    [["defaults", ""], defaults],
    [
      ["exec", "size=1m"],
      ["nosuid", "nodev", "rprivate", "exec", "size=1m"],
    ],
    [
      ["ro", "rw", "ro"],
      [...defaults, "ro"],
    ],
    [
      ["size=1m", "size=2m"],
      [...defaults, "size=2m"],
    ],
    [["shared"], ["noexec", "nosuid", "nodev", "shared"]],
  ];
  for (const [asked, merged] of table) {
    test(`keeps the last of a kind: ${asked.join(",")}`, () => {
      expect(mergeTmpfsOptions(defaults, asked)).toEqual(merged);
    });
  }
  for (const option of ["foo", "ro=1", "size", "noexec nosuid", "=x", "size mode=1"]) {
    test(`refuses ${option}`, () => {
      expect(() => mergeTmpfsOptions([], [option])).toThrow("invalid tmpfs option");
    });
  }
});
