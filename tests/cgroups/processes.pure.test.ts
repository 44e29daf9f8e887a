// Listing and signalling processes, on a folder that stands in for a cgroup and on a cgroup that
// cannot be frozen.

import { afterEach, beforeEach, expect, test } from "bun:test";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { type Killable, pidsIn, signalAll } from "../../cgroups/processes.ts";

let root = "";
let sleepers: ChildProcess[] = [];
beforeEach(() => {
  root = mkdtempSync(`${tmpdir()}/bunker-test-processes-`);
  sleepers = [1, 2, 3].map(() => spawn("/bin/sleep", ["100"], { stdio: "ignore" }));
});
afterEach(() => {
  for (const sleeper of sleepers) sleeper.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

function pidsOf(children: readonly ChildProcess[]): number[] {
  return children.map(({ pid }) => pid ?? 0);
}

async function signalsOf(children: readonly ChildProcess[]): Promise<(string | null)[]> {
  for (const child of children) if (child.signalCode === null) await once(child, "exit");
  return children.map(({ signalCode }) => signalCode);
}

/** Like a cgroup without a freezer, which lists the pids of each round in turn. */
function unfreezable(rounds: number[][]): Killable {
  let last: number[] = [];
  return {
    pids: () => (last = rounds.shift() ?? last),
    isFrozen: () => false,
    freeze: () => {
      throw new Error("no freezer");
    },
    thaw: () => {},
  };
}

test("processes of other pid namespaces, which read as 0, are not listed", () => {
  writeFileSync(`${root}/cgroup.procs`, "0\n12\n0\n34\n");
  mkdirSync(`${root}/inner`);
  writeFileSync(`${root}/inner/cgroup.procs`, "56\n");
  expect(pidsIn(root, false)).toEqual([12, 34]);
  expect(pidsIn(root, true)).toEqual([12, 34, 56]);
  expect(pidsIn(`${root}/none`, true)).toEqual([]);
});

test("where nothing can be frozen, children that appear meanwhile are signalled in the next round", async () => {
  const [a = 0, b = 0, c = 0] = pidsOf(sleepers);
  signalAll(unfreezable([[a], [a], [a, b], [a, b, c]]), 15);
  expect(await signalsOf(sleepers)).toEqual(["SIGTERM", "SIGTERM", "SIGTERM"]);
});

test("a frozen cgroup is thawed for SIGKILL only, and also when a signal is refused", () => {
  const did: string[] = [];
  const cgroup = (wasFrozen: boolean, pid: number): Killable => ({
    pids: () => [pid],
    isFrozen: () => wasFrozen,
    freeze: () => did.push("freeze"),
    thaw: () => did.push("thaw"),
  });
  const [pid = 0] = pidsOf(sleepers);
  signalAll(cgroup(true, pid), 18);
  expect(did.splice(0)).toEqual([]);
  signalAll(cgroup(true, pid), 9);
  expect(did.splice(0)).toEqual(["thaw"]);
  expect(() => signalAll(cgroup(false, pid), 999)).toThrow("EINVAL (invalid argument)");
  expect(did.splice(0)).toEqual(["freeze", "thaw"]);
});

test("this process itself is spared, and one that is gone is no matter", () => {
  const cgroup: Killable = {
    pids: () => [process.pid, 2 ** 22 - 1],
    isFrozen: () => false,
    freeze: () => {},
    thaw: () => {},
  };
  signalAll(cgroup, 9);
  expect(process.exitCode ?? 0).toBe(0);
});
