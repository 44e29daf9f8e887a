// What is loaded for which config.json: nothing for a usual one.

import { describe, expect, test } from "bun:test";
import { findFeatureNeeds } from "../../../src/engine/oci/feature-needs.ts";
import { makeDefaultSpec } from "../../../src/engine/oci/spec.ts";
import type { Mount, Process, Spec } from "../../../src/oci/spec.ts";

const usual = makeDefaultSpec({ cgroupNamespace: false });
const NOTHING = {
  mounts: false,
  assistance: false,
  attributes: false,
  host: false,
  noPivot: false,
  warnings: false,
};
const MAP = [{ containerID: 0, hostID: 1, size: 1 }];

const mount = (more: Partial<Mount>): Spec => ({
  ...usual,
  mounts: [...(usual.mounts ?? []), { destination: "/x", ...more }],
});
const process = (more: Partial<Process>): Spec => ({
  ...usual,
  process: { args: ["x"], cwd: "/", user: { uid: 0, gid: 0 }, ...more },
});
const linux = (more: Spec["linux"]): Spec => ({ ...usual, linux: { ...usual.linux, ...more } });

describe("a config.json", () => {
  test("as `spec` makes it needs nothing that is loaded late", () => {
    expect(findFeatureNeeds(usual, false)).toBeUndefined();
  });

  test.each([
    ["a bind", mount({ type: "bind", source: "/y", options: ["rbind"] }), { mounts: true }],
    ["a bind by its option", mount({ source: "/y", options: ["bind"] }), { mounts: true }],
    ["a read-only tmpfs", mount({ type: "tmpfs", options: ["ro", "mode=1"] }), { mounts: true }],
    ["a tmpfs of no mode", mount({ type: "tmpfs" }), { mounts: true }],
    [
      "what the image has",
      mount({ type: "tmpfs", options: ["tmpcopyup", "mode=1"] }),
      { mounts: true, assistance: true },
    ],
    [
      "other ids",
      mount({ source: "/y", options: ["bind"], uidMappings: MAP, gidMappings: MAP }),
      { mounts: true, assistance: true },
    ],
    [
      "a user namespace",
      linux({ namespaces: [{ type: "user" }] }),
      { mounts: true, assistance: true },
    ],
    ["a scheduler", process({ scheduler: { policy: "SCHED_IDLE" } }), { attributes: true }],
    ["a label", process({ apparmorProfile: "x" }), { attributes: true }],
    ["a personality", linux({ personality: { domain: "LINUX32" } }), { attributes: true }],
    ["a network device", linux({ netDevices: { eth1: {} } }), { host: true }],
    [
      "sysctls of a network that is joined",
      linux({ namespaces: [{ type: "network", path: "/n" }], sysctl: { "net.x": "1" } }),
      { host: true },
    ],
    [
      "a capability that is unknown",
      process({ capabilities: { bounding: ["CAP_X"] } }),
      { warnings: true },
    ],
  ])("with %s has what that needs loaded", (_, spec, needs) => {
    expect(findFeatureNeeds(spec, false)).toEqual({ ...NOTHING, ...needs });
  });

  test("without a pivot has the host's mounts looked for", () => {
    expect(findFeatureNeeds(usual, true)).toEqual({ ...NOTHING, noPivot: true });
  });
});
