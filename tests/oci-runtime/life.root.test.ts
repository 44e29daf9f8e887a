// Verbs that look at a container, hold it, and let it go on.

import { expect, test } from "bun:test";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { existsSync, readFileSync } from "node:fs";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import { DETACHED, openOciBox } from "./oci-box.ts";

const SLEEPS = "while sleep 0.05; do :; done";

needsRoot("oci pause, resume, ps, list", () => {
  const box = openOciBox();

  test("pause stops a container's processes, resume lets them go on", async () => {
    await box.start("paused", SLEEPS);
    expect(await box.status("paused")).toBe("running");
    expect(await box.refusal(["resume", "paused"])).toBe("container not paused");
    await box.ok(["pause", "paused"]);
    expect(await box.status("paused")).toBe("paused");
    expect(await box.refusal(["pause", "paused"])).toBe("container not running");
    const { exitCode, stderr } = await box.oci(["exec", "paused", "/bin/true"]);
    expect(exitCode).toBe(255);
    expect(stderr).toContain("cannot exec in a paused container (use --ignore-paused to override)");
    await box.ok(["resume", "paused"]);
    expect(await box.status("paused")).toBe("running");
    await box.ok(["exec", "paused", "/bin/true"]);
    await box.ok(["delete", "-f", "paused"]);
  });

  test("pause and resume know no container that is not there", async () => {
    expect(await box.refusal(["pause", "nobody"])).toBe("container does not exist");
    expect(await box.refusal(["resume", "nobody"])).toBe("container does not exist");
  });

  test("a container that was paused can be deleted", async () => {
    await box.start("frozen", SLEEPS);
    await box.ok(["pause", "frozen"]);
    await box.ok(["delete", "--force", "frozen"]);
    expect(await box.refusal(["state", "frozen"])).toBe("container does not exist");
  });

  test("ps shows the processes inside, by pid or as ps(1) does", async () => {
    await box.start("shown", "sleep 600 & sleep 601 & wait");
    const list = async (): Promise<number[]> =>
      JSON.parse(await box.ok(["ps", "--format", "json", "shown"])) ?? [];
    await eventually(async () => (await list()).length === 3);
    const pids = await list();
    const table = await box.ok(["ps", "shown"]);
    const [head, ...lines] = table.trimEnd().split("\n");
    expect(head).toMatch(/^UID +PID +PPID +C +STIME +TTY +TIME +CMD$/);
    expect(lines.map((line) => Number(line.trim().split(/ +/)[1])).sort()).toEqual(
      [...pids].sort(),
    );
    const other = await box.ok(["ps", "shown", "-o", "pid,args"]);
    expect(other).toMatch(/^ *PID COMMAND\n/);
    expect(other).toContain("sleep 601");
    expect(other.trimEnd().split("\n").length).toBe(4);
    expect(await box.refusal(["ps", "-f", "yaml", "shown"])).toBe("invalid format option");
    expect(await box.refusal(["ps", "shown", "-o", "args"])).toBe(
      "couldn't find PID field in ps output",
    );
    await box.ok(["kill", "shown", "KILL"]);
    await eventually(async () => (await box.status("shown")) === "stopped");
    await eventually(async () => (await box.ok(["ps", "-f", "json", "shown"])) === "null\n");
    await box.ok(["delete", "shown"]);
  });

  test("a cgroup hierarchy that was mounted later is no obstacle to exec, kill or delete", async () => {
    await box.start("older", SLEEPS);
    const folder = mkdtempSync(`${tmpdir()}/bunker-hierarchy-`);
    const name = `name=bunker-${process.pid}`;
    const mount = Bun.spawnSync(["mount", "-t", "cgroup", "-o", `none,${name}`, "cgroup", folder]);
    try {
      expect(mount.exitCode).toBe(0);
      await box.ok(["exec", "older", "/bin/true"]);
      await box.ok(["pause", "older"]);
      await box.ok(["resume", "older"]);
      await box.ok(["delete", "-f", "older"]);
    } finally {
      Bun.spawnSync(["umount", folder]);
      rmdirSync(folder);
    }
  });

  test("list shows the containers of its root, and only those", async () => {
    expect(await box.ok(["list", "-f", "json"])).toBe("null\n");
    await box.start("b-two", SLEEPS);
    await box.start("a-one", SLEEPS);
    expect(await box.ok(["list", "-q"])).toBe("a-one\nb-two\n");
    const states: unknown = JSON.parse(await box.ok(["list", "--format", "json"]));
    expect(states).toMatchObject([
      { id: "a-one", status: "running", owner: "root" },
      { id: "b-two", status: "running", owner: "root" },
    ]);
    const [head, first] = (await box.ok(["list"])).split("\n");
    expect(head).toMatch(/^ID +PID +STATUS +BUNDLE +CREATED +OWNER$/);
    expect(first).toMatch(/^a-one +\d+ +running +\/\S+ +\d{4}-\S+Z +root$/);
    expect(await box.refusal(["list", "-f", "yaml"])).toBe("invalid format option");
    await box.ok(["delete", "-f", "a-one"]);
    await box.ok(["delete", "-f", "b-two"]);
  });

  test("list of a root that is not there is an error, unless it is the default one", async () => {
    const { exitCode, stderr } = await box.box.bunker(["oci", "--root", "/nonexistent", "list"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("open /nonexistent: ENOENT (no such file or directory)");
  });
});

needsRoot("oci create", () => {
  const box = openOciBox();
  const log = box.box.path("log");
  const create = (bundle: string) =>
    box.oci(["--log", log, "create", "--bundle", bundle, "asks"], DETACHED);

  test("answers at once where the limits leave no room for the gate", async () => {
    const bundle = box.bundle("true", (spec) => ({
      ...spec,
      ...(spec.process && {
        process: { ...spec.process, rlimits: [{ type: "RLIMIT_NOFILE", soft: 0, hard: 64 }] },
      }),
    }));
    expect((await create(bundle)).exitCode).toBe(1);
    expect(readFileSync(log, "utf8")).toContain("dup3: EBADF (bad file descriptor)");
  });

  test("refuses a spec whose set-up is larger than what it can hand over", async () => {
    const options = ["size=64k", ...Array.from({ length: 1000 }, (_, i) => `nr_inodes=${i}`)];
    const mount = { destination: "/mnt", type: "tmpfs", source: "tmpfs", options };
    const mounts = Array.from({ length: 300 }, () => mount);
    const bundle = box.bundle("true", (spec) => ({
      ...spec,
      mounts: [...(spec.mounts ?? []), ...mounts],
    }));
    expect((await create(bundle)).exitCode).toBe(1);
    expect(readFileSync(log, "utf8")).toContain("E2BIG");
    expect(existsSync(`${box.root}/asks`)).toBe(false);
  });
});
