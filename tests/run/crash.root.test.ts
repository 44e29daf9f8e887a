// Whatever moment bunker is killed at: the next command finds and removes what it left.

import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { isProcessAlive } from "../../ffi/agent/alive.ts";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import { cgroupHierarchies, cgroupsOf, linesOf, nextLine, openBox } from "./box.ts";
import { takeCourse } from "./crash-course.ts";

needsRoot("run after a crash", () => {
  const box = openBox();

  test("40 runs, 8 of them killed at random moments, 8 at once, 8 at once and all killed: nothing is left", async () => {
    expect(await takeCourse(box, { runs: 40, killed: 8, parallel: 8 })).toEqual({
      failures: [],
      folders: [],
      cgroups: [],
      processes: [],
    });
  });

  describe("the next command removes", () => {
    const folder = `${box.runFolder}/containers`;
    const id = "0".repeat(64);
    const clear = async (): Promise<void> => {
      expect(await box.sh("true")).toBe("");
      expect(box.leftovers()).toEqual([]);
    };

    test("a folder without anything in it", async () => {
      await box.sh("true");
      mkdirSync(`${folder}/${id}`);
      await clear();
    });

    test("half a record that nobody holds the lock of", async () => {
      mkdirSync(`${folder}/${id}`);
      writeFileSync(`${folder}/${id}/state.json`, '{"id":"');
      await clear();
    });

    test("a name without a container", async () => {
      symlinkSync(id, `${box.runFolder}/names/lost`);
      mkdirSync(`${folder}/${id}`);
      await clear();
    });

    test("a cgroup that its record names", async () => {
      // Beside several hierarchies with controllers the one without is not used.
      const cgroups = cgroupHierarchies()
        .filter((hierarchy, _, all) => all.length === 1 || !hierarchy.endsWith("/unified"))
        .map((hierarchy) => `${hierarchy}/bunker-${id}`);
      for (const path of cgroups) mkdirSync(path, { recursive: true });
      mkdirSync(`${folder}/${id}`);
      const record = { id, name: "x", status: "creating", cgroupsPath: `/bunker-${id}` };
      writeFileSync(`${folder}/${id}/state.json`, JSON.stringify(record));
      await clear();
      expect(cgroupsOf(id)).toEqual([]);
    });

    test("no process that has the pid of a dead one by now", async () => {
      const bystander = Bun.spawn(["sleep", "60"]);
      mkdirSync(`${folder}/${id}`);
      const pid = bystander.pid;
      const record = {
        id,
        name: "x",
        status: "running",
        agentPid: pid,
        initPid: pid,
        agentStart: "1",
      };
      writeFileSync(`${folder}/${id}/state.json`, JSON.stringify({ ...record, initStart: "1" }));
      await clear();
      expect(bystander.exitCode).toBe(null);
      bystander.kill();
    });
  });

  /** Waits until the only container's record says so. */
  async function recorded(status: string): Promise<void> {
    await eventually(() => record().status === status);
  }

  /** That of the only container; empty where there is none yet. */
  function record(): { readonly status?: string; readonly initPid?: number } {
    const [id = ""] = readdirSync(`${box.runFolder}/containers`);
    const path = `${box.runFolder}/containers/${id}/state.json`;
    return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  }

  /** Once all that was begun is over, the next command leaves nothing of it. */
  async function cleared(): Promise<void> {
    await eventually(async () => {
      await box.sh("true");
      return box.leftovers().length === 0;
    }).catch(() => undefined);
    expect(box.leftovers()).toEqual([]);
  }

  test("a name whose owner was killed can be taken again", async () => {
    const command = ["--rootfs", box.rootfs, "/bin/sh", "-c", "echo up; read end"];
    await using run = box.start(["run", "-i", "--name", "again", ...command]);
    await nextLine(linesOf(run.child.stdout));
    await recorded("running");
    const { initPid = 0 } = record();
    run.child.kill("SIGKILL");
    await run.child.exited;
    run.child.stdin.end();
    // Its program ends with its stdin; then the name is free.
    await eventually(() => !isProcessAlive(initPid));
    expect((await box.run(["--name", "again"], ["/bin/true"])).exitCode).toBe(0);
  });

  test("a container whose bunker was killed runs on, and is not swept away", async () => {
    // Its stdin would be closed with bunker's, so that it waits for a file.
    const script =
      "echo up; until [ -e /out/go ]; do sleep 0.02; done; echo still here > /out/line";
    const flags = ["-v", `${box.folder}:/out`, "--rootfs", box.rootfs];
    await using run = box.start(["run", ...flags, "/bin/sh", "-c", script]);
    await nextLine(linesOf(run.child.stdout));
    // Until that is on record it would be taken for one that never came to run.
    await recorded("running");
    run.child.kill("SIGKILL");
    await run.child.exited;
    await box.sh("true");
    expect(readdirSync(`${box.runFolder}/containers`).length).toBe(1);
    writeFileSync(box.path("go"), "");
    await eventually(() => existsSync(box.path("line")));
    await cleared();
    expect(await Bun.file(box.path("line")).text()).toBe("still here\n");
  });

  test("bunker killed while the container is being made: no process goes on with it", async () => {
    // A fifo as /etc/passwd of the rootfs would be waited for; a slow mount is not to be had, so
    // that many moments are tried instead.
    for (let ms = 1; ms < 30; ms += 2) {
      const child = Bun.spawn(box.command(["run", "--rootfs", box.rootfs, "/bin/sleep", "0.01"]), {
        env: { ...process.env, ...box.environment },
        stdio: ["ignore", "ignore", "ignore"],
      });
      await Bun.sleep(ms);
      child.kill("SIGKILL");
      await child.exited;
    }
    await cleared();
  });
});
