// A container whose guardian is killed, and one that a power loss has taken.

import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { eventually } from "../harness/eventually.ts";
import { Service } from "../harness/service.ts";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "../run/box.ts";
import { childrenOf } from "./container-processes.ts";

needsRoot("a container", () => {
  const box = openBox(true);
  const bunker = (...args: readonly string[]) => box.bunker(args);
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await bunker(...args);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout.trimEnd();
  };
  const run = (name: string, script: string, ...flags: readonly string[]) =>
    ok("run", "-d", "--name", name, ...flags, "--rootfs", box.rootfs, "/bin/sh", "-c", script);
  const record = (id: string): { agentPid: number; initPid: number } =>
    JSON.parse(readFileSync(`${box.runFolder}/containers/${id}/state.json`, "utf8"));
  const nameOf = (pid: number): string => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      return /^State:\s*[ZX]/m.test(status) ? "" : (/^Name:\s*(.*)/.exec(status)?.[1] ?? "");
    } catch {
      return "";
    }
  };
  const state = (name: string) => ok("inspect", "-f", "{{.State.Status}}", name);
  /** Says a number a line until there is the file. */
  const countUntil = (file: string) =>
    `i=0; until [ -e ${file} ]; do i=$((i+1)); echo $i; usleep 5000; done; exit 9`;

  const deputyOf = async (guardian: number): Promise<number> => {
    for (;;) {
      const deputy = childrenOf(guardian).find((pid) => nameOf(pid) === "bunker-deputy");
      if (deputy !== undefined) return deputy;
      await Bun.sleep(5);
    }
  };

  test("goes on without its guardian, and the next command gives it another", async () => {
    const id = await run("alone", countUntil("/end-alone"));
    for (let kills = 0; kills < 3; kills++) {
      const { agentPid } = record(id);
      await deputyOf(agentPid);
      process.kill(agentPid, "SIGKILL");
      await eventually(() => nameOf(agentPid) === "");
      expect(await state("alone")).toBe("running");
      expect(record(id).agentPid).not.toBe(agentPid);
    }
    // Race: the container's end may come before that of what has asked for it.
    await ok("exec", "--detach", "alone", "touch", "/end-alone");
    // Kernel: before 6.15 nobody can tell how somebody else's child has ended.
    expect(["9", "255"]).toContain(await ok("wait", "alone"));
    const lines = (await ok("logs", "alone")).split("\n");
    expect(lines).toEqual(lines.map((_, i) => `${i + 1}`));
    await ok("rm", "alone");
  });

  describe("whose starter was a service that has ended", () => {
    test.each([[], ["-t"]])("%s is logged on", async (...flags) => {
      using service = new Service("logged");
      const words = ["run", "-d", "--name", "served", ...flags, "--rootfs", box.rootfs];
      const script = ["/bin/sh", "-c", countUntil("/end-served")];
      const started = await box.bunker([...words, ...script], { prefix: service.prefix });
      expect(started).toEqual({ exitCode: 0, stdout: expect.any(String), stderr: "" });
      const id = started.stdout.trim();
      await deputyOf(record(id).agentPid);
      await service.end();
      const log = `${box.path("data")}/containers/${id}/log/0/bytes`;
      const size = statSync(log).size;
      await eventually(() => statSync(log).size > size + 100);
      await ok("rm", "-f", "served");
    });

    test("is asked for its health as before", async () => {
      using service = new Service("healthy");
      const flags = ["--health-cmd", "echo >> /asked", "--health-interval", "100ms"];
      const words = ["run", "-d", "--name", "asked", ...flags, "--rootfs", box.rootfs];
      const prefix = service.prefix;
      expect((await box.bunker([...words, "/bin/sleep", "600"], { prefix })).exitCode).toBe(0);
      const path = `${box.rootfs}/asked`;
      const count = () => (existsSync(path) ? statSync(path).size : 0);
      await eventually(() => count() > 0);
      await service.end();
      const before = count();
      await eventually(() => count() > before + 2);
      await ok("rm", "-f", "asked");
    });
  });

  // What is killed, in turn: never both, as then there is nobody who could hold a terminal.
  const guardOf = async (name: string): Promise<number> => {
    await ok("ps");
    return record(await ok("inspect", "-f", "{{.Id}}", name)).agentPid;
  };
  test.each([[], ["-t"]])(
    "%s keeps its streams, its log and its exit code, however often its guardian is killed",
    async (...flags) => {
      const end = `/end-often${flags.join("")}`;
      const id = await run("often", countUntil(end), ...flags);
      for (let kills = 0; kills < 10; kills++) {
        const guardian = await guardOf("often");
        const deputy = await deputyOf(guardian);
        process.kill(kills % 2 === 0 ? guardian : deputy, "SIGKILL");
        while (nameOf(kills % 2 === 0 ? guardian : deputy) !== "") await Bun.sleep(1);
      }
      expect(record(id).agentPid).toBe(await guardOf("often"));
      await ok("exec", "--detach", "often", "touch", end);
      // Kernel: before 6.15 nobody can tell how somebody else's child has ended.
      expect(["9", "255"]).toContain(await ok("wait", "often"));
      const lines = (await ok("logs", "often")).replaceAll("\r", "").split("\n");
      expect(lines).toEqual(lines.map((_, i) => `${i + 1}`));
      await ok("rm", "often");
    },
  );

  test("has its last words in the log although its guardian was killed before, and nobody looked", async () => {
    const script = "until [ -e /end-last ]; do usleep 5000; done; echo last words; exit 9";
    const id = await run("last", script);
    const { agentPid, initPid } = record(id);
    await deputyOf(agentPid);
    process.kill(agentPid, "SIGKILL");
    writeFileSync(`${box.rootfs}/end-last`, "");
    while (nameOf(initPid) !== "") await Bun.sleep(10);
    expect(["9", "255"]).toContain(await ok("wait", "last"));
    expect(await ok("logs", "last")).toBe("last words");
    await ok("rm", "last");
  });

  test("that ended after its guardian is exited, and is started again", async () => {
    const id = await run("both", "echo on; sleep 600");
    const { agentPid, initPid } = record(id);
    process.kill(agentPid, "SIGKILL");
    process.kill(initPid, "SIGKILL");
    while ((await state("both")) !== "exited") await Bun.sleep(20);
    await ok("start", "both");
    expect(await state("both")).toBe("running");
    await ok("rm", "-f", "both");
  });

  test("is started again by its policy although its guardian was killed before it ended", async () => {
    const id = await run("keen", "sleep 600", "--restart", "always");
    const { agentPid, initPid } = record(id);
    process.kill(agentPid, "SIGKILL");
    process.kill(initPid, "SIGKILL");
    while (nameOf(initPid) !== "") await Bun.sleep(10);
    while ((await state("keen")) !== "running") await Bun.sleep(20);
    expect(record(id).initPid).not.toBe(initPid);
    await ok("rm", "-f", "keen");
  });

  test("that has just ended is shown with its exit code, whoever is still busy with that", async () => {
    for (let round = 0; round < 5; round++) {
      const { initPid } = record(await run("brief", "sleep 600"));
      process.kill(initPid, "SIGKILL");
      const shown = await ok("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "brief");
      // Race: the kernel may take a moment to end it.
      expect(["running 0", "exited 137"]).toContain(shown);
      await ok("rm", "-f", "brief");
    }
  });

  test("that a power loss has taken is exited, removed by force, and started again", async () => {
    const ids = [await run("first", "sleep 600"), await run("second", "sleep 600")];
    for (const id of ids) {
      const { agentPid, initPid } = record(id);
      process.kill(agentPid, "SIGKILL");
      process.kill(initPid, "SIGKILL");
    }
    rmSync(box.runFolder, { recursive: true });
    const rows = await ok("ps", "-a", "--format", "{{.Names}} {{.State}}");
    expect(rows).toBe("second exited\nfirst exited");
    expect(await ok("inspect", "-f", "{{.State.ExitCode}}", "first")).toBe("255");
    await ok("start", "first");
    expect(await state("first")).toBe("running");
    await ok("rm", "-f", "first", "second");
    expect(await ok("ps", "-aq")).toBe("");
  });

  test("that a power loss has left without its contents was never made", async () => {
    const id = await ok("create", "--name", "half", "--rootfs", box.rootfs, "/bin/true");
    writeFileSync(box.path(`data/containers/${id}/container.json`), "");
    expect(await ok("ps", "-aq")).toBe("");
    expect((await bunker("inspect", "half")).exitCode).toBe(1);
    const other = await ok("create", "--name", "half", "--rootfs", box.rootfs, "/bin/true");
    await ok("rm", "half");
    await ok("system", "prune", "-f");
    expect(existsSync(box.path(`data/containers/${id}`))).toBe(false);
    expect(other).not.toBe(id);
  });

  test("is started at boot as its restart policy says", async () => {
    const policies = ["always", "unless-stopped", "on-failure", "no"];
    const ids: string[] = [];
    for (const policy of policies) ids.push(await run(policy, "sleep 600", "--restart", policy));
    const stopped = await run("stopped", "sleep 600", "--restart", "unless-stopped");
    await ok("stop", "-t", "0", "stopped");
    for (const id of ids) {
      const { agentPid, initPid } = record(id);
      process.kill(agentPid, "SIGKILL");
      process.kill(initPid, "SIGKILL");
    }
    rmSync(box.runFolder, { recursive: true });
    await ok("system", "boot");
    expect(await state("always")).toBe("running");
    expect(await state("unless-stopped")).toBe("running");
    expect(await state("on-failure")).toBe("running");
    expect(await state("no")).toBe("exited");
    expect(await state("stopped")).toBe("exited");
    await ok("rm", "-f", ...ids, stopped);
  });

  test("is asked for its health as its image says, also in the foreground with --rm", async () => {
    const { stdout: archive } = Bun.spawnSync(["tar", "-C", box.rootfs, "-c", "bin", "etc"]);
    const check = "HEALTHCHECK --interval=200ms CMD test -e /etc/passwd";
    await box.bunker(["import", "--change", check, "-", "healthy:1"], { stdin: archive });
    await using caller = box.start(["run", "--rm", "--name", "guest", "healthy:1", "sleep", "600"]);
    const status = () => ok("ps", "--format", "{{.Names}} {{.Status}}");
    while (!/^guest Up .*\(healthy\)/.test(await status())) await Bun.sleep(50);
    expect(await ok("inspect", "-f", "{{.State.Health.Status}}", "guest")).toBe("healthy");
    await ok("kill", "guest");
    expect(await caller.child.exited).toBe(137);
    await ok("rmi", "healthy:1");
  });

  test("is asked for its health as often as it wants, as long as it runs", async () => {
    const check = ["--health-cmd", "test -e /tmp/well", "--health-interval", "200ms"];
    await run("patient", "sleep 600", ...check, "--health-retries", "2");
    const health = () => ok("inspect", "-f", "{{.State.Health.Status}}", "patient");
    expect(await health()).toBe("starting");
    while ((await health()) !== "unhealthy") await Bun.sleep(50);
    expect(await ok("ps", "--format", "{{.Status}}")).toContain("(unhealthy)");
    await ok("exec", "patient", "touch", "/tmp/well");
    while ((await health()) !== "healthy") await Bun.sleep(50);
    await ok("rm", "-f", "patient");
  });
});
