// From argv to the exit code: dispatch, help, errors.
import { describe, expect, test } from "bun:test";
import { commands } from "../../src/cli/commands.ts";
import { formatCommandHelp } from "../../src/cli/help.ts";
import { main } from "../../src/cli/main.ts";
import { PerformerDied } from "../../ffi/agent/performer.ts";
import { formatError } from "../../src/cli/report.ts";
import { runCommand } from "../../src/cli/run.ts";
import { UserError } from "../../src/errors.ts";
import { makeWorld } from "./world.ts";

async function call(line: string, exitCode = 0) {
  const world = makeWorld({ "/rootfs/": "" }, exitCode);
  const code = await main(line === "" ? [] : line.split(" "), world);
  return { code, out: world.out(), err: world.err(), calls: world.calls };
}

test("run hands its options to the engine and returns the engine's exit code", async () => {
  const { code, calls, err } = await call("run --rootfs /rootfs sh", 42);
  expect(code).toBe(42);
  expect(calls).toMatchObject([["run", { root: { path: "/rootfs" }, command: ["sh"] }]]);
  expect(err).toBe("");
});

test("explain run hands the same options to the planner, in the format asked for", async () => {
  const { calls } = await call("explain --format json run --rootfs /rootfs sh -c x");
  expect(calls).toMatchObject([["explain", { command: ["sh", "-c", "x"] }, "json"]]);
});

test("explain run --help shows the help of run", async () => {
  const { code, out, calls } = await call("explain run --help");
  expect(code).toBe(0);
  expect(out).toStartWith("Usage:  bunker run [flags]");
  expect(calls).toEqual([]);
});

test("unshare takes util-linux's letters, and adds what its flags imply", async () => {
  const { calls } = await call("unshare -imnpuUCT -f -r --mount-proc sh -i");
  expect(calls).toEqual([
    [
      "unshare",
      {
        namespaces: ["ipc", "mnt", "net", "pid", "uts", "user", "cgroup", "time"],
        fork: true,
        mountProc: true,
        mapRootUser: true,
        command: ["sh", "-i"],
      },
    ],
  ]);
  const implied = await call("unshare -r --mount-proc");
  expect(implied.calls).toMatchObject([["unshare", { namespaces: ["mnt", "user"], command: [] }]]);
});

test("nsenter takes processes and files", async () => {
  const { calls } = await call("nsenter -t 1 -t ./ns -n ip link");
  expect(calls).toEqual([
    [
      "nsenter",
      {
        targets: [
          { kind: "pid", pid: 1 },
          { kind: "file", path: "/home/me/ns" },
        ],
        namespaces: ["net"],
        command: ["ip", "link"],
      },
    ],
  ]);
});

test("clone takes a host name", async () => {
  const { calls } = await call("clone --hostname box uname -n");
  expect(calls).toEqual([["clone", { hostname: "box", command: ["uname", "-n"] }]]);
});

describe("a refusal is one line on stderr with a hint under it, and performs nothing", () => {
  const rows: [line: string, code: number, err: string][] = [
    [
      "rnu",
      1,
      "bunker: unknown command: bunker rnu\n  hint: did you mean 'bunker run'? see 'bunker --help'\n",
    ],
    ["bogus", 1, "bunker: unknown command: bunker bogus\n  hint: see 'bunker --help'\n"],
    ["help bogus", 1, "bunker: unknown command: bunker bogus\n  hint: see 'bunker --help'\n"],
    [
      "build .",
      1,
      "bunker: unknown command: bunker build\n  hint: images are not built here: build them with buildah or docker, and bring them in by 'bunker pull' or 'bunker load'\n",
    ],
    [
      "image build .",
      1,
      "bunker: unknown command: bunker image build\n  hint: images are not built here: build them with buildah or docker, and bring them in by 'bunker pull' or 'bunker load'\n",
    ],
    [
      "volume lss",
      1,
      "bunker: unknown command: bunker volume lss\n  hint: did you mean 'bunker volume ls'? see 'bunker volume --help'\n",
    ],
    [
      "-H tcp://host:2375 ps",
      125,
      "bunker: --host is not supported: there is no daemon to reach\n  hint: see 'bunker --help'\n",
    ],
    [
      "--config=x ps",
      125,
      "bunker: --config is not supported: set DOCKER_CONFIG to the folder of config.json\n  hint: see 'bunker --help'\n",
    ],
    ["--bogus", 125, "bunker: unknown flag: --bogus\n  hint: see 'bunker --help'\n"],
    ["-Z", 125, "bunker: unknown shorthand flag: 'Z' in -Z\n  hint: see 'bunker --help'\n"],
    ["--constructor", 125, "bunker: unknown flag: --constructor\n  hint: see 'bunker --help'\n"],
    ["run --zzz x", 125, "bunker: unknown flag: --zzz\n  hint: see 'bunker run --help'\n"],
    [
      "version a",
      1,
      "bunker: 'bunker version' accepts no arguments\n  hint: usage: bunker version [flags]\n",
    ],
    [
      "help a b c",
      1,
      "bunker: 'bunker help' requires at most 2 arguments\n  hint: usage: bunker help [COMMAND [SUBCOMMAND]]\n",
    ],
    [
      "explain",
      1,
      "bunker: 'bunker explain' requires at least 1 argument\n  hint: usage: bunker explain [flags] run [flags of run] ...\n",
    ],
    [
      "explain stop x",
      125,
      "bunker: 'stop' cannot be explained\n  hint: write 'bunker explain run ...' with the flags of run\n",
    ],
    [
      "explain --format xml run x",
      125,
      'bunker: invalid argument "xml" for "--format" flag: must be text or json\n  hint: see \'bunker explain --help\'\n',
    ],
    [
      "nsenter sh",
      125,
      "bunker: no process or namespace to enter\n  hint: say which with -t PID or -t FILE\n",
    ],
    [
      "nsenter -t x sh",
      125,
      'bunker: invalid argument "x" for "-t, --target" flag: must be the number of a process or the path of a namespace\'s file\n  hint: see \'bunker nsenter --help\'\n',
    ],
    ["clone sh", 125, "bunker: no host name given\n  hint: add --hostname NAME\n"],
  ];
  for (const [line, code, err] of rows) {
    test(`'${line}'`, async () => {
      expect(await call(line)).toEqual({ code, out: "", err, calls: [] });
    });
  }
});

test("--version and -v say the number, and version what scripts ask docker for", async () => {
  const said = await Promise.all(["--version", "-v"].map((line) => call(line)));
  for (const { code, out } of said) {
    expect(code).toBe(0);
    expect(out).toMatch(/^bunker version \d+\.\d+\.\d+\n$/);
  }
  expect((await call("version")).out).toMatch(/^bunker:\n Version: +\d+\.\d+\.\d+\n/);
  for (const side of ["Client", "Server"]) {
    expect((await call(`version --format {{.${side}.Version}}`)).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
});

describe("help", () => {
  test("nothing, --help and help show the overview", async () => {
    const { out, code } = await call("");
    expect(code).toBe(0);
    expect(out).toMatchSnapshot();
    expect((await call("--help")).out).toBe(out);
    expect((await call("-h")).out).toBe(out);
    expect((await call("help")).out).toBe(out);
  });

  // The command line of the runtime has pages of its own (tests/cli/oci).
  for (const { name, summary } of commands.filter((entry) => entry.name !== "oci")) {
    test(`of ${name} comes from its definition, and its row in the overview agrees`, async () => {
      const { out, code } = await call(`${name} --help`);
      expect(code).toBe(0);
      expect(out).toMatchSnapshot();
      expect((await call(`help ${name}`)).out).toBe(out);
      expect(out).toContain(`\n\n${summary}\n`);
    });
  }

  test("every command of one's own and of a group has an example", async () => {
    for (const entry of commands) {
      const command = await entry.load();
      const all = command.children ?? [entry];
      for (const { name, load } of all) {
        const { examples = [] } = (await load()).words;
        expect(`${entry.name} ${name}: ${examples.length > 0}`).toEndWith("true");
        for (const { line } of examples) expect(line).toContain("bunker");
      }
    }
  });

  test("of oci says where its pages are", async () => {
    const { out } = await call("help oci");
    expect(out).toStartWith("Usage:  bunker oci [global options] COMMAND");
    expect(out).toContain("'bunker oci --help' lists its commands");
  });

  test("fits the terminal, except for words that are longer than their column", () => {
    for (const columns of [60, 80, 120]) {
      const page = formatCommandHelp(runCommand, columns);
      const body = page.slice(page.indexOf("\n"), page.indexOf("Examples:"));
      const long = body.split("\n").filter((line) => line.length > columns);
      for (const line of long) expect(line.trim()).not.toContain(" ");
    }
  });
});

describe("errors of the world and our own", () => {
  test("causes are joined from the outside in, and the innermost hint is shown", () => {
    const cause = Object.assign(new Error("mount /proc: EPERM (operation not permitted)"), {
      name: "SyscallError",
      code: "EPERM",
      hint: "run as root",
    });
    const report = formatError(new Error('cannot start container "web"', { cause }));
    expect(report).toEqual({
      text:
        'bunker: cannot start container "web": mount /proc: EPERM (operation not permitted)\n' +
        "  hint: run as root\n",
      exitCode: 125,
    });
  });

  test("that the process which sets up a container was killed is no bug of ours", () => {
    const { text, exitCode } = formatError(new PerformerDied("the process (pid 7) was killed"));
    expect(text).toStartWith("bunker: the process (pid 7) was killed\n  hint: ");
    expect(exitCode).toBe(125);
  });

  test("a line break in the user's own words does not break the line", () => {
    const { text } = formatError(new UserError("invalid size: 'a\nb'", "write 64m"));
    expect(text).toBe("bunker: invalid size: 'a\\nb'\n  hint: write 64m\n");
  });

  test("a list of problems keeps its lines", () => {
    const { text } = formatError(new UserError("config.json: 2 problems\n  a: b\n  c: d"));
    expect(text).toBe("bunker: config.json: 2 problems\n  a: b\n  c: d\n");
  });

  test("a UserError keeps its exit code", () => {
    expect(formatError(new UserError("not found", undefined, 127))).toEqual({
      text: "bunker: not found\n",
      exitCode: 127,
    });
  });

  test("anything else is an internal error with its stack and a request to report it", () => {
    const { text, exitCode } = formatError(new TypeError("x is undefined"));
    expect(exitCode).toBe(125);
    expect(text).toStartWith("bunker: internal error, which is a bug of bunker's own\n  ");
    expect(text).toContain("x is undefined");
    expect(text).toContain("main.pure.test.ts");
    expect(text).toEndWith("please report it with the command line and the lines above\n");
    expect(formatError("odd").text).toContain("  odd\n");
  });

  test("an error of the engine ends main with its report", async () => {
    const world = makeWorld();
    const broken = { ...world, engine: { ...world.engine, clone: () => Promise.reject("odd") } };
    expect(await main(["clone", "--hostname", "box"], broken)).toBe(125);
    expect(world.err()).toContain("internal error");
  });
});
