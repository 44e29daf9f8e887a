// The third `exec` of the same words in the same container is performed before the runtime starts
// (src/container/prelude/enter-tape.ts). Nobody may notice but by the clock; and whatever is otherwise than it
// was, the runtime is there as before. What holds for preludes of all kinds is in tests/run/prelude.

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { underTest } from "../harness/bunker.ts";
import { eventually } from "../harness/eventually.ts";
import { isRoot, needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine, openBox } from "../run/box.ts";

const isPreluded = underTest() === "binary" && process.arch === "x64";
if (!isPreluded) console.warn("skipped: preludes: the executable for x86-64 alone has them");
const suite = isPreluded && isRoot() ? needsRoot : undefined;

/** Where the channel is mapped, as /proc/PID/maps has it: src/container/prelude/layout.ts */
const CHANNEL = /^72000000-/m;

suite?.("exec, before the runtime", () => {
  const box = openBox();
  const ask = (...words: string[]) => box.bunker(words);
  const ok = async (...words: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await ask(...words);
    expect({ words, exitCode, stderr }).toEqual({ words, exitCode: 0, stderr: "" });
    return stdout;
  };
  const make = (name: string) =>
    ok("run", "-d", "--name", name, "-h", name, "--rootfs", box.rootfs, "/bin/sleep", "600");

  /** A process that echoes its lines, and what has started it. */
  async function echoing(
    name: string,
    use: (pid: number) => unknown,
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await using started = box.start(["exec", "-i", name, "/bin/cat"], { env });
    const { child } = started;
    void child.stdin.write("up\n");
    await child.stdin.flush();
    expect(await nextLine(linesOf(child.stdout))).toBe("up");
    await use(child.pid);
    child.stdin.end();
    expect(await child.exited).toBe(0);
  }

  async function isWithout(name: string, env?: Readonly<Record<string, string>>): Promise<boolean> {
    let without = false;
    const look = (pid: number): void => {
      without = CHANNEL.test(readFileSync(`/proc/${pid}/maps`, "utf8"));
    };
    await echoing(name, look, env);
    return without;
  }

  /** What has changed a moment ago is not relied on, so it may take another time. */
  const becomesWithout = (name: string) => eventually(() => isWithout(name));

  test("has no runtime the third time, and gives the same process", async () => {
    await make("same");
    await becomesWithout("same");
    const look = [
      "grep -vE '^(Pid|NS|PPid|Tgid|Ngid|Vm|Rss|Hugetlb|Cpus|Mems|.*ctxt)' /proc/self/status",
      "cat /proc/self/limits /proc/self/cgroup; pwd; id; umask; env; cat; ls /proc/self/fd",
    ].join("\n");
    const words = ["exec", "-u", "web", "-w", "/tmp", "same", "/bin/sh", "-c", look];
    const caller = 'umask 077; exec 7</etc/passwd; exec "$@"';
    const odd = { prefix: ["sh", "-c", caller, "sh", "env", "--block-signal=TERM,USR2"] };
    const seen: string[] = [];
    for (const options of [{}, {}, {}, odd]) {
      const { stdout, ...rest } = await box.bunker(words, options);
      expect(rest).toEqual({ exitCode: 0, stderr: "" });
      seen.push(stdout);
    }
    for (const each of seen) expect(each).toBe(seen[0] ?? "");
    await ok("rm", "-f", "same");
    expect(box.leftovers()).toEqual([]);
  });

  test("ends as it does by the runtime, and is told of alike", async () => {
    await make("ends");
    const programs: readonly (readonly [number, string, string])[] = [
      [0, "true", ""],
      [42, "exit 42", ""],
      [127, "exit 127", ""],
      [137, "kill -9 $$", ""],
      [3, "echo out; echo err >&2; exit 3", "out\n"],
    ];
    for (const [code, script, out] of programs) {
      const told: string[] = [];
      for (let times = 0; times < 4; times++) {
        const since = String(Date.now() / 1000);
        const { exitCode, stdout } = await ask("exec", "ends", "/bin/sh", "-c", script);
        expect({ script, exitCode, stdout }).toEqual({ script, exitCode: code, stdout: out });
        const format = "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}";
        const window = ["--since", since, "--until", String(Date.now() / 1000 + 0.001)];
        told.push(await ok("events", ...window, "--format", format));
      }
      expect(told[0]).toContain(`exec_die ends ${code}`);
      for (const each of told) expect(each).toBe(told[0] ?? "");
    }
    for (let times = 0; times < 4; times++) {
      const { exitCode, stderr } = await ask("exec", "ends", "/bin/nothing");
      expect(exitCode).toBe(127);
      expect(stderr).toContain('cannot run "/bin/nothing": no such file or directory');
    }
    await ok("rm", "-f", "ends");
  });

  test("in the background, comes back at once and leaves its process", async () => {
    await make("leaves");
    // A fifo, which is opened once somebody reads from it: until then it is there.
    await ok("exec", "leaves", "/bin/mknod", "/left", "p");
    for (let times = 0; times < 4; times++) {
      await ok("exec", "-d", "leaves", "/bin/sh", "-c", "echo left >/left");
      expect(await ok("exec", "leaves", "/bin/cat", "/left")).toBe("left\n");
    }
    await ok("rm", "-f", "leaves");
    expect(box.leftovers()).toEqual([]);
  });

  test("passes signals on", async () => {
    await make("signals");
    const script = "trap 'exit 7' TERM USR1; echo ready; read line; exit 7";
    for (let times = 0; times < 6; times++) {
      const words = ["exec", "-i", "signals", "/bin/sh", "-c", script];
      await using started = box.start(words);
      expect(await nextLine(linesOf(started.child.stdout))).toBe("ready");
      // The runtime begins to pass them on a moment after that.
      if (times < 3) started.child.stdin.end();
      else started.child.kill(times === 3 ? "SIGUSR1" : "SIGTERM");
      expect(await started.child.exited).toBe(7);
    }
    await ok("rm", "-f", "signals");
  });

  test("goes where its words lead by now, and not where it may not", async () => {
    await make("moved");
    const enter = () => ask("exec", "moved", "/bin/hostname");
    const ready = async (name: string): Promise<void> => {
      await becomesWithout("moved");
      for (let times = 0; times < 3; times++) expect((await enter()).stdout).toBe(`${name}\n`);
    };
    await ready("moved");
    await ok("pause", "moved");
    expect((await enter()).stderr).toContain("is paused");
    await ok("unpause", "moved");
    await ready("moved");
    await ok("restart", "-t", "0", "moved");
    await ready("moved");
    await ok("rename", "moved", "former");
    expect((await enter()).stderr).toContain("No such container: moved");
    await make("moved-too");
    await ok("rename", "moved-too", "moved");
    await ready("moved-too");
    await ok("stop", "-t", "0", "moved");
    expect((await enter()).stderr).toContain("is not running");
    await ok("rm", "-f", "moved", "former");
    expect(box.leftovers()).toEqual([]);
  });

  test("is for the variables of ours that it was made with", async () => {
    await make("theirs");
    await becomesWithout("theirs");
    expect(await isWithout("theirs", { BUNKER_OTHER: "1" })).toBe(false);
    expect(await isWithout("theirs", { BUNKER_DATA: `${box.path("data")}/` })).toBe(false);
    await becomesWithout("theirs");
    await ok("rm", "-f", "theirs");
  });
});
