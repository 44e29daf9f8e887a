// The third run of the same words is replayed from what the second has written down. Nobody may
// notice but by the clock.

import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { underTest } from "../harness/bunker.ts";
import { needsRoot } from "../harness/tier.ts";
import { detectCgroups } from "../../cgroups/detect.ts";
import { openBox } from "./box.ts";

const isReplayed = underTest() === "binary" && detectCgroups().join("/x").how === "self";
if (!isReplayed) console.warn("skipped: replays: the executable does so, on cgroup v1");

needsRoot("run, a third time", () => {
  const box = openBox();
  const scores = `${box.runFolder}/scores`;

  /** What is kept of a command line that has this word in it. */
  function kept(word: string): { launch?: object; refused?: true } | undefined {
    for (const name of readdirSync(scores)) {
      const text = readFileSync(`${scores}/${name}`, "latin1").split("\n")[0] ?? "";
      if (text.includes(word)) return JSON.parse(text);
    }
    return undefined;
  }

  async function three(script: string, flags: readonly string[] = []): Promise<string[]> {
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) seen.push(await box.sh(script, flags));
    return seen;
  }

  const it = test.skipIf(!isReplayed);

  it("is replayed, and gives the same container with another id", async () => {
    const look = [
      "cat /proc/self/status | grep -E '^(Cap|Seccomp|NoNewPrivs|Groups|Umask)'",
      "cut -d' ' -f4- /proc/self/mountinfo | sed 's/shared:[0-9]*//; s/[0-9a-f]\\{64\\}/ID/g'",
      "cat /proc/self/limits; ls -l /dev | wc -l; ls /proc/self/fd | wc -l; pwd; id; env | sort | grep -v HOSTNAME",
      "sed 's/[0-9a-f]\\{12\\}/ID/' /etc/hosts /etc/hostname; cat /etc/resolv.conf",
      "cat /sys/fs/cgroup/*/memory.limit_in_bytes /sys/fs/cgroup/*/pids.max",
    ];
    const flags = ["-m", "64m", "--pids-limit", "100", "-u", "web", "-e", "A=b", "-w", "/tmp"];
    const [first = "", second, third] = await three(`: whole\n${look.join("\n")}`, flags);
    expect(kept(": whole")?.launch).toBeDefined();
    expect(second).toBe(first);
    expect(third).toBe(first);
    const [a, b, c] = await three("cat /etc/hostname");
    expect(new Set([a, b, c]).size).toBe(3);
  });

  it("runs in the background each time where that is asked for", async () => {
    const env = { BUNKER_DATA: box.path("data") };
    const ids = new Set<string>();
    for (let i = 0; i < 4; i++) {
      const command = ["run", "-d", "--rm", "--rootfs", box.rootfs, "/bin/sh", "-c", "exit 3"];
      const { exitCode, stdout } = await box.bunker(command, { env });
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
      ids.add(stdout);
    }
    expect(ids.size).toBe(4);
    const running = async () => (await box.bunker(["ps", "-aq"], { env })).stdout;
    while ((await running()) !== "") await Bun.sleep(20);
  });

  it("can be entered as any other", async () => {
    const words = ["run", "--rm", "--name", "again", "--rootfs", box.rootfs, "cat"];
    for (let i = 0; i < 3; i++) {
      const { child } = box.start([...words.slice(0, 2), "-i", ...words.slice(2)]);
      const entered = async () => (await box.bunker(["exec", "again", "pwd"])).stdout;
      while ((await entered()) !== "/\n") await Bun.sleep(20);
      child.stdin?.end();
      expect(await child.exited).toBe(0);
    }
    expect(kept('"again"')?.launch).toBeDefined();
  });

  it("is planned anew where a user has another id by now", async () => {
    await three("id -u # another", ["-u", "web"]);
    const passwd = `${box.rootfs}/etc/passwd`;
    const before = readFileSync(passwd, "utf8");
    writeFileSync(passwd, before.replace("web:x:1000:", "web:x:1234:"));
    expect(await three("id -u # another", ["-u", "web"])).toEqual(["1234", "1234", "1234"]);
    writeFileSync(passwd, before);
    expect(await box.sh("id -u # another", ["-u", "web"])).toBe("1000");
  });

  it("reads the caller's variables, not those of the time before", async () => {
    const run = (value: string) =>
      box.run(["-e", "MINE"], ["/bin/sh", "-c", "echo $MINE"], { env: { MINE: value } });
    for (let i = 0; i < 3; i++) expect((await run("one")).stdout).toBe("one\n");
    expect((await run("two")).stdout).toBe("two\n");
  });

  it("ends as the program does, whatever that is", async () => {
    for (let i = 0; i < 4; i++) {
      expect((await box.run([], ["/bin/sh", "-c", "exit 42"])).exitCode).toBe(42);
      expect((await box.run([], ["/bin/sh", "-c", "kill -USR1 $$; exit 3"])).exitCode).toBe(3);
    }
    expect(kept("exit 42")?.launch).toBeDefined();
  });

  it("says why a program that was there cannot be executed any more", async () => {
    const program = `${box.rootfs}/bin/gone`;
    writeFileSync(program, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    for (let i = 0; i < 3; i++) expect((await box.run([], ["/bin/gone"])).exitCode).toBe(0);
    chmodSync(program, 0o644);
    expect((await box.run([], ["/bin/gone"])).exitCode).toBe(126);
    rmSync(program);
    const { exitCode, stderr } = await box.run([], ["/bin/gone"]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 127,
      stderr: 'bunker: cannot run "/bin/gone": no such file or directory\n',
    });
  });

  it("tells that the memory was not enough", async () => {
    const eat = ["/bin/sh", "-c", "a=x; while :; do a=$a$a; done"];
    for (let i = 0; i < 4; i++) {
      const { exitCode, stderr } = await box.run(["-m", "16m"], eat);
      expect(exitCode).toBe(137);
      expect(stderr).toContain("ran out of memory (limit 16 MiB)");
    }
  });

  it("passes signals on", async () => {
    const script = "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done";
    for (let i = 0; i < 4; i++) {
      const started = box.start(["run", "--rootfs", box.rootfs, "/bin/sh", "-c", script]);
      const reader = started.child.stdout.getReader();
      await reader.read();
      reader.releaseLock();
      started.child.kill("SIGTERM");
      expect(await started.child.exited).toBe(7);
    }
  });

  it("refuses what it would refuse the first time, and leaves nothing of the attempt", async () => {
    const source = box.path("source");
    mkdirSync(source);
    const flags = ["--mount", `type=bind,source=${source},target=/mnt`];
    await three("ls /mnt", flags);
    rmSync(source, { recursive: true });
    const { exitCode, stderr } = await box.run(flags, ["/bin/sh", "-c", "ls /mnt"]);
    expect(exitCode).toBe(125);
    expect(stderr).toContain("does not exist");
    expect(box.leftovers()).toEqual([]);
  });

  it("makes the source of -v again where it is gone", async () => {
    const source = box.path("made");
    const flags = ["--network", "none", "-v", `${source}:/mnt`];
    for (let i = 0; i < 3; i++) await box.sh("echo x >> /mnt/file; wc -l < /mnt/file", flags);
    expect(kept("wc -l")?.launch).toBeDefined();
    expect(readFileSync(`${source}/file`, "utf8")).toBe("x\nx\nx\n");
    rmSync(source, { recursive: true });
    await box.sh("echo x >> /mnt/file; wc -l < /mnt/file", flags);
    expect(readFileSync(`${source}/file`, "utf8")).toBe("x\n");
  });

  it("asks whether the name is free", async () => {
    const words = ["run", "-i", "--name", "twice", "--rootfs", box.rootfs, "cat"];
    for (let i = 0; i < 3; i++) expect((await box.bunker(words)).exitCode).toBe(0);
    expect(kept('"twice"')?.launch).toBeDefined();
    const both = [box.start(words), box.start(words)].map(({ child }) => child);
    expect(await Promise.race(both.map((child) => child.exited))).toBe(125);
    // The other one has the name, until its program has read to the end.
    for (const child of both) child.stdin.end();
    const codes = await Promise.all(both.map((child) => child.exited));
    expect(codes.toSorted((a, b) => a - b)).toEqual([0, 125]);
  });
});
