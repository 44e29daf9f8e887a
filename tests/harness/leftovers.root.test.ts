// A check for leftovers that finds nothing proves nothing until it has found each kind.
import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  rmSync,
  rmdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type Inventory, leftSince, takeInventory } from "./leftovers.ts";
import { needsRoot } from "./tier.ts";

const PATIENCE_MS = 100;
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
    left = await leftSince(before, PATIENCE_MS);
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
  test("finds a temporary file and a mount on it", async () => {
    const folder = `/tmp/${NAME}`;
    const make = () => {
      mkdirSync(folder);
      perform("mount", "-t", "tmpfs", "none", folder);
    };
    const left = await found(make, () => {
      perform("umount", folder);
      rmdirSync(folder);
    });
    expect(left).toEqual([`file ${folder}`, `mount ${folder} (tmpfs none)`]);
  });

  test("finds a state file", async () => {
    const folder = `/run/bunker/${NAME}`;
    const make = () => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${folder}/lock`, "");
    };
    const left = await found(make, () => rmSync(folder, { recursive: true }));
    expect(left).toEqual([`state ${folder}/lock`]);
  });

  test("finds a cgroup below the one that may stay", async () => {
    const hierarchy = existsSync("/sys/fs/cgroup/pids") ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup";
    const parent = `${hierarchy}/${NAME}`;
    const make = () => mkdirSync(`${parent}/bunker/c`, { recursive: true });
    const left = await found(make, () => {
      for (const below of ["/bunker/c", "/bunker", ""]) rmdirSync(`${parent}${below}`);
    });
    expect(left).toEqual([`cgroup ${parent}`, `cgroup ${parent}/bunker/c`]);
  });

  test("finds a link and a firewall table", async () => {
    const link = `bk${process.pid}`;
    const before = takeInventory();
    perform("ip", "link", "add", link, "type", "bridge");
    perform("nft", "add", "table", "ip", NAME);
    const during = takeInventory();
    perform("ip", "link", "del", link);
    perform("nft", "delete", "table", "ip", NAME);
    const wanted = [`link ${link}`, `nft table ip ${NAME}`];
    expect([...during].filter((line) => !before.has(line))).toEqual(expect.arrayContaining(wanted));
    const after = takeInventory();
    for (const line of wanted) expect(after.has(line)).toBe(false);
  });

  test("finds a file of the host's that is another one than it was", () => {
    const before = takeInventory();
    const { mode, atime, mtime } = statSync("/etc/hosts");
    const changed = () =>
      [...takeInventory()].filter((line) => !before.has(line) && line.includes("/etc/hosts"));
    chmodSync("/etc/hosts", 0o640);
    expect(changed()[0]).toStartWith("host's /etc/hosts as mode 100640 0:0");
    chmodSync("/etc/hosts", mode);
    utimesSync("/etc/hosts", atime, 1);
    expect(changed()[0]).toEndWith("1970-01-01T00:00:01.000Z");
    utimesSync("/etc/hosts", atime, mtime);
    expect(changed()).toEqual([]);
  });

  test("finds a process by its name", async () => {
    const program = '$0 = "bunker"; print "x"; close STDOUT; sleep 60';
    const child = Bun.spawn(["perl", "-e", program]);
    await new Response(child.stdout).text();
    const line = `process ${child.pid} bunker`;
    expect([...takeInventory()]).toContain(line);
    child.kill("SIGKILL");
    await child.exited;
    expect([...takeInventory()]).not.toContain(line);
  });
});
