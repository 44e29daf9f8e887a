// What wakes whoever waits for a cgroup of v1 to lack memory.

import { expect, test } from "bun:test";
import { mkdirSync, readFileSync, rmdirSync, writeSync } from "node:fs";
import { parseCgroupMounts } from "../../../cgroups/mounts.ts";
import { watchOutOfMemory } from "../../../cgroups/v1/out-of-memory.ts";
import { needsRoot } from "../../harness/tier.ts";

const memory = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8")).find(
  ({ controllers }) => controllers.includes("memory"),
);
if (memory === undefined) console.warn("skipped: lack of memory on v1: no such hierarchy here");

needsRoot("lack of memory, on v1", () => {
  test.skipIf(memory === undefined)("is told once, however often memory was asked for", () => {
    const directory = `${memory?.directory}/bunker-test-${process.pid}-memory`;
    mkdirSync(directory);
    try {
      using watch = watchOutOfMemory(directory);
      expect(watch.take()).toBe(0);
      // The kernel does so at every attempt to get a page, until the process is dead.
      for (let i = 0; i < 1000; i++) count(watch.requests[0]?.fd);
      expect(watch.take()).toBe(1);
      expect(watch.take()).toBe(0);
    } finally {
      rmdirSync(directory);
    }
  });
});

function count(eventfd = -1): void {
  writeSync(eventfd, new BigUint64Array([1n]));
}
