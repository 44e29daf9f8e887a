// The third run of the same words is performed before the runtime starts (src/container/prelude). Nobody may
// notice but by the clock; and whatever is otherwise than it was, the runtime is there as before.

import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { O } from "../../ffi/constants.ts";
import { Fd } from "../../ffi/fd.ts";
import { openFile } from "../../ffi/files.ts";
import { flock, LOCK } from "../../ffi/flock.ts";
import { type BunkerOptions, type Outcome, underTest } from "../harness/bunker.ts";
import { eventually } from "../harness/eventually.ts";
import { keptFilesOf } from "../harness/kept-launches.ts";
import { Pty } from "../harness/pty.ts";
import { isRoot, needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine, openBox } from "./box.ts";
import { PreludeCourse, VICTIMS, WITHOUT_DATA } from "./prelude-course.ts";

const isPreluded = underTest() === "binary" && process.arch === "x64";
if (!isPreluded) console.warn("skipped: preludes: the executable for x86-64 alone has them");
const suite = isPreluded && isRoot() ? needsRoot : undefined;

/** What has changed a moment ago is not relied on: src/engine/replay/prelude/checks-of.ts */
const SETTLED_MS = 100;
/** Where the channel is mapped, as /proc/PID/maps has it: src/container/prelude/layout.ts */
const CHANNEL = /^72000000-/m;
const DENY = new URL("../harness/deny-calls.ts", import.meta.url).pathname;

suite?.("run, before the runtime", () => {
  const box = openBox();
  const preludes = `${box.runFolder}/preludes`;
  // Made now, so that it is no news by the time that it is used.
  const other = box.makeTree();
  type Options = Omit<BunkerOptions, "stdin">;
  const env = WITHOUT_DATA;

  const run = (command: readonly string[], flags: readonly string[] = [], options: Options = {}) =>
    box.run(flags, command, { ...options, env: { ...env, ...options.env } });
  const sh = (script: string, flags: readonly string[] = [], options: Options = {}) =>
    run(["/bin/sh", "-c", script], flags, options);
  const start = (
    command: readonly string[],
    flags: readonly string[] = [],
    options: Options = {},
  ) =>
    box.start(["run", "-i", ...flags, "--rootfs", box.rootfs, ...command], {
      ...options,
      env: { ...env, ...options.env },
    });
  const fine = (stdout = ""): Outcome => ({ exitCode: 0, stdout, stderr: "" });

  /** Waits until the tree is no news, and runs it twice: from now on it is performed without the runtime. */
  async function prepare(perform: () => Promise<unknown>): Promise<void> {
    const changedMs = Math.max(
      ...["", "/etc", "/etc/passwd", "/etc/group"].map(
        (path) => statSync(box.rootfs + path).ctimeMs,
      ),
    );
    await eventually(() => Date.now() - changedMs > SETTLED_MS);
    for (let times = 0; times < 2; times++) await perform();
  }

  /** The command lines that there are preludes for. */
  function prepared(): string[] {
    const list = readdirSync(preludes).find((name) => name.endsWith(".json"));
    const lines: { words: string }[] = JSON.parse(readFileSync(`${preludes}/${list}`, "utf8"));
    return lines.map(({ words }) => Buffer.from(words, "base64").toString());
  }
  const isPrepared = (word: string): boolean => prepared().some((line) => line.includes(word));

  /** A container that echoes its lines, and what runs it, in that many runs. */
  async function echoing(
    times: number,
    flags: readonly string[],
    use: (pid: number, time: number) => unknown,
    options: Options = {},
  ): Promise<void> {
    for (let time = 1; time <= times; time++) {
      await using started = start(["/bin/cat"], flags, options);
      const { child } = started;
      void child.stdin.write("up\n");
      await child.stdin.flush();
      expect(await nextLine(linesOf(child.stdout))).toBe("up");
      await use(child.pid, time);
      child.stdin.end();
      expect(await child.exited).toBe(0);
    }
  }

  const mapsOf = (pid: number): string => readFileSync(`/proc/${pid}/maps`, "utf8");
  const isWithout = (pid: number): boolean => CHANNEL.test(mapsOf(pid));

  /** Whether the next run of those flags is without the runtime. */
  async function isNextWithout(flags: readonly string[]): Promise<boolean> {
    let without = false;
    await echoing(1, flags, (pid) => (without = isWithout(pid)));
    return without;
  }

  test("the third run has no runtime: one thread, and not one library or heap more", async () => {
    await prepare(async () => {});
    const threads: number[] = [];
    const without: boolean[] = [];
    await echoing(4, [], (pid) => {
      threads.push(readdirSync(`/proc/${pid}/task`).length);
      without.push(isWithout(pid));
    });
    expect(without).toEqual([false, false, true, true]);
    expect(threads.slice(2)).toEqual([1, 1]);
    expect(box.leftovers()).toEqual([]);
  });

  test("gives the same container with another id, and nothing of the caller's", async () => {
    const look = [
      "grep -vE '^(Pid|NSpid|Tgid|Ngid|Vm|Rss|Hugetlb|SigQ|Cpus|Mems|.*ctxt)' /proc/self/status",
      "cut -d' ' -f4- /proc/self/mountinfo | sed 's/shared:[0-9]*//; s/[0-9a-f]\\{64\\}/ID/g'",
      "cat /proc/self/limits; pwd; id; umask; env | grep -v HOSTNAME",
      "ls -l /dev; for fd in /proc/1/fd/*; do echo $fd; done",
      "sed 's/[0-9a-f]\\{64\\}/ID/g' /proc/self/cgroup; cut -d' ' -f5-9,19,20 /proc/self/stat",
      "sed 's/[0-9a-f]\\{12\\}/ID/' /etc/hosts /etc/hostname; cat /etc/resolv.conf",
      "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max 2>&1",
      "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max 2>&1; cat /proc/self/oom_score_adj",
    ].join("\n");
    const flags = ["-m", "64m", "--pids-limit", "100", "-e", "A=b", "-w", "/tmp"];
    // Descriptors, a mask, what is ignored and blocked: nothing of it is the container's.
    const caller = 'umask 077; exec 7</etc/passwd 9</etc/group; exec "$@"';
    const signals = ["env", "--ignore-signal=HUP,PIPE,USR1", "--block-signal=TERM,USR2,RTMIN+3"];
    const odd = { prefix: ["sh", "-c", caller, "sh", ...signals] };
    const all = /(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d+ \d\d:\d\d/g;
    const seen: string[] = [];
    for (const options of [{}, {}, {}, odd]) {
      const { stdout, ...rest } = await sh(look, flags, options);
      expect(rest).toEqual({ exitCode: 0, stderr: "" });
      seen.push(stdout.replace(all, ""));
    }
    expect(isPrepared("grep -vE")).toBe(true);
    for (const each of seen.slice(1)) expect(each).toBe(seen[0] ?? "");
    const fds = [...(seen[0] ?? "").matchAll(/^\/proc\/1\/fd\/(\d+)$/gm)].map(([, fd]) => fd);
    // The last is the folder that is being listed.
    expect(fds).toEqual(["0", "1", "2", "3"]);
  });

  test("leaves its agent nothing of the caller's: whoever reads a pipe to its end is not kept waiting", async () => {
    const flags = ["-e", "ANY=descriptors"];
    await prepare(() => echoing(1, flags, () => {}));
    const prefix = ["sh", "-c", 'exec 7</etc/passwd 9</etc/group; exec "$@"', "sh"];
    const look = (pid: number): void => {
      expect(isWithout(pid)).toBe(true);
      const [agent] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ");
      const fds = readdirSync(`/proc/${agent}/fd`).map((fd) =>
        readlinkSync(`/proc/${agent}/fd/${fd}`),
      );
      expect(fds.filter((link) => link.startsWith("/etc/"))).toEqual([]);
      expect(fds.length).toBeLessThan(7);
    };
    await echoing(1, flags, look, { prefix });
  });

  describe("ends as it does by the runtime, with the same words:", () => {
    const programs: readonly (readonly [string, readonly string[]])[] = [
      ["0", ["/bin/true"]],
      ["1", ["/bin/false"]],
      ["42", ["/bin/sh", "-c", "exit 42"]],
      ["126", ["/bin/sh", "-c", "exit 126"]],
      ["127", ["/bin/sh", "-c", "exit 127"]],
      ["255, of many words", ["/bin/sh", "-c", "exit 255", ...Array<string>(400).fill("word")]],
      ["137", ["/bin/sh", "-c", "exit 137"]],
      ["a program that is not there", ["/bin/nothing"]],
      ["a program that is no program", ["/etc/passwd"]],
    ];
    test.each(programs)("%s", async (_, command) => {
      const outcomes: Outcome[] = [];
      for (let times = 0; times < 4; times++) outcomes.push(await run(command));
      expect(isPrepared(command.at(-1) ?? "")).toBe(true);
      for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0] ?? fine());
      expect(box.leftovers()).toEqual([]);
    });

    test("no memory left", async () => {
      const eat = "a=x; while :; do a=$a$a; done";
      for (let times = 0; times < 4; times++) {
        const { exitCode, stderr } = await sh(eat, ["-m", "16m"]);
        expect({ exitCode, told: stderr.includes("ran out of memory (limit 16 MiB)") }).toEqual({
          ...{ exitCode: 137, told: true },
        });
      }
    });
  });

  test("tells of itself as the runtime does", async () => {
    const told: string[] = [];
    for (const code of [0, 3]) {
      for (let times = 0; times < 4; times++) {
        const since = Date.now() / 1000;
        expect((await sh(`: told; exit ${code}`)).exitCode).toBe(code);
        const format = "{{.Action}} {{.Actor.Attributes.image}} {{.Actor.Attributes.exitCode}}";
        const window = ["--since", String(since), "--until", String(Date.now() / 1000 + 0.001)];
        const { stdout } = await box.bunker(["events", ...window, "--format", format], { env });
        told.push(`${code}\n${stdout}`);
      }
    }
    expect(told[0]).toContain("die");
    for (const each of told.slice(0, 4)) expect(each).toBe(told[0] ?? "");
    for (const each of told.slice(4)) expect(each).toBe(told[4] ?? "");
  });

  test("is listed, inspected, entered, and ended by its name from elsewhere", async () => {
    const flags = ["--name", "seen"];
    await prepare(() => echoing(1, flags, () => {}));
    const ask = async (...words: string[]) => (await box.bunker(words, { env })).stdout.trim();
    await echoing(2, flags, async (pid) => {
      expect(isWithout(pid)).toBe(true);
      // It is written down once the program has begun.
      const listed = () => ask("ps", "--format", "{{.Names}} {{.State}}");
      await eventually(async () => (await listed()) === "seen running");
      const created = await ask("ps", "--format", "{{.CreatedAt}}");
      expect(Math.abs(Date.parse(created.slice(0, 25)) - Date.now())).toBeLessThan(60_000);
      const init = Number(await ask("inspect", "--format", "{{.State.Pid}}", "seen"));
      expect(readFileSync(`/proc/${init}/cmdline`, "utf8")).toBe("/bin/cat\0");
      expect(await ask("exec", "seen", "/bin/echo", "in")).toBe("in");
      expect(await ask("top", "seen")).toContain("/bin/cat");
    });
    for (const [end, code] of [
      [["kill", "seen"], 137],
      [["stop", "-t", "0", "seen"], 137],
      [["rm", "-f", "seen"], 137],
    ] as const) {
      await using started = start(["/bin/cat"], flags);
      await eventually(async () => (await ask("exec", "seen", "/bin/echo", "in")) === "in");
      expect(isWithout(started.child.pid)).toBe(true);
      await box.bunker([...end], { env });
      expect(await started.child.exited).toBe(code);
    }
    expect(box.leftovers()).toEqual([]);
  });

  describe("passes on", () => {
    const script = (signal: string): string =>
      `trap 'exit 7' ${signal}; echo ready; while :; do sleep 0.02; done`;
    const signals = ["TERM", "INT", "HUP", "QUIT", "USR1", "WINCH", "CONT", "40"];

    async function signalled(signal: string, options: Options = {}): Promise<void> {
      await using started = start(["/bin/sh", "-c", script(signal)], [], options);
      expect(await nextLine(linesOf(started.child.stdout))).toBe("ready");
      Bun.spawnSync(["kill", `-${signal}`, String(started.child.pid)]);
      expect(await started.child.exited).toBe(7);
    }

    test.each(signals)("the signal %s", async (signal) => {
      await prepare(() => signalled(signal));
      await signalled(signal);
      // Whoever starts it in the background of a script ignores some of them.
      await signalled(signal, { prefix: ["env", `--ignore-signal=${signalName(signal)}`] });
      expect(isPrepared(script(signal))).toBe(true);
    });
    const signalName = (signal: string): string => (/\d/.test(signal) ? `RTMIN+6` : signal);

    test("ctrl-c at a terminal, and the second one does not end what clears up", async () => {
      const words = ["run", "-i", "--rootfs", box.rootfs, "/bin/sh", "-c", script("INT")];
      for (let times = 0; times < 3; times++) {
        const variables = { ...box.environment, ...env };
        await using pty = new Pty(box.command(words), { cwd: box.folder, env: variables });
        await pty.waitFor(/ready/);
        if (times === 2) expect(isWithout(pty.child.pid)).toBe(true);
        await pty.type("\x03\x03");
        expect(await pty.end()).toBe(7);
      }
      expect(box.leftovers()).toEqual([]);
    });
  });

  describe("goes the runtime's way, and well, where", () => {
    const flags = ["-e", "A=otherwise"];
    const works = async (options: Options = {}) => {
      expect(await sh("echo $A", flags, options)).toEqual(fine("otherwise\n"));
    };
    const ready = () => prepare(() => works());
    const through = (...prefix: string[]): Options => ({ prefix });
    const shell = (script: string): Options => through("sh", "-c", `${script}; exec "$@"`, "sh");

    test("SIGCHLD is ignored, so that no end is told", async () => {
      await ready();
      await works(through("env", "--ignore-signal=CHLD"));
    });

    test("limits are others: files, their size, their number, memory", async () => {
      await ready();
      for (const limit of ["-Sn 300", "-n 300", "-c 0", "-l 100", "-s 16384"]) {
        await works(shell(`ulimit ${limit}`));
      }
      // Not even a file in memory may be written: it is refused, and not killed for it.
      const small = await box.bunker(["--version"], { env, ...shell("ulimit -f 1") });
      expect(small.exitCode).toBe(0);
    });

    test("there is no room for another mapping", async () => {
      await ready();
      const { exitCode } = await box.bunker(["--version"], { env, ...shell("ulimit -l 0") });
      expect(exitCode).toBe(0);
    });

    test("a stream is closed", async () => {
      await ready();
      for (const closed of ["<&-", "2>&-", "<&- 2>&-"]) await works(shell(`exec ${closed}`));
      expect((await sh("echo $A", flags, shell("exec >&-"))).stdout).toBe("");
    });

    test("the environment is huge, or has another variable of ours behind it all", async () => {
      await ready();
      const many = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "export V$i=1"; done';
      await works(shell(`eval "$(${many})"`));
      await works(shell(`eval "$(${many})"; export BUNKER_LAST=1`));
      await works({ env: { LONG: "x".repeat(100_000) } });
      await works({ env: { BUNKER_ANY: "1" } });
      await works(through("env", "-i", `BUNKER_RUN=${box.runFolder}`, "BUNKER_NETWORK=none"));
    });

    test("the run folder is named by another way, or the folder is another", async () => {
      await ready();
      await works({ env: { BUNKER_RUN: "run" }, cwd: box.folder });
      await works({ cwd: "/" });
      await works({ env: { BUNKER_RUN: box.path("other-run") } });
    });

    test("the program is called by another name", async () => {
      await ready();
      for (const name of ["another", ""]) {
        await works(through("bash", "-c", `exec -a "${name}" "$@"`, "bash"));
      }
    });

    test("who asks has fewer capabilities", async () => {
      await ready();
      await works(through("setpriv", "--bounding-set=-net_raw"));
    });

    test("who asks is not root: as ever", async () => {
      await ready();
      const outcome = await sh(
        "echo $A",
        flags,
        through("setpriv", "--reuid=1000", "--clear-groups"),
      );
      expect(outcome.stdout).not.toBe("otherwise\n");
      expect(outcome.exitCode).toBe(125);
    });

    test.each([
      "memfd_create",
      "process_vm_readv",
      "pidfd_open",
      "openat2",
      "statx",
      "rt_sigtimedwait",
    ])("%s is denied", async (name) => {
      await ready();
      const options = through(process.execPath, DENY, name);
      const [twice, without] = [
        await sh("echo $A", flags, options),
        await sh("echo $A", flags, { ...options, env: { BUNKER_ANY: "1" } }),
      ];
      expect(twice).toEqual(without);
      // What neither could run to its end is swept away by the next one.
      await works();
      expect(box.leftovers()).toEqual([]);
    });

    test("the index or what it names is not root's alone, is cut short, or is none", async () => {
      // A folder with one prelude alone, which is quickly put back.
      const own = box.path("harmed-run");
      const [folder, kept] = [`${own}/preludes`, `${own}/kept`];
      const run = () => works({ env: { BUNKER_RUN: own } });
      const copy = (from: string, to: string) => Bun.spawnSync(["cp", "-a", from, to]);
      await prepare(run);
      copy(folder, kept);
      const names = readdirSync(folder);
      const index = names.filter((name) => /^[0-9a-f]{16}$/.test(name));
      const launches = names.filter((name) => /\.[0-9a-f]{12}$/.test(name));
      expect([index.length, launches.length]).toEqual([1, 1]);
      const harms: readonly ((path: string) => void)[] = [
        (path) => chmodSync(path, 0o644),
        (path) => chownSync(path, 1000, 0),
        (path) => linkSync(path, `${path}.other`),
        (path) => truncateSync(path, 0),
        (path) => truncateSync(path, 100),
        (path) => rmSync(path),
        (path) => (rmSync(path), symlinkSync("/etc/shadow", path)),
        (path) => (rmSync(path), Bun.spawnSync(["mkfifo", "-m", "600", path])),
        (path) => (rmSync(path), writeFileSync(path, "\xff".repeat(4096), { mode: 0o600 })),
      ];
      for (const harm of harms) {
        for (const name of [...index, ...launches]) {
          rmSync(folder, { recursive: true });
          copy(kept, folder);
          harm(`${folder}/${name}`);
          await run();
        }
      }
    });
  });

  test("is planned anew where a user has another id by now, in a file of the same length", async () => {
    const asked = () => sh("id -u # renamed", ["-u", "web"]);
    await prepare(asked);
    expect(isPrepared("# renamed")).toBe(true);
    const passwd = `${box.rootfs}/etc/passwd`;
    const before = readFileSync(passwd, "utf8");
    writeFileSync(passwd, before.replace("web:x:1000:", "web:x:1234:"));
    for (let times = 0; times < 3; times++) expect(await asked()).toEqual(fine("1234\n"));
    writeFileSync(passwd, before);
    expect(await asked()).toEqual(fine("1000\n"));
  });

  test("is there again after a while, where a file was written with the same in it", async () => {
    const flags = ["-e", "ANY=again"];
    await prepare(() => echoing(1, flags, () => {}));
    expect(await isNextWithout(flags)).toBe(true);
    const passwd = `${box.rootfs}/etc/passwd`;
    writeFileSync(passwd, readFileSync(passwd));
    const lastAttempt = (time: number | Date) => {
      for (const path of keptFilesOf(box.runFolder, "ANY=again")) utimesSync(path, time, time);
    };
    lastAttempt(new Date());
    expect(await isNextWithout(flags)).toBe(false);
    await prepare(async () => {});
    lastAttempt(0);
    expect(await isNextWithout(flags)).toBe(false);
    expect(await isNextWithout(flags)).toBe(true);
  });

  test("runs what is at the end of a symlink by now", async () => {
    const link = box.path("linked-tree");
    writeFileSync(`${other}/etc/which`, "other\n");
    writeFileSync(`${box.rootfs}/etc/which`, "first\n");
    symlinkSync(box.rootfs, link);
    const asked = () => box.bunker(["run", "--rootfs", link, "/bin/cat", "/etc/which"], { env });
    await prepare(asked);
    expect(await asked()).toEqual(fine("first\n"));
    expect(isPrepared("linked-tree")).toBe(true);
    rmSync(link);
    symlinkSync(other, link);
    for (let times = 0; times < 3; times++) expect(await asked()).toEqual(fine("other\n"));
  });

  test("is performed in any folder, but for a path that leads from there", async () => {
    writeFileSync(`${other}/etc/which`, "other\n");
    writeFileSync(`${box.rootfs}/etc/which`, "first\n");
    const from = (tree: string, flags: readonly string[]) => {
      const words = ["run", ...flags, "/bin/cat", "/etc/which"];
      return box.bunker(words, { env, cwd: tree.slice(0, -"/rootfs".length) });
    };
    for (const tree of [box.rootfs, box.rootfs, box.rootfs, other, other, other, box.rootfs]) {
      const name = tree === other ? "other" : "first";
      expect(await from(tree, ["--rootfs", "rootfs"])).toEqual(fine(`${name}\n`));
      expect(await from(tree, ["--rootfs", box.rootfs])).toEqual(fine("first\n"));
    }
    const flags = ["-e", "ANY=folder"];
    await prepare(() => echoing(1, flags, () => {}));
    await echoing(1, flags, (pid) => expect(isWithout(pid)).toBe(true), { cwd: "/" });
  });

  test("is refused a name that is another's, with the same words", async () => {
    const flags = ["--name", "only-one"];
    await prepare(() => echoing(1, flags, () => {}));
    await echoing(1, flags, async (pid) => {
      expect(isWithout(pid)).toBe(true);
      const { exitCode, stderr } = await run(["/bin/cat"], ["-i", ...flags]);
      expect(exitCode).toBe(125);
      expect(stderr).toContain('The container name "/only-one" is already in use');
    });
    expect(await isNextWithout(flags)).toBe(true);
  });

  test("may have a name as long as any", async () => {
    const flags = ["--name", "n".repeat(200)];
    await prepare(() => echoing(1, flags, () => {}));
    expect(await isNextWithout(flags)).toBe(true);
  });

  test("30 at once of the same words", async () => {
    const asked = () => sh(": at once; sleep 0.05; exit 3");
    await prepare(asked);
    const all = await Promise.all(Array.from({ length: 30 }, asked));
    for (const outcome of all) expect(outcome).toEqual({ ...fine(), exitCode: 3 });
    await sh("true");
    expect(box.leftovers()).toEqual([]);
  });

  describe("beside other containers", () => {
    const containers = `${box.runFolder}/containers`;
    const flags = ["--name", "beside"];
    interface Ending {
      readonly flags?: readonly string[];
      readonly options?: Options;
    }

    /** Runs one whose program ends with that. @param use with what runs it */
    async function ending(
      code: number,
      how: Ending = {},
      use: (pid: number) => void = () => {},
    ): Promise<number> {
      const script = "echo up; read code; exit $code";
      await using started = start(["/bin/sh", "-c", script], how.flags ?? flags, how.options);
      const { child } = started;
      expect(await nextLine(linesOf(child.stdout))).toBe("up");
      use(child.pid);
      void child.stdin.write(`${code}\n`);
      child.stdin.end();
      return await child.exited;
    }

    /** The same without memory for a runtime at its end. */
    const endingWithout = (code: number, how?: Ending): Promise<number> =>
      ending(code, how, (pid) => {
        expect(isWithout(pid)).toBe(true);
        expect(Bun.spawnSync(["prlimit", "--pid", `${pid}`, "--as=1048576"]).exitCode).toBe(0);
      });

    /** Folders of containers whose owners are alive, as long as it is not disposed of. */
    function makeOwned(count: number) {
      const locks = Array.from({ length: count }, (_, index) => {
        const folder = `${containers}/${index.toString(16).padStart(64, "f")}`;
        mkdirSync(folder, { mode: 0o700 });
        const lock = new Fd(openFile(`${folder}/state.json`, O.O_RDWR | O.O_CREAT, 0o600));
        flock(lock.number, LOCK.LOCK_EX);
        return { folder, lock };
      });
      return {
        [Symbol.dispose]() {
          for (const { folder, lock } of locks) {
            lock[Symbol.dispose]();
            rmSync(folder, { recursive: true });
          }
        },
      };
    }

    test.each([1, 2, 93, 94, 200])(
      "%d of them: needs no runtime where they live",
      async (count) => {
        await prepare(() => ending(0));
        using others = makeOwned(count);
        expect(await endingWithout(0)).toBe(0);
        expect(others).toBeDefined();
        // It would have been missed.
        expect(await endingWithout(3)).not.toBe(3);
        await sh("true");
      },
    );

    test("one in the background: needs no runtime whether that runs or has ended", async () => {
      const options = { env: { BUNKER_DATA: box.path("data") } };
      const how = { flags: ["--name", "beside-guarded"], options };
      const ask = async (...words: string[]) =>
        expect((await box.bunker(words, options)).exitCode).toBe(0);
      await ask("run", "-d", "--name", "guarded", "--rootfs", box.rootfs, "/bin/sleep", "1000");
      await prepare(() => ending(0, how));
      expect(await endingWithout(0, how)).toBe(0);
      await ask("kill", "guarded");
      await ask("wait", "guarded");
      expect(await endingWithout(0, how)).toBe(0);
      await ask("rm", "guarded");
      expect(box.leftovers()).toEqual([]);
    });

    const MADE: Readonly<Record<string, (folder: string) => void>> = {
      "a lock that nobody has": (folder) => writeFileSync(`${folder}/state.json`, ""),
      "nothing in it yet": () => {},
    };
    for (const [what, make] of Object.entries(MADE)) {
      test.each([0, 1, 93, 200])(
        `one with ${what}, and %d others: it is cleared`,
        async (count) => {
          await prepare(() => sh(": left", flags));
          using others = makeOwned(count);
          const folder = `${containers}/${"0".repeat(64)}`;
          mkdirSync(folder);
          make(folder);
          expect(await sh(": left", flags)).toEqual(fine());
          expect(readdirSync(containers)).toHaveLength(count);
          expect(others).toBeDefined();
        },
      );
    }
  });

  test("keeps no prelude of another executable, and shows them to nobody", async () => {
    for (const name of ["", ".7", ".json"])
      writeFileSync(`${preludes}/0123456789abcdef${name}`, "");
    await prepare(() => sh(": another executable"));
    const names = readdirSync(preludes);
    expect(names.filter((name) => name.startsWith("0123456789abcdef"))).toEqual([]);
    for (const name of names) expect(statSync(`${preludes}/${name}`).mode & 0o777).toBe(0o600);
    expect(statSync(preludes).mode & 0o777).toBe(0o700);
  });

  test("knows how it ended, though what it was made from is kept no more", async () => {
    const flags = ["--name", "forgotten"];
    await prepare(() => echoing(1, flags, () => {}));
    await using started = start(["/bin/cat"], flags);
    const enter = () => box.bunker(["exec", "forgotten", "/bin/true"], { env });
    await eventually(async () => (await enter()).exitCode === 0);
    expect(isWithout(started.child.pid)).toBe(true);
    rmSync(`${box.runFolder}/scores`, { recursive: true });
    rmSync(preludes, { recursive: true });
    await box.bunker(["kill", "forgotten"], { env });
    expect(await started.child.exited).toBe(137);
    expect(await new Response(started.child.stderr).text()).toBe("");
    expect(box.leftovers()).toEqual([]);
  });
});

suite?.("run, before the runtime, killed at its system calls", () => {
  const box = openBox();
  const course = new PreludeCourse(box);
  afterAll(() => course[Symbol.dispose]());

  test.each(VICTIMS)("%s: the next run leaves nothing of it", async (victim) => {
    const changedMs = statSync(`${box.rootfs}/etc/passwd`).ctimeMs;
    await eventually(() => Date.now() - changedMs > SETTLED_MS);
    expect(await course.take(victim, 61, 7)).toEqual([]);
    expect(course.isPreluded).toBe(true);
    expect(course.killed).toBeGreaterThan(course.survived);
  });
});
