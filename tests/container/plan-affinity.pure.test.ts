// Lists of cpus, and what they become.

import { expect, test } from "bun:test";
import { formatCpuMask } from "../../src/container/plan-affinity.ts";

test.each([
  ["0", "0x1"],
  ["0-3,7", "0x8f"],
  [" 1, 2", "0x6"],
  ["64", "0x10000000000000000"],
])("the list %p is the mask %p", (cpus, mask) => {
  expect(formatCpuMask(cpus)).toBe(mask);
});

test.each(["", "a", "3-1", "1024", "0-", "-1"])("%p is refused", (cpus) => {
  expect(() => formatCpuMask(cpus)).toThrow(
    `invalid CPU affinity: must be a list such as 0-3,7: got "${cpus}"`,
  );
});
