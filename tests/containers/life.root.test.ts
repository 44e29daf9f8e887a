// The life of a container that runs in the background, as its user sees it.

import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "../run/box.ts";

needsRoot("a detached container", () => {
  const box = openBox();
  const bunker = (...args: readonly string[]) => box.bunker(args);
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await bunker(...args);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout.trimEnd();
  };
  const run = (name: string, script: string, ...flags: readonly string[]) =>
    ok("run", "-d", "--name", name, ...flags, "--rootfs", box.rootfs, "/bin/sh", "-c", script);
  const SERVES = 'trap "echo bye; exit 4" TERM; echo up; while :; do sleep 0.05; done';

  test("runs on after bunker has ended, and keeps its output and its exit code", async () => {
    const id = await run("ends", "echo out; echo err >&2; exit 7");
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await ok("wait", "ends")).toBe("7");
    const { stdout, stderr } = await bunker("logs", "ends");
    expect({ stdout, stderr }).toEqual({ stdout: "out\n", stderr: "err\n" });
    expect(await ok("ps", "-a", "--format", "{{.Names}} {{.State}}")).toBe("ends exited");
    expect(await ok("rm", "ends")).toBe("ends");
    expect(await ok("ps", "-aq")).toBe("");
  });

  test("is stopped by its signal, started again, and has its whole log", async () => {
    await run("serves", SERVES);
    while ((await ok("logs", "serves")) !== "up") await Bun.sleep(20);
    expect(await ok("exec", "serves", "/bin/echo", "inside")).toBe("inside");
    expect(await ok("stop", "serves")).toBe("serves");
    expect(await ok("inspect", "-f", "{{.State.ExitCode}}", "serves")).toBe("4");
    await ok("start", "serves");
    while (!(await ok("logs", "serves")).endsWith("bye\nup")) await Bun.sleep(20);
    expect(await ok("logs", "--tail", "2", "serves")).toBe("bye\nup");
    expect((await bunker("rm", "serves")).exitCode).toBe(1);
    await ok("rm", "-f", "serves");
  });

  test("is killed at once where it will not stop", async () => {
    await run("stubborn", 'trap "" TERM; while :; do sleep 0.05; done');
    await ok("stop", "-t", "0", "stubborn");
    expect(await ok("inspect", "-f", "{{.State.ExitCode}}", "stubborn")).toBe("137");
    await ok("rm", "stubborn");
  });

  test("is entered with the same words again and again, and once it was started again", async () => {
    await run("entered", SERVES);
    const words = ["exec", "-i", "-u", "web", "-e", "A=b", "entered", "/bin/sh", "-c"];
    const script = "id -un; echo $A; cat; exit 5";
    for (let i = 0; i < 8; i++) {
      const { exitCode, stdout, stderr } = await box.bunker([...words, script], {
        stdin: `given ${i}`,
      });
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 5,
        stdout: `web\nb\ngiven ${i}`,
        stderr: "",
      });
      if (i === 3) await ok("restart", "-t", "0", "entered");
    }
    for (let i = 0; i < 4; i++) await ok("exec", "-d", "entered", "/bin/touch", `/tmp/${i}`);
    for (let i = 0; i < 4; i++) {
      const { exitCode, stderr } = await bunker("exec", "entered", "/bin/none");
      expect({ exitCode, isNamed: stderr.includes("/bin/none") }).toEqual({
        exitCode: 127,
        isNamed: true,
      });
    }
    await ok("rm", "-f", "entered");
  });

  test("is paused, and let go on", async () => {
    await run("held", SERVES);
    await ok("pause", "held");
    expect(await ok("ps", "--format", "{{.State}}")).toBe("paused");
    await ok("unpause", "held");
    expect(await ok("ps", "--format", "{{.State}}")).toBe("running");
    await ok("rm", "-f", "held");
  });

  test("is started again as its policy says", async () => {
    await run("fails", "exit 3", "--restart", "on-failure:2");
    const count = () => ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", "fails");
    while ((await count()) !== "2 exited") await Bun.sleep(20);
    await ok("rm", "fails");
  });

  test("leaves nothing with --rm", async () => {
    await run("gone", "true", "--rm");
    while ((await ok("ps", "-aq")) !== "") await Bun.sleep(20);
    // It is nobody's from the moment that its first file is gone; the others follow.
    while (readdirSync(box.path("data/containers")).length > 0) await Bun.sleep(20);
    expect(readdirSync(box.path("data/names"))).toEqual([]);
  });

  test("is entered also where it has a user namespace", async () => {
    await run("mapped", "exec sleep 600", "--userns", "auto");
    const script = "id -u; ps -o args | grep -c '[s]leep 600'";
    expect(await ok("exec", "mapped", "/bin/sh", "-c", script)).toBe("0\n1");
    await ok("rm", "-f", "mapped");
  });

  test("is refused where its program is not there, and is not kept", async () => {
    const { exitCode, stderr } = await bunker("run", "-d", "--rootfs", box.rootfs, "/nope");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 127,
      stderr: 'bunker: cannot run "/nope": no such file or directory\n',
    });
    expect(await ok("ps", "-aq")).toBe("");
  });

  test("has a name that no other one can have, until it is removed", async () => {
    await run("one", SERVES);
    const second = await bunker("run", "-d", "--name", "one", "--rootfs", box.rootfs, "/bin/true");
    expect(second.exitCode).toBe(125);
    expect(second.stderr).toContain('The container name "/one" is already in use by container');
    await ok("rename", "one", "two");
    await run("one", "true", "--rm");
    await ok("rm", "-f", "two");
    while ((await ok("ps", "-aq")) !== "") await Bun.sleep(20);
  });
});

needsRoot("what can be seen of a container", () => {
  const box = openBox();
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await box.bunker(args);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout.trimEnd();
  };

  test("top shows its processes, stats what they use, and prune removes it once it has ended", async () => {
    const flags = ["-d", "--name", "seen", "-m", "64m", "--rootfs", box.rootfs];
    await ok("run", ...flags, "/bin/sleep", "600");
    expect(await ok("top", "seen", "-o", "pid,args")).toMatch(
      /^ *PID COMMAND\n *\d+ \/bin\/sleep 600$/,
    );
    const format = "{{.Name}} {{.MemUsage}} {{.PIDs}}";
    const stats = await ok("stats", "--no-stream", "--format", format);
    expect(stats).toMatch(/^seen [\d.]+[KM]iB \/ 64MiB 1$/);
    expect(await ok("container", "prune", "-f")).toBe("Total reclaimed space: 0B");
    await ok("stop", "-t", "0", "seen");
    expect(await ok("container", "prune", "-f")).toMatch(/^Deleted Containers:\n[0-9a-f]{64}\n\n/);
    expect(await ok("ps", "-aq")).toBe("");
  });
});
