// A host without cgroups: runs, but promises nothing.

import { expect, test } from "bun:test";
import { makeNone } from "../../cgroups/none.ts";
import type { Resources } from "../../cgroups/resources.ts";
import { expectRefusal } from "./refused.ts";

const none = makeNone();
const missing = (what: string, controller: string): string =>
  `${what} needs the cgroup controller "${controller}", which is not available here`;

test("without limits there is nothing to do, and device rules are no reason to refuse", () => {
  const resources: Resources = {
    devices: [{ allow: false }],
    memory: { limit: -1, swappiness: 0 },
    pids: { limit: 0 },
    cpu: {},
    unified: {},
  };
  expect(none.planCreate("/web", resources)).toEqual([]);
  expect(none.ignored(resources)).toEqual(["device rules: this host has no cgroups"]);
  expect(none.join("/web")).toEqual({ how: "none" });
  none.kill("/web", 9);
  none.remove("/web");
});

test.each<[Resources, string]>([
  [{ memory: { limit: 1 } }, missing("a memory limit", "memory")],
  [{ pids: { limit: 1 } }, missing("a pids limit", "pids")],
  [{ cpu: { cpus: "0" } }, missing("a cpu limit", "cpu")],
  [{ blockIO: { weight: 10 } }, missing("a block I/O limit", "io")],
  [{ hugepageLimits: [{ pageSize: "2MB", limit: 1 }] }, missing("a huge page limit", "hugetlb")],
  [{ rdma: { x: {} } }, missing("an RDMA limit", "rdma")],
  [{ unified: { "memory.high": "1" } }, missing('unified "memory.high"', "memory")],
])("%j is refused", (resources, message) => {
  expectRefusal(() => none.planCreate("/web", resources), message);
  expectRefusal(() => none.planUpdate("/web", resources), message);
});

test("pausing is refused", () => {
  expectRefusal(() => none.freeze("/web"), missing("pausing", "freezer"));
});
