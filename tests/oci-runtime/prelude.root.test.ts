// What `run`, `create`, `start` and `delete` do the third time, before the runtime starts: nobody may notice
// but by the clock, and whatever is otherwise is the runtime's.

import { beforeEach, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type BunkerOptions, underTest } from "../harness/bunker.ts";
import { eventually } from "../harness/eventually.ts";
import { listFolder } from "../run/box.ts";
import { needsRoot } from "../harness/tier.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { DETACHED, openOciBox, WITHOUT_RUNTIME } from "./oci-box.ts";

const isPerformed = underTest() === "binary" && process.arch === "x64";
if (!isPerformed) console.warn("skipped: preludes: the executable for x86-64 alone has them");

const ALONE: BunkerOptions = { prefix: WITHOUT_RUNTIME };
const ALONE_DETACHED: BunkerOptions = {
  prefix: [...WITHOUT_RUNTIME, ...(DETACHED.prefix ?? [])],
};
const SLEEPS = "exec sleep 600";

needsRoot("oci verbs, before the runtime starts", () => {
  const oci = openOciBox();
  const it = test.skipIf(!isPerformed);
  let jobs = 0;
  const preludes = `${oci.box.runFolder}/preludes`;
  // What is kept has few places, and a note of what was seen once goes when others want its place.
  beforeEach(() => {
    for (const kept of ["preludes", "scores"]) {
      rmSync(`${oci.box.runFolder}/${kept}`, { recursive: true, force: true });
    }
  });

  /** A bundle whose program is a script that may be another one each time. */
  function changing() {
    const name = `job-${++jobs}`;
    const job = `${oci.box.rootfs}/${name}`;
    writeFileSync(job, "");
    const does = (script: string): void => writeFileSync(job, script);
    return { bundle: oci.bundle(`. /${name}`), does };
  }

  const create = (bundle: string, id: string, ...flags: string[]): string[] => [
    ...["create", "--bundle", bundle, ...flags],
    id,
  ];

  /** Whether words have a prelude, of which the last one is an id. */
  function isKnown(words: readonly string[]): boolean {
    const id = words.at(-1) ?? "";
    const line = oci.box.command(["oci", "--root", oci.root, ...words]).join("\0");
    const wanted = btoa(`${line}\0`.replaceAll(id, "*".repeat(id.length)));
    return listFolder(preludes).some(
      (name) =>
        name.endsWith(".json") && readFileSync(`${preludes}/${name}`, "utf8").includes(wanted),
    );
  }

  /** The ways of a container, as often as it takes for all of them to be known. */
  async function learn(bundle: string, id: string, ...flags: string[]): Promise<void> {
    const verbs = [
      create(bundle, `${id}-0`, ...flags),
      ["start", `${id}-0`],
      ["delete", `${id}-0`],
    ];
    for (let i = 0; i < 9 && !verbs.every((words) => isKnown(words)); i++) {
      await oci.ok(create(bundle, `${id}-${i}`, ...flags), DETACHED);
      await oci.ok(["start", `${id}-${i}`]);
      await oci.ok(["kill", `${id}-${i}`, "KILL"]);
      await eventually(async () => (await oci.status(`${id}-${i}`)) === "stopped");
      await oci.ok(["delete", `${id}-${i}`]);
    }
  }

  async function gone(): Promise<void> {
    expect(await oci.ok(["list", "-q"])).toBe("");
  }

  it("needs more memory where the runtime starts", async () => {
    const { exitCode, stdout } = await oci.oci(["list"], ALONE);
    expect({ exitCode, stdout }).not.toEqual({ exitCode: 0, stdout: "" });
  });

  it("run: ends as its program does, with its streams", async () => {
    const { bundle, does } = changing();
    const words = (i: number): string[] => ["run", "--bundle", bundle, `ends-${i}`];
    for (let i = 0; i < 9 && !isKnown(words(0)); i++) await oci.ok(words(i));
    for (const code of [0, 1, 3, 126, 127, 255]) {
      does(`cat; echo wrong >&2; exit ${code}`);
      const outcome = await oci.oci(words(4), { ...ALONE, stdin: "through\n" });
      expect(outcome).toEqual({ exitCode: code, stdout: "through\n", stderr: "wrong\n" });
    }
    does("sleep 600");
    const child = oci.oci(words(5), ALONE);
    await eventually(async () => (await oci.oci(["state", "ends-5"])).stdout.includes("running"));
    await oci.ok(["kill", "ends-5", "KILL"]);
    expect((await child).exitCode).toBe(137);
    await gone();
  });

  it("create, start, delete: are done alone, and every verb finds what it wants", async () => {
    const { bundle, does } = changing();
    does(SLEEPS);
    const pidFile = oci.box.path("pid-file");
    await learn(bundle, "whole", "--pid-file", pidFile);
    const mode = statSync(pidFile).mode;
    await oci.ok(create(bundle, "planned"), DETACHED);
    rmSync(pidFile);
    const from = Date.now();
    await oci.ok(create(bundle, "whole-3", "--pid-file", pidFile), ALONE_DETACHED);
    const state = JSON.parse(await oci.ok(["state", "whole-3"]));
    const other = JSON.parse(await oci.ok(["state", "planned"]));
    expect(Object.keys(state)).toEqual(Object.keys(other));
    expect({ ...state, id: "", pid: 0, created: "" }).toEqual({
      ...{ ...other, id: "", pid: 0, created: "" },
    });
    expect(readFileSync(pidFile, "utf8")).toBe(String(state.pid));
    expect(statSync(pidFile).mode).toBe(mode);
    expect(state.created).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    expect(Math.abs(Date.parse(state.created) - from)).toBeLessThan(10_000);
    await oci.ok(["delete", "--force", "planned"]);

    await oci.ok(["update", "--pids-limit", "100", "whole-3"]);
    await oci.ok(["start", "whole-3"], ALONE);
    const { status, pid, created } = JSON.parse(await oci.ok(["state", "whole-3"]));
    expect({ status, pid, created }).toEqual({
      status: "running",
      pid: state.pid,
      created: state.created,
    });
    const [listed] = JSON.parse(await oci.ok(["list", "--format", "json"]));
    expect(listed).toMatchObject({ id: "whole-3", pid, status, bundle, created });
    expect(JSON.parse(await oci.ok(["ps", "--format", "json", "whole-3"]))).toEqual([pid]);
    const events = JSON.parse(await oci.ok(["events", "--stats", "whole-3"]));
    expect(events).toMatchObject({ type: "stats", id: "whole-3" });
    expect(await oci.ok(["exec", "whole-3", "/bin/echo", "inside"])).toBe("inside\n");
    await oci.ok(["pause", "whole-3"]);
    expect(await oci.status("whole-3")).toBe("paused");
    expect(await oci.refusal(["delete", "whole-3"])).toContain("not stopped: paused");
    await oci.ok(["resume", "whole-3"]);
    expect(await oci.refusal(["delete", "whole-3"])).toContain("not stopped: running");
    expect(await oci.refusal(["start", "whole-3"])).toBe(
      "cannot start an already running container",
    );
    await oci.ok(["kill", "whole-3", "KILL"]);
    await eventually(async () => (await oci.status("whole-3")) === "stopped");
    expect(await oci.refusal(["start", "whole-3"])).toBe(
      "cannot start a container that has stopped",
    );
    await oci.ok(["delete", "whole-3"], ALONE);
    await gone();
  });

  it("start: refuses one that is frozen, or half made, or not there", async () => {
    const { bundle, does } = changing();
    does(SLEEPS);
    await learn(bundle, "refused");
    await oci.ok(create(bundle, "refused-4"), ALONE_DETACHED);
    const kept = `${oci.root}/refused-4/state.json`;
    const text = readFileSync(kept, "utf8");
    await oci.ok(["pause", "refused-4"]);
    expect(await oci.refusal(["start", "refused-4"])).toBe(
      "cannot start an already running container",
    );
    await oci.ok(["resume", "refused-4"]);
    writeFileSync(kept, text.replace('"created"', '"creating"'));
    expect(await oci.refusal(["start", "refused-4"])).toBe(
      "cannot start a container that is still being created",
    );
    const unknown = text
      .replace('"created"', '"creating"')
      .replace(/"init":"[^"]*"/, '"init":"0 "');
    writeFileSync(kept, unknown);
    expect(await oci.refusal(["kill", "refused-4"])).toBe("container not running");
    writeFileSync(kept, text);
    await oci.ok(["start", "refused-4"], ALONE);
    await oci.ok(["delete", "--force", "refused-4"]);
    for (const verb of ["start", "delete", "state"]) {
      expect(await oci.refusal([verb, "refused-4"])).toBe("container does not exist");
    }
    await oci.ok(["delete", "--force", "refused-4"]);
  });

  it("delete --regex: takes all that match, each time", async () => {
    const bundle = oci.bundle(SLEEPS);
    for (let i = 0; i < 4; i++) {
      const ids = [`match-${i}`, `match-${i}1`];
      for (const id of ids) await oci.ok(create(bundle, id), DETACHED);
      for (const id of ids) await oci.ok(["kill", id, "KILL"]);
      for (const id of ids) await eventually(async () => (await oci.status(id)) === "stopped");
      await oci.ok(["delete", "--regex", `match-${i}`]);
      await gone();
    }
  });

  it("refuses ids that are none, and one that is taken", async () => {
    const { bundle, does } = changing();
    does(SLEEPS);
    await learn(bundle, "taken");
    await oci.ok(create(bundle, "taken-3"), ALONE_DETACHED);
    const before = await oci.ok(["state", "taken-3"]);
    expect(await oci.refusal(create(bundle, "taken-3"))).toContain("already exists");
    expect(await oci.ok(["state", "taken-3"])).toBe(before);
    await oci.ok(["delete", "--force", "taken-3"]);
    for (const id of ["../../x", "taken/3", 'taken"3', "taken 3", "take\u00f63", "taken\n3"]) {
      for (const words of [create(bundle, id), ["start", id], ["delete", id]]) {
        expect(await oci.refusal(words)).toContain("invalid container ID format");
      }
    }
    await gone();
  });

  it("knows an id wherever it stands in the words", async () => {
    const { bundle, does } = changing();
    does(SLEEPS);
    const folder = oci.box.path("shims");
    for (let i = 0; i < 4; i++) {
      const id = `words-${i}`;
      mkdirSync(`${folder}/${id}`, { recursive: true });
      const log = `${folder}/${id}/log.json`;
      const globals = ["--log", log, "--log-format", "json"];
      const how = i === 3 ? ALONE_DETACHED : DETACHED;
      const words = create(bundle, id, "--pid-file", `${folder}/${id}/init.pid`);
      await oci.ok([...globals, ...words], how);
      expect(statSync(log)).toMatchObject({ size: 0, mode: 0o100644 });
      rmSync(log);
      await oci.ok([...globals, "start", id], how);
      expect(statSync(log).size).toBe(0);
      const { pid } = JSON.parse(await oci.ok(["state", id]));
      expect(readFileSync(`${folder}/${id}/init.pid`, "utf8")).toBe(String(pid));
      await oci.ok(["kill", id, "KILL"]);
      await eventually(async () => (await oci.status(id)) === "stopped");
      rmSync(log);
      await oci.ok([...globals, "delete", id], how);
      expect(statSync(log).size).toBe(0);
    }
    // Another id there is another file.
    const log = `${folder}/words-0/log.json`;
    const mixed = create(bundle, "words-1", "--pid-file", `${folder}/words-2/init.pid`);
    await oci.ok(["--log", log, "--log-format", "json", ...mixed], DETACHED);
    expect(readFileSync(`${folder}/words-2/init.pid`, "utf8")).toMatch(/^\d+$/);
    await oci.ok(["delete", "--force", "words-1"]);
    const nowhere = ["--log", `${folder}/words-9/log.json`, "--log-format", "json"];
    const { exitCode, stderr } = await oci.oci([...nowhere, "delete", "words-9"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("words-9/log.json");
  });

  it("says that a pid file cannot be written, and leaves nothing", async () => {
    for (const verb of ["run", "create"]) {
      const { bundle, does } = changing();
      does("exit 0");
      const folder = oci.box.path(`pids-${verb}`);
      const words = (i: number): string[] => [
        ...[verb, "--bundle", bundle, "--pid-file", `${folder}/pid`],
        `pids-${verb}-${i}`,
      ];
      mkdirSync(folder);
      for (let i = 0; i < 4; i++) {
        await oci.ok(words(i), i === 3 ? ALONE_DETACHED : DETACHED);
        if (verb === "create") await oci.ok(["delete", "--force", `pids-${verb}-${i}`]);
      }
      rmSync(folder, { recursive: true });
      const { exitCode, stderr } = await oci.oci(words(5));
      expect(exitCode).toBe(1);
      expect(stderr).toContain(folder);
      await gone();
    }
  });

  it("takes relative paths from where it is called", async () => {
    const [one, two] = [oci.bundle("echo one"), oci.bundle("echo two")];
    for (let i = 0; i < 3; i++)
      expect(await oci.ok(["run", `here-${i}`], { cwd: one })).toBe("one\n");
    expect(await oci.ok(["run", "here-4"], { cwd: one, ...ALONE })).toBe("one\n");
    for (let i = 0; i < 4; i++)
      expect(await oci.ok(["run", `here-${i}`], { cwd: two })).toBe("two\n");
    const words = ["run", "--bundle", one, "--pid-file", "its-pid", "here-5"];
    for (let i = 0; i < 4; i++) await oci.ok(words, { cwd: one });
    rmSync(`${one}/its-pid`);
    await oci.ok(words, { cwd: two });
    expect([one, two].map((folder) => existsSync(`${folder}/its-pid`))).toEqual([false, true]);
  });

  it("sees that the bundle is another one by now", async () => {
    const bundle = oci.bundle("echo one");
    const run = (i: number, options?: BunkerOptions) =>
      oci.ok(["run", "--bundle", bundle, `other-${i}`], options);
    for (let i = 0; i < 9 && !isKnown(["run", "--bundle", bundle, "other-0"]); i++) await run(i);
    expect(await run(4, ALONE)).toBe("one\n");
    const config = `${bundle}/config.json`;
    const text = readFileSync(config, "utf8");
    for (const word of ["two", "six", "ten"]) {
      writeFileSync(config, text.replace("echo one", `echo ${word}`));
      for (let i = 0; i < 4; i++) expect(await run(i)).toBe(`${word}\n`);
    }
    const moved = oci.bundle("echo moved");
    renameSync(bundle, `${bundle}-before`);
    symlinkSync(moved, bundle);
    for (let i = 0; i < 4; i++) expect(await run(i)).toBe("moved\n");
    rmSync(bundle);
    expect(await oci.refusal(["run", "--bundle", bundle, "other-x"])).toContain("config.json");
    await gone();
  });

  it("comes back where it was lost", async () => {
    const bundle = oci.bundle("echo back");
    const words = ["run", "--bundle", bundle, "lost-1"];
    const deletion = ["delete", "lost-1"];
    for (let i = 0; i < 9 && !isKnown(words); i++) await oci.ok(words);
    expect(await oci.ok(words, ALONE)).toBe("back\n");
    const sleeper = oci.bundle(SLEEPS);
    await learn(sleeper, "lost");
    rmSync(`${oci.box.runFolder}/preludes`, { recursive: true });
    // As if it had been long ago that it was made.
    const scores = `${oci.box.runFolder}/scores`;
    for (const file of readdirSync(scores, { withFileTypes: true })) {
      if (file.isFile()) utimesSync(`${scores}/${file.name}`, 1, 1);
    }
    await oci.ok(words);
    expect(await oci.ok(words, ALONE)).toBe("back\n");
    await oci.ok(create(sleeper, "lost-1"), DETACHED);
    await oci.ok(["kill", "lost-1", "KILL"]);
    await eventually(async () => (await oci.status("lost-1")) === "stopped");
    await oci.ok(deletion);
    await oci.ok(create(sleeper, "lost-1"), ALONE_DETACHED);
    await oci.ok(["kill", "lost-1", "KILL"]);
    await eventually(async () => (await oci.status("lost-1")) === "stopped");
    await oci.ok(deletion, ALONE);
  });

  it("says what is missing, and leaves nothing", async () => {
    const tree = oci.box.makeTree();
    const program = `${tree}/bin/gone`;
    writeFileSync(program, "#!/bin/sh\nexit 3\n", { mode: 0o755 });
    const bundle = oci.bundle("", (spec) => ({
      ...spec,
      root: { path: tree },
      ...(spec.process && { process: { ...spec.process, args: ["/bin/gone"] } }),
    }));
    const words = (verb: string, i: number) => [verb, "--bundle", bundle, `lacks-${verb}-${i}`];
    for (let i = 0; i < 4; i++) {
      const outcome = await oci.oci(words("run", i), i === 3 ? ALONE : {});
      expect(outcome).toEqual({ exitCode: 3, stdout: "", stderr: "" });
      await oci.ok(words("create", i), i === 3 ? ALONE_DETACHED : DETACHED);
      await oci.ok(["delete", "--force", `lacks-create-${i}`]);
    }
    rmSync(program);
    const missing = 'exec: "/bin/gone": stat /bin/gone: no such file or directory';
    for (const verb of ["run", "create"]) {
      expect(await oci.refusal(words(verb, 5))).toContain(missing);
      await gone();
    }
    renameSync(tree, `${tree}-away`);
    try {
      for (const verb of ["run", "create"]) {
        expect(await oci.refusal(words(verb, 6))).toContain("does not exist");
        await gone();
      }
    } finally {
      renameSync(`${tree}-away`, tree);
    }
  });

  it("leaves to the runtime what asks for more", async () => {
    const bundle = oci.bundle("echo ${LISTEN_FDS:-none}");
    const words = (i: number): string[] => ["run", "--bundle", bundle, `asks-${i}`];
    for (let i = 0; i < 9 && !isKnown(words(0)); i++) await oci.ok(words(i));
    expect(await oci.ok(words(3), ALONE)).toBe("none\n");
    // systemd, sd_listen_fds(3)
    const listens = ["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3</dev/null', "sh"];
    expect(await oci.ok(words(4), { prefix: listens })).toBe("1\n");
    for (let i = 0; i < 4; i++) {
      const { exitCode, stderr } = await oci.oci(["--debug", ...words(i)]);
      expect(exitCode).toBe(0);
      expect(stderr).toContain("level=debug");
    }
    const closed = ["sh", "-c", 'exec "$@" <&-', "sh"];
    expect(await oci.ok(words(5), { prefix: closed })).toBe("none\n");
    const ignoring = ["sh", "-c", 'trap "" CHLD; exec "$@"', "sh"];
    expect(await oci.ok(words(6), { prefix: ignoring })).toBe("none\n");
  });

  it("keeps nothing of a bundle with hooks, a terminal, or others' namespaces", async () => {
    const kinds: ((spec: Spec) => Spec)[] = [
      (spec) => ({ ...spec, hooks: { poststop: [{ path: "/bin/true" }] } }),
      (spec) => ({
        ...spec,
        linux: {
          ...spec.linux,
          namespaces: (spec.linux?.namespaces ?? []).filter(({ type }) => type !== "pid"),
        },
      }),
    ];
    for (const change of kinds) {
      const bundle = oci.bundle("echo done", change);
      for (let i = 0; i < 4; i++) {
        expect(await oci.ok(["run", "--bundle", bundle, `special-${i}`])).toBe("done\n");
      }
    }
    await gone();
  });

  it("start and delete need not know of hooks that have been run, and run the others", async () => {
    const mark = oci.box.path("hooked");
    const hook = { path: "/bin/sh", args: ["sh", "-c", `echo >> ${mark}`] };
    const start = async (bundle: string, id: string, how?: BunkerOptions): Promise<void> => {
      await oci.ok(create(bundle, id), DETACHED);
      await oci.ok(["start", id], how);
      await eventually(async () => (await oci.status(id)) === "stopped");
      await oci.ok(["delete", id], how);
    };
    const marks = (): number => (existsSync(mark) ? statSync(mark).size : 0);
    const made = oci.bundle("true", (spec) => ({ ...spec, hooks: { createRuntime: [hook] } }));
    for (let i = 0; i < 4; i++) await start(made, `hooks-made-${i}`, i === 3 ? ALONE : {});
    expect(marks()).toBe(4);
    const hooks = { poststart: [hook], poststop: [hook] };
    const later = oci.bundle("true", (spec) => ({ ...spec, hooks }));
    for (let i = 0; i < 4; i++) await start(later, `hooks-made-${i}`);
    expect(marks()).toBe(12);
    await gone();
  });

  it("a record has no room left in it, whenever it is read", async () => {
    const { bundle, does } = changing();
    does(SLEEPS);
    await learn(bundle, "whenever");
    for (let i = 0; i < 10; i++) {
      const id = `whenever-${i}`;
      let isMade = false;
      const child = oci.ok(create(bundle, id), DETACHED).finally(() => (isMade = true));
      while (!isMade) {
        const file = `${oci.root}/${id}/state.json`;
        const text = existsSync(file) ? readFileSync(file, "utf8") : "";
        expect(text).not.toContain("\0");
        await new Promise(setImmediate);
      }
      await child;
      await oci.ok(["delete", "--force", id]);
    }
  });

  it("of many at once each has its own, and of two with one id one is", async () => {
    const { bundle, does } = changing();
    does(SLEEPS);
    await learn(bundle, "many-x");
    const ids = Array.from({ length: 30 }, (_, i) => `many-${100 + i}`);
    await Promise.all(ids.map((id) => oci.ok(create(bundle, id), ALONE_DETACHED)));
    await Promise.all(ids.map((id) => oci.ok(["start", id], ALONE)));
    const states = await Promise.all(
      ids.map(async (id) => JSON.parse(await oci.ok(["state", id]))),
    );
    expect(new Set(states.map(({ pid }) => pid)).size).toBe(ids.length);
    expect(new Set(states.map(({ status }) => status))).toEqual(new Set(["running"]));
    await Promise.all(ids.map((id) => oci.ok(["kill", id, "KILL"])));
    for (const id of ids) await eventually(async () => (await oci.status(id)) === "stopped");
    await Promise.all(ids.map((id) => oci.ok(["delete", id], ALONE)));
    await gone();

    const codes = async (words: readonly string[]): Promise<number[]> => {
      const both = [oci.oci(words, DETACHED), oci.oci(words, DETACHED)];
      const outcomes = await Promise.all(both);
      return outcomes.map(({ exitCode }) => exitCode).sort();
    };
    for (let i = 0; i < 8; i++) {
      const id = `twice-${10 + i}`;
      expect(await codes(create(bundle, id))).toEqual([0, 1]);
      expect(await codes(["start", id])).toEqual([0, 1]);
      await oci.ok(["kill", id, "KILL"]);
      await eventually(async () => (await oci.status(id)) === "stopped");
      expect(await codes(["delete", id])).toEqual([0, 1]);
    }
    await gone();
  });

  it("run: ends well where others delete it meanwhile", async () => {
    const { bundle, does } = changing();
    const words = ["run", "--bundle", bundle, "meant-9"];
    for (let i = 0; i < 9 && !isKnown(words); i++) await oci.ok(words);
    does("sleep 600");
    for (let i = 0; i < 8; i++) {
      const child = oci.oci(words, ALONE);
      await eventually(async () =>
        (await oci.oci(["state", "meant-9"])).stdout.includes("running"),
      );
      await oci.ok(["delete", "--force", "meant-9"]);
      expect((await child).exitCode).toBe(137);
      await gone();
    }
  });
});
