// A check for leftovers that finds nothing proves nothing until it has found each kind.
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, rmdirSync, writeFileSync } from "node:fs";
import { type Inventory, leftSince, takeInventory } from "./leftovers.ts";
import { needsRoot } from "./tier.ts";

const TIMEOUT_MS = 20_000;
const NAME = `bunker-left-${process.pid}`;

function perform(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(stderr.toString());
}

/** What is new while `make` has been performed and `undo` has not; nothing may be after it. */
async function found(make: () => void, undo: () => void): Promise<readonly string[]> {
  const before = takeInventory();
  make();
  let left: readonly string[];
  try {
    left = await leftSince(before);
  } finally {
    undo();
  }
  expect(own(takeInventory(), before)).toEqual([]);
  return left.filter((line) => line.includes(NAME));
}

// Race: other programs of this machine may mount and make links in the meantime.
function own(after: Inventory, before: Inventory): readonly string[] {
  return [...after].filter((line) => !before.has(line) && line.includes(NAME));
}

needsRoot("the check for leftovers", () => {
  test(
    "finds a temporary file and a mount on it",
    async () => {
      const folder = mkdtempSync(`/tmp/${NAME}-`);
      rmdirSync(folder);
      const left = await found(
        () => {
          mkdirSync(folder);
          perform("mount", "-t", "tmpfs", "none", folder);
        },
        () => {
          perform("umount", folder);
          rmdirSync(folder);
        },
      );
      expect(left).toEqual([`file ${folder}`, `mount ${folder} (tmpfs none)`]);
    },
    TIMEOUT_MS,
  );

  test(
    "finds a state file",
    async () => {
      const folder = `/run/bunker/${NAME}`;
      const make = () => {
        mkdirSync(folder, { recursive: true });
        writeFileSync(`${folder}/lock`, "");
      };
      const left = await found(make, () => rmSync(folder, { recursive: true }));
      expect(left).toEqual([`state ${folder}/lock`]);
    },
    TIMEOUT_MS,
  );

  test(
    "finds a process by its name",
    async () => {
      let child: Bun.Subprocess | undefined;
      const before = takeInventory();
      const make = () => {
        child = Bun.spawn(["perl", "-e", '$0 = "bunker"; sleep 60']);
      };
      make();
      const line = `process ${child?.pid} bunker`;
      expect(await leftSince(before)).toContain(line);
      child?.kill("SIGKILL");
      await child?.exited;
      expect([...takeInventory()]).not.toContain(line);
    },
    TIMEOUT_MS,
  );
});
