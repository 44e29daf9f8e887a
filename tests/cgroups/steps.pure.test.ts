// Performing steps, on a folder that stands in for a cgroup file system.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { applySteps, writeStep } from "../../cgroups/steps.ts";
import { isSyscallError, type SyscallError } from "../../ffi/syscall-error.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/bunker-test-steps-`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(name: string, value: string): string {
  writeFileSync(`${root}/${name}`, value);
  return `${root}/${name}`;
}

function failureOf(act: () => unknown): SyscallError {
  try {
    act();
  } catch (error) {
    if (isSyscallError(error)) return error;
    throw error;
  }
  throw new Error("nothing failed");
}

test("a cgroup is made with its parents, and one that exists is welcome", () => {
  const step = { op: "mkdir", path: `${root}/a/b`, why: "" } as const;
  expect(applySteps([step, step])).toEqual([]);
  expect(existsSync(`${root}/a/b`)).toBe(true);
});

test("a value is written in place", () => {
  const path = file("pids.max", "");
  expect(applySteps([writeStep(path, 20, "")])).toEqual([]);
  expect(readFileSync(path, "utf8")).toBe("20");
});

test("a missing file stops the plan, names path, errno and value, and is not made", () => {
  const after = file("later", "");
  const path = `${root}/memory.max`;
  const steps = [writeStep(path, 64, ""), writeStep(after, 1, "")];
  const failure = failureOf(() => applySteps(steps));
  const words = `open ${path}: ENOENT (no such file or directory) [to write "64"]`;
  expect(failure.message).toBe(words);
  expect(existsSync(path)).toBe(false);
  expect(readFileSync(after, "utf8")).toBe("");
});

test("a missing optional file is left out, and told", () => {
  const step = writeStep(`${root}/memory.swap.max`, 0, "", { optional: true });
  expect(applySteps([step])).toEqual([step]);
});

test("a second choice is written where the first is missing, and only there", () => {
  const [first, second] = [`${root}/io.bfq.weight`, file("io.weight", "")];
  const step = writeStep(first, "b", "", { otherwise: { path: second, value: "w" } });
  applySteps([step]);
  expect(readFileSync(second, "utf8")).toBe("w");
  file("io.bfq.weight", "");
  file("io.weight", "");
  applySteps([step]);
  expect([readFileSync(first, "utf8"), readFileSync(second, "utf8")]).toEqual(["b", ""]);
});

test("an empty value is taken from the nearest cgroup that has one, on every level between", () => {
  mkdirSync(`${root}/a/b`, { recursive: true });
  file("cpuset.cpus", "0-3\n");
  file("a/cpuset.cpus", "\n");
  const path = file("a/b/cpuset.cpus", "");
  applySteps([{ op: "inherit", path, why: "" }]);
  expect(readFileSync(path, "utf8")).toBe("0-3");
  expect(readFileSync(`${root}/a/cpuset.cpus`, "utf8")).toBe("0-3");
});

test("a value that is there already is not inherited over", () => {
  mkdirSync(`${root}/a`);
  file("cpuset.cpus", "0-3\n");
  const path = file("a/cpuset.cpus", "1\n");
  applySteps([{ op: "inherit", path, why: "" }]);
  expect(readFileSync(path, "utf8")).toBe("1\n");
});

test("controllers are handed down only where one is missing", () => {
  const path = file("cgroup.subtree_control", "cpu memory pids\n");
  const step = { op: "delegate", directory: root, required: [], why: "" } as const;
  applySteps([{ ...step, controllers: ["cpu", "pids"] }]);
  expect(readFileSync(path, "utf8")).toBe("cpu memory pids\n");
  file("cgroup.subtree_control", "");
  applySteps([{ ...step, controllers: ["cpu", "io"] }]);
  expect(readFileSync(path, "utf8")).toBe("+cpu +io");
});

test("controllers that cannot be handed down matter only where they are required", () => {
  const step = {
    op: "delegate",
    directory: `${root}/none`,
    controllers: ["cpu"],
    why: "",
  } as const;
  expect(applySteps([{ ...step, required: [] }])).toEqual([]);
  expect(failureOf(() => applySteps([{ ...step, required: ["cpu"] }])).code).toBe("ENOENT");
});
