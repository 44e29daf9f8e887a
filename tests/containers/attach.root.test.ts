// Being joined to a container: run in the foreground, attach, start --attach, and leaving it.

import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { eventually } from "../harness/eventually.ts";
import { Terminal } from "../harness/terminal.ts";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "../run/box.ts";
import { isWatching } from "./container-processes.ts";

/** Lines that a program is to write before it is looked at again. */
const TICKS = 20;

needsRoot("a container with a caller", () => {
  const box = openBox(true);
  const bunker = (args: readonly string[], stdin?: string) =>
    box.bunker(args, stdin === undefined ? {} : { stdin });
  const ok = async (args: readonly string[], stdin?: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await bunker(args, stdin);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout;
  };
  const of = (...words: readonly string[]) => ["--rootfs", box.rootfs, ...words];

  test("is kept after its end, with its exit code and its output, and started again", async () => {
    const script = "echo out; echo err >&2; exit 3";
    const first = await bunker(["run", "--name", "kept", ...of("/bin/sh", "-c", script)]);
    expect(first).toMatchObject({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
    expect(await ok(["ps", "-a", "--format", "{{.Names}} {{.State}}"])).toBe("kept exited\n");
    const again = await bunker(["start", "--attach", "kept"]);
    expect(again).toMatchObject({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
    expect((await bunker(["logs", "kept"])).stdout).toBe("out\nout\n");
    await ok(["rm", "kept"]);
  });

  test("is not kept where its program is not there", async () => {
    expect((await bunker(["run", ...of("/nope")])).exitCode).toBe(127);
    expect(await ok(["ps", "-aq"])).toBe("");
  });

  test("reads what its caller writes, to the end, also when it is started again", async () => {
    expect(await ok(["run", "-i", "--name", "reads", ...of("cat")], "one\n")).toBe("one\n");
    expect(await ok(["start", "-ai", "reads"], "two\n")).toBe("two\n");
    await ok(["rm", "reads"]);
  });

  test("loses no byte of much, to and fro", async () => {
    let lines = "";
    for (let number = 0; number < 300_000; number++) lines += `line ${number}\n`;
    const copied = await ok(["run", "-i", "--name", "much", ...of("cat")], lines);
    expect(copied === lines).toBeTrue();
    expect((await ok(["logs", "much"])) === lines).toBeTrue();
    await ok(["rm", "much"]);
  });

  test("shows an attached caller what comes from then on, and gets its signals", async () => {
    const script = 'trap "echo bye; exit 5" TERM; echo early; while :; do sleep 0.05; done';
    await ok(["run", "-d", "--name", "seen", ...of("/bin/sh", "-c", script)]);
    while ((await ok(["logs", "seen"])) !== "early\n") await Bun.sleep(20);
    await using attached = box.start(["attach", "seen"]);
    await eventually(() => isWatching(attached.child.pid));
    attached.child.kill("SIGTERM");
    expect(await attached.child.exited).toBe(5);
    expect(await new Response(attached.child.stdout).text()).toBe("bye\n");
    const stopped = await bunker(["attach", "seen"]);
    expect(stopped).toMatchObject({
      exitCode: 1,
      stderr: "bunker: You cannot attach to a stopped container, start it first\n",
    });
    await ok(["rm", "seen"]);
  });

  test("goes on where its caller is killed", async () => {
    const script = "until [ -e /go ]; do sleep 0.05; done; echo later";
    const words = ["run", "--name", "left", ...of("/bin/sh", "-c", script)];
    await using caller = box.start(words);
    while ((await ok(["ps", "-q", "-f", "name=left"])) === "") await Bun.sleep(20);
    caller.child.kill("SIGKILL");
    writeFileSync(`${box.rootfs}/go`, "");
    expect(await ok(["wait", "left"])).toBe("0\n");
    expect(await ok(["logs", "left"])).toBe("later\n");
    await ok(["rm", "left"]);
  });

  test("is left by ctrl-p ctrl-q and joined again, with its screen as large as the caller's", async () => {
    const run = box.line("run", "-it", "--name", "shell", ...of("/bin/sh"));
    using terminal = new Terminal(run, box.folder);
    await terminal.waitFor(/\/ #/);
    terminal.type("x=41; stty size");
    await terminal.waitFor(/^24 80$/m);
    terminal.press("C-p");
    terminal.press("C-q");
    await terminal.waitFor(/ended with 0/);
    expect(await ok(["ps", "--format", "{{.Names}} {{.State}}"])).toBe("shell running\n");
    using second = new Terminal(box.line("attach", "shell"), box.folder);
    second.resize(100, 30);
    await eventually(() => {
      second.press("Enter");
      return second.screen().includes("/ #");
    });
    second.type("echo $((x + 1)); stty size");
    await second.waitFor(/^42$/m);
    await second.waitFor(/^30 100$/m);
    second.press("C-c");
    second.type("exit 7");
    await second.waitFor(/ended with 7/);
    await ok(["rm", "shell"]);
  });

  test("goes on with what was entered, when that is left by its keys or never looked at", async () => {
    await ok(["run", "-d", "--name", "entered", ...of("sleep", "600")]);
    const script = "trap '' INT; while :; do echo tick; echo >> /$name; sleep 0.01; done";
    const words = ["exec", "-it", "entered", "/bin/sh"];
    using terminal = new Terminal(box.line(...words), box.folder);
    await terminal.waitFor(/\/ #/);
    terminal.type(`name=one; echo $$ > /$name; ${script}`);
    await terminal.waitFor(/^tick$/m);
    terminal.press("C-p");
    terminal.press("C-q");
    await terminal.waitFor(/read escape sequence\n\[ended with 1\]/);
    await ok(["exec", "-dt", "entered", "/bin/sh", "-c", `name=two; echo $$ > /$name; ${script}`]);
    for (const name of ["one", "two"]) {
      const path = `${box.rootfs}/${name}`;
      const count = () => (existsSync(path) ? readFileSync(path).length : 0);
      const before = count();
      await eventually(() => count() > before + TICKS);
    }
    const alive = 'for name in one two; do kill -0 "$(head -n 1 /$name)" && echo $name; done';
    expect(await ok(["exec", "entered", "/bin/sh", "-c", alive])).toBe("one\ntwo\n");
    await ok(["rm", "-f", "entered"]);
  });

  test("is left by other keys, where others are asked for", async () => {
    const run = box.line(
      "run",
      "-it",
      "--name",
      "keys",
      "--detach-keys",
      "ctrl-x,x",
      ...of("/bin/sh"),
    );
    using terminal = new Terminal(run, box.folder);
    await terminal.waitFor(/\/ #/);
    terminal.press("C-x");
    terminal.press("x");
    await terminal.waitFor(/ended with 0/);
    await ok(["rm", "-f", "keys"]);
  });
});

needsRoot("a log that is rotated", () => {
  const box = openBox(true);
  const seq = (last: number) => {
    let text = "";
    for (let number = 1; number <= last; number++) text += `${number}\n`;
    return text;
  };

  test("is shown whole to who follows it, and keeps its last bytes, none twice", async () => {
    const flags = ["--log-opt", "max-size=64k", "--log-opt", "max-file=3", "--name", "turns"];
    const words = ["run", ...flags, "--rootfs", box.rootfs, "seq", "1", "200000"];
    const { stdout } = await box.bunker(words);
    const whole = seq(200_000);
    expect(stdout === whole).toBeTrue();
    const logs = (await box.bunker(["logs", "turns"])).stdout;
    expect(whole.endsWith(logs)).toBeTrue();
    expect(logs.length).toBeGreaterThan(128 * 1024);
    expect(logs.length).toBeLessThanOrEqual(192 * 1024);
    const tail = await box.bunker(["logs", "--tail", "20000", "turns"]);
    expect(tail.stdout === whole.split("\n").slice(-20_001).join("\n")).toBeTrue();
    await box.bunker(["rm", "turns"]);
  });

  test("loses nothing between its files", async () => {
    const flags = ["--log-opt", "max-size=64k", "--log-opt", "max-file=99", "--name", "parts"];
    const script = "seq 1 60000; seq 60001 120000 >&2";
    const words = ["run", ...flags, "--rootfs", box.rootfs, "/bin/sh", "-c", script];
    const direct = await box.bunker(words);
    const read = await box.bunker(["logs", "parts"]);
    const whole = seq(120_000);
    const middle = seq(60_000).length;
    for (const { stdout, stderr } of [direct, read]) {
      expect(stdout === whole.slice(0, middle)).toBeTrue();
      expect(stderr === whole.slice(middle)).toBeTrue();
    }
    await box.bunker(["rm", "parts"]);
  });

  test("is not there for its driver none, and refused for drivers of daemons", async () => {
    const run = (driver: string) =>
      box.bunker([
        "run",
        "--log-driver",
        driver,
        "--name",
        "quiet",
        "--rootfs",
        box.rootfs,
        "echo",
        "said",
      ]);
    expect(await run("none")).toMatchObject({ exitCode: 0, stdout: "said\n" });
    expect((await box.bunker(["logs", "quiet"])).stderr).toContain("does not support");
    await box.bunker(["rm", "quiet"]);
    expect((await run("syslog")).stderr).toContain("the syslog driver is not there");
  });

  test("ends quietly where who reads has seen enough", async () => {
    const words = ["run", "-d", "--name", "long", "--rootfs", box.rootfs, "yes"];
    await box.bunker(words);
    const command = box.line("logs", "-f", "long");
    const shell = Bun.spawnSync(["/bin/sh", "-c", `${command} | head -n 2`]);
    expect(shell.stderr.toString()).toBe("");
    expect(shell.stdout.toString()).toBe("y\ny\n");
    await box.bunker(["rm", "-f", "long"]);
  });
});

needsRoot("a container of run --rm in the foreground", () => {
  const box = openBox(true);
  const ok = async (...args: readonly string[]) => (await box.bunker(args)).stdout;

  test("is shown, entered, paused and stopped as any other, and then gone", async () => {
    const script = 'trap "exit 6" TERM; echo up; while :; do sleep 0.05; done';
    const words = [
      "run",
      "--rm",
      "--name",
      "front",
      "--rootfs",
      box.rootfs,
      "/bin/sh",
      "-c",
      script,
    ];
    await using caller = box.start(words);
    while ((await ok("ps", "--format", "{{.Names}} {{.State}}")) !== "front running\n") {
      await Bun.sleep(20);
    }
    expect(await ok("inspect", "-f", "{{.State.Status}} {{.Name}}", "front")).toBe(
      "running /front\n",
    );
    expect(await ok("exec", "front", "echo", "inside")).toBe("inside\n");
    await ok("pause", "front");
    expect(await ok("ps", "--format", "{{.State}}")).toBe("paused\n");
    await ok("unpause", "front");
    expect(await ok("stop", "front")).toBe("front\n");
    expect(await caller.child.exited).toBe(6);
    expect(await ok("ps", "-aq")).toBe("");
  });
});
