// The third run of the same words is replayed from what the second has written down. Nobody may
// notice but by the clock.

import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { makeName } from "../../src/engine/names.ts";
import { underTest } from "../harness/bunker.ts";
import { keptOf } from "../harness/kept-launches.ts";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "./box.ts";

const isReplayed = underTest() === "binary";
if (!isReplayed) console.warn("skipped: replays: the executable alone does so");

needsRoot("run, a third time", () => {
  const box = openBox();

  /** What is kept of a command line that has this word in it. */
  function kept(word: string): { launch?: object; refused?: true } | undefined {
    const [line] = keptOf(box.runFolder, word);
    return line === undefined ? undefined : JSON.parse(line);
  }

  /** Others of the same place may have come in between: then it takes another time or two. */
  const isKept = (word: string, what: string): boolean => what in (kept(word) ?? {});

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
      "cat /sys/fs/cgroup/*/memory.limit_in_bytes /sys/fs/cgroup/*/pids.max 2>&1",
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max 2>&1; true",
    ];
    const flags = ["-m", "64m", "--pids-limit", "100", "-u", "web", "-e", "A=b", "-w", "/tmp"];
    const [first = "", second, third] = await three(`: whole\n${look.join("\n")}`, flags);
    expect(kept(": whole")?.launch).toBeDefined();
    expect(second).toBe(first);
    expect(third).toBe(first);
    const [a, b, c] = await three("cat /etc/hostname");
    expect(new Set([a, b, c]).size).toBe(3);
  });

  it("may open the devices that the first may, and no others", async () => {
    const look = (minor: number): string =>
      `mknod /m${minor} c 1 ${minor}; dd if=/m${minor} count=0 2>/dev/null && echo ${minor}; rm /m${minor}`;
    const script = `${look(3)}; ${look(11)}; true`;
    expect(await three(script)).toEqual(["3", "3", "3"]);
    expect(kept("mknod")?.launch).toBeDefined();
    expect(kept("mknod")).not.toHaveProperty("failures");
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

  /** A container that has written, as others see it: what is kept, where it is, what `inspect` says. */
  async function look(name: string, env: Record<string, string>): Promise<string> {
    const ask = async (...words: string[]) => (await box.bunker(words, { env })).stdout;
    while ((await ask("logs", name)) !== "out\n") await Bun.sleep(20);
    const id = (await ask("inspect", "--format", "{{.Id}}", name)).trim();
    const folders = [`${env["BUNKER_DATA"]}/containers/${id}`, `${box.runFolder}/containers/${id}`];
    const format = "%y %m %P %s\\n";
    const files = folders.map((at) => Bun.spawnSync(["find", at, "-printf", format]).stdout);
    const own = (await ask("inspect", name)).replace(/"(Pid|Created|StartedAt)": .*/g, "");
    const listed = files.map((each) => each.toString().split("\n").sort().join("\n"));
    const all = [...listed, own, await ask("exec", name, "/bin/ls", "-l", "/proc/1/fd")].join("\n");
    const times = /[A-Z][a-z][a-z] +\d+ \d\d:\d\d/g;
    return all
      .replaceAll(id, "ID")
      .replaceAll(id.slice(0, 12), "ID")
      .replaceAll(name, "NAME")
      .replace(times, "");
  }

  it("in the background, gives the same container with another id and another name", async () => {
    const env = { BUNKER_DATA: box.path("data") };
    const script = ": same; echo out; exec sleep 600";
    const seen: string[] = [];
    for (const name of ["n-1", "n-2", "n-3", "n-4"]) {
      const words = ["run", "-d", "--name", name, "-m", "64m", "--rootfs", box.rootfs];
      const { exitCode, stdout } = await box.bunker([...words, "/bin/sh", "-c", script], { env });
      expect({ exitCode, length: stdout.length }).toEqual({ exitCode: 0, length: 65 });
      seen.push(await look(name, env));
    }
    expect(kept(": same")?.launch).toBeDefined();
    expect(kept(": same")).not.toHaveProperty("failures");
    for (const each of seen) expect(each).toBe(seen[0] ?? "");
    const names = ["n-1", "n-2", "n-3", "n-4"];
    expect((await box.bunker(["rm", "-f", ...names], { env })).exitCode).toBe(0);
    expect(box.leftovers()).toEqual([]);
  });

  it("in the background, is refused a name that is another's, and says why a program is not run", async () => {
    const env = { BUNKER_DATA: box.path("data") };
    const program = `${box.rootfs}/bin/passing`;
    writeFileSync(program, "#!/bin/sh\nexec sleep 600\n", { mode: 0o755 });
    const run = (name: string) =>
      box.bunker(["run", "-d", "--name", name, "--rootfs", box.rootfs, "/bin/passing"], { env });
    for (const name of ["p-1", "p-2", "p-3"]) expect((await run(name)).exitCode).toBe(0);
    const taken = await run("p-1");
    expect(taken.exitCode).toBe(125);
    expect(taken.stderr).toContain('The container name "/p-1" is already in use');
    rmSync(program);
    const gone = await run("p-4");
    expect(gone.exitCode).toBe(127);
    expect(gone.stderr).toContain('cannot run "/bin/passing": no such file or directory');
    const { stdout } = await box.bunker(["ps", "-a", "--format", "{{.Names}}"], { env });
    expect(stdout).toBe("p-3\np-2\np-1\n");
    await box.bunker(["rm", "-f", "p-1", "p-2", "p-3"], { env });
    expect(box.leftovers()).toEqual([]);
  });

  it("in the background, finds a name that nobody has, whoever has one", async () => {
    const env = { BUNKER_DATA: box.path("data") };
    const holder = ["run", "--rm", "-i", "--name", "holder", "--rootfs", box.rootfs, "cat"];
    const { child } = box.start(holder);
    const names = `${box.runFolder}/names`;
    while ((await box.bunker(["exec", "holder", "true"])).exitCode !== 0) await Bun.sleep(10);
    // All that can be made up of the first eight digits of an id.
    const hex = (value: number): string => value.toString(16).padStart(4, "0");
    const all = new Set<string>();
    for (let one = 0; one < 64; one++) {
      for (let other = 0; other < 64; other++) all.add(makeName(`${hex(one)}${hex(other)}`, 0));
    }
    for (const name of all) symlinkSync(readlinkSync(`${names}/holder`), `${names}/${name}`);
    for (let i = 0; i < 4; i++) {
      const words = ["run", "-d", "--rootfs", box.rootfs, "/bin/sh", "-c", ": nameless"];
      const { exitCode, stderr } = await box.bunker(words, { env });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    }
    expect(kept(": nameless")?.launch).toBeDefined();
    const listed = await box.bunker(["ps", "-a", "--format", "{{.Names}}"], { env });
    expect(listed.stdout.match(/^[a-z]+_[a-z]+\d+$/gm)).toHaveLength(4);
    for (const name of all) rmSync(`${names}/${name}`);
    const ids = (await box.bunker(["ps", "-aq", "-f", "status=exited"], { env })).stdout
      .trim()
      .split("\n");
    await box.bunker(["rm", "-f", ...ids], { env });
    child.stdin?.end();
    expect(await child.exited).toBe(0);
    expect(box.leftovers()).toEqual([]);
  });

  it("killed before it had the name that it wanted, takes nobody's away", async () => {
    const { child } = box.start([
      "run",
      "--rm",
      "-i",
      "--name",
      "mine",
      "--rootfs",
      box.rootfs,
      "cat",
    ]);
    const name = `${box.runFolder}/names/mine`;
    while ((await box.bunker(["exec", "mine", "true"])).exitCode !== 0) await Bun.sleep(10);
    const id = readlinkSync(name);
    const folder = `${box.runFolder}/containers`;
    const record = JSON.parse(readFileSync(`${folder}/${id}/state.json`, "utf8"));
    const dead = { ...record, id: "f".repeat(64), status: "creating", initPid: 0, agentPid: 0 };
    mkdirSync(`${folder}/${dead.id}`);
    writeFileSync(`${folder}/${dead.id}/state.json`, JSON.stringify({ ...dead, cgroupsPath: "" }));
    await box.sh("true");
    expect(existsSync(`${folder}/${dead.id}`)).toBe(false);
    expect(readlinkSync(name)).toBe(id);
    child.stdin?.end();
    expect(await child.exited).toBe(0);
    expect(box.leftovers()).toEqual([]);
  });

  it("in the background, ends as the program does, and goes where it is to be removed", async () => {
    const env = { BUNKER_DATA: box.path("data") };
    const run = (code: number, ...flags: string[]) => {
      const words = [
        "run",
        "-d",
        ...flags,
        "--rootfs",
        box.rootfs,
        "/bin/sh",
        "-c",
        `exit ${code}`,
      ];
      return box.bunker(words, { env });
    };
    for (const name of ["e-1", "e-2", "e-3"]) {
      expect((await run(43, "--name", name)).exitCode).toBe(0);
      expect((await box.bunker(["wait", name], { env })).stdout).toBe("43\n");
      await box.bunker(["rm", name], { env });
    }
    for (let i = 0; i < 3; i++) expect((await run(44, "--rm")).exitCode).toBe(0);
    while ((await box.bunker(["ps", "-aq"], { env })).stdout !== "") await Bun.sleep(20);
    expect(kept("exit 43")?.launch).toBeDefined();
    expect(kept("exit 44")?.launch).toBeDefined();
    expect(box.leftovers()).toEqual([]);
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

  it("of exec goes where its words lead by now, and not where it may not", async () => {
    const env = { BUNKER_DATA: box.path("data") };
    const ask = (...words: string[]) => box.bunker(words, { env });
    const make = (name: string) =>
      ask("run", "-d", "--name", name, "-h", name, "--rootfs", box.rootfs, "/bin/sleep", "600");
    const enter = () => ask("exec", "entered", "/bin/sh", "-c", ": words; hostname; exit 3");
    const answers = async (stdout: string) => {
      for (let i = 0; i < 4; i++) {
        const outcome = await enter();
        expect({ exitCode: outcome.exitCode, stdout: outcome.stdout }).toEqual({
          exitCode: 3,
          stdout,
        });
      }
      while (!isKept('exec [\\"entered\\"', "words")) await enter();
      expect((await enter()).stdout).toBe(stdout);
    };
    await make("entered");
    await answers("entered\n");
    await ask("restart", "-t", "0", "entered");
    await answers("entered\n");
    await ask("rename", "entered", "former");
    expect((await enter()).stderr).toContain("No such container: entered");
    await make("entered-too");
    await ask("rename", "entered-too", "entered");
    await answers("entered-too\n");
    await ask("pause", "entered");
    expect((await enter()).stderr).toContain("is paused");
    await ask("unpause", "entered");
    await answers("entered-too\n");
    await ask("stop", "-t", "0", "entered");
    expect((await enter()).stderr).toContain("is not running");
    await ask("rm", "-f", "entered", "former");
    expect(box.leftovers()).toEqual([]);
  });

  it("of exec reads the caller's variables, and tells of itself each time", async () => {
    const env = { BUNKER_DATA: box.path("data") };
    await box.bunker(["run", "-d", "--name", "told", "--rootfs", box.rootfs, "/bin/sleep", "600"], {
      env,
    });
    const begun = Date.now();
    for (const value of ["1", "2", "3", "4"]) {
      const words = ["exec", "-e", "MINE", "told", "/bin/sh", "-c", "echo $MINE"];
      expect((await box.bunker(words, { env: { ...env, MINE: value } })).stdout).toBe(`${value}\n`);
      expect((await box.bunker(["exec", "told", "/bin/true"], { env })).exitCode).toBe(0);
      expect((await box.bunker(["exec", "told", "/bin/false"], { env })).exitCode).toBe(1);
    }
    const since = ["events", "--since", String(begun / 1000), "--until", "0s"];
    const format = "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}";
    const { stdout } = await box.bunker([...since, "--format", format], { env });
    const lines = stdout.split("\n").filter((line) => !line.includes("MINE"));
    for (const [program, code] of [
      ["true", 0],
      ["false", 1],
    ]) {
      for (const action of ["exec_create", "exec_start"]) {
        const told = lines.filter((line) => line.startsWith(`${action}: /bin/${program} `));
        expect(told).toHaveLength(4);
        expect(told.every((line) => line.includes(" told "))).toBe(true);
      }
      expect(lines.filter((line) => line === `exec_die told ${code}`).length).toBe(
        program === "true" ? 8 : 4,
      );
    }
    await box.bunker(["rm", "-f", "told"], { env });
  });

  it("of exec reads variables that came to nothing the times before", async () => {
    const file = box.path("late-variables");
    writeFileSync(file, "");
    const make = ["run", "-d", "--name", "late", "--rootfs", box.rootfs, "/bin/sleep", "600"];
    expect((await box.bunker(make)).exitCode).toBe(0);
    const print = async (flags: readonly string[], changes: Record<string, string> = {}) => {
      const words = ["exec", ...flags, "late", "/bin/sh", "-c", "echo -$LATE-"];
      return (await box.bunker(words, { env: changes })).stdout;
    };
    const [caller, files] = [
      ["-e", "LATE"],
      ["--env-file", file],
    ] as const;
    for (let i = 0; i < 4; i++) {
      expect(await print(caller)).toBe("--\n");
      expect(await print(files)).toBe("--\n");
    }
    writeFileSync(file, "LATE=file\n");
    expect(await print(caller, { LATE: "caller" })).toBe("-caller-\n");
    expect(await print(files)).toBe("-file-\n");
    await box.bunker(["rm", "-f", "late"]);
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

  it("reads variables that come through a pipe, each time", async () => {
    const fifo = box.path("variables");
    Bun.spawnSync(["mkfifo", fifo]);
    const ways = [
      { file: "/dev/stdin", shell: 'echo "MINE=$0" | "$@"' },
      { file: fifo, shell: `echo "MINE=$0" > ${fifo} & exec "$@"` },
    ];
    for (const { file, shell } of ways) {
      for (const value of ["1", "2", "3", "4"]) {
        const prefix = ["sh", "-c", shell, value];
        const flags = ["--env-file", file];
        const { stdout } = await box.run(flags, ["/bin/sh", "-c", "echo $MINE"], { prefix });
        expect(stdout).toBe(`${value}\n`);
      }
    }
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
