// What callers read: the texts, exit codes and formats that were recorded of runc.

import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { bunkerCommand, underTest } from "../harness/bunker.ts";
import { eventually } from "../harness/eventually.ts";
import { needsRoot, skipUnless } from "../harness/tier.ts";
import { DETACHED, openOciBox } from "./oci-box.ts";

needsRoot("oci messages", () => {
  const box = openOciBox();
  const SLEEPS = "exec sleep 600";

  /** The words of the log's line, of a command that ended with `code`. */
  async function said(args: readonly string[], code: number): Promise<string> {
    const { exitCode, stderr } = await box.oci(args);
    expect({ args, exitCode }).toEqual({ args, exitCode: code });
    const [, message = "none"] = /^time="[0-9T:-]+Z" level=error msg=(".*")$/m.exec(stderr) ?? [];
    return message === "none" ? `no such line: ${stderr}` : String(JSON.parse(message));
  }

  test.each<[readonly string[], number, string]>([
    [["state", "nope"], 1, "container does not exist"],
    [["kill", "nope"], 1, "container does not exist"],
    [["delete", "nope"], 1, "container does not exist"],
    [["start", "nope"], 1, "container does not exist"],
    [["exec", "nope", "true"], 255, "exec failed: container does not exist"],
    [["run", "bad id"], 1, "bunker oci run failed: invalid container ID format"],
    [["create", "../up"], 1, "bunker oci create failed: invalid container ID format"],
    [["bogus"], 3, "No help topic for 'bogus'"],
    [["bogus", "-h"], 3, "No help topic for 'bogus'"],
    [["create"], 1, 'bunker oci: "create" requires exactly 1 argument(s)'],
    [["state", "a", "b"], 1, 'bunker oci: "state" requires exactly 1 argument(s)'],
    [["kill"], 1, 'bunker oci: "kill" requires a minimum of 1 argument(s)'],
    [["kill", "a", "b", "c"], 1, 'bunker oci: "kill" requires a maximum of 2 argument(s)'],
    [["state", "--nope", "x"], 1, "flag provided but not defined: -nope"],
    [["--nope", "state", "x"], 1, "flag provided but not defined: -nope"],
    [["--root", "/", "list"], 1, "Option --root argument should not be set to /"],
    [["--log-format", "xml", "list"], 1, "invalid log-format: xml"],
    [["--log", "/nope/log", "list"], 1, "open /nope/log: ENOENT (no such file or directory)"],
    [["exec", "x"], 255, "exec failed: exec args cannot be empty"],
    [
      ["exec", "-u", "root", "x", "true"],
      255,
      'exec failed: bad uid: must be a number from 0 to 4294967295: got "root"',
    ],
  ])("%j ends with %d: %s", async (args, code, message) => {
    const bundle = box.bundle("true");
    expect(await said(args.includes("run") ? [...args, "-b", bundle] : args, code)).toBe(message);
  });

  test("delete --force of what is not there is no error", async () => {
    expect(await box.ok(["delete", "--force", "nope"])).toBe("");
  });

  test("an id leads nowhere else, whatever the verb", async () => {
    const other = `${box.root}-other`;
    mkdirSync(`${other}/kept`, { recursive: true });
    const id = `../${other.slice(other.lastIndexOf("/") + 1)}`;
    const format = "invalid container ID format";
    for (const verb of ["start", "delete", "state", "pause", "resume", "ps", "update", "kill"]) {
      expect(await said([verb, id], 1)).toContain(format);
    }
    expect(await said(["delete", "--force", id], 1)).toContain(format);
    expect(await said(["exec", id, "true"], 255)).toContain(format);
    expect(readdirSync(other)).toEqual(["kept"]);
    rmSync(other, { recursive: true });
  });

  test("an id is taken once", async () => {
    await box.start("twice", SLEEPS);
    const message = await said(["run", "-d", "-b", box.bundle("true"), "twice"], 1);
    expect(message).toBe("bunker oci run failed: container with given ID already exists");
    expect(await said(["start", "twice"], 1)).toBe("cannot start an already running container");
    expect(await said(["delete", "twice"], 1)).toBe(
      "cannot delete container twice that is not stopped: running",
    );
    await box.ok(["kill", "twice", "KILL"]);
    await eventually(async () => (await box.status("twice")) === "stopped");
    expect(await said(["kill", "twice", "KILL"], 1)).toBe("container not running");
    expect(await said(["exec", "twice", "true"], 255)).toBe(
      "exec failed: cannot exec in a stopped container",
    );
    expect(await said(["pause", "twice"], 1)).toBe("container not running");
    await box.ok(["delete", "twice"]);
  });

  test("state prints runc's fields in runc's order, without a newline at the end", async () => {
    await box.start("shown", SLEEPS);
    const text = await box.ok(["state", "shown"]);
    const keys = ["ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "owner"];
    const state: Record<string, unknown> = JSON.parse(text);
    expect(Object.keys(state)).toEqual(keys);
    expect(text).toBe(JSON.stringify(state, undefined, 2));
    expect(state["created"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    await box.ok(["delete", "-f", "shown"]);
  });

  test("a program that is not there reads so that docker gives 127", async () => {
    const log = box.box.path("log.json");
    const bundle = box.bundle("", (spec) => ({
      ...spec,
      ...(spec.process && { process: { ...spec.process, args: ["/nonexistent"] } }),
    }));
    const args = ["--log", log, "--log-format", "json", "create", "--bundle", bundle, "gone"];
    const { exitCode, stderr } = await box.oci(args, { stdin: "" });
    const message =
      'bunker oci create failed: unable to start container process: exec: "/nonexistent": ' +
      "stat /nonexistent: no such file or directory";
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: `${message}\n` });
    // podman reads the log as one JSON object.
    expect(JSON.parse(readFileSync(log, "utf8"))).toEqual({
      level: "error",
      msg: message,
      time: expect.stringMatching(/Z$/),
    });
    expect(existsSync(`${box.root}/gone`)).toBe(false);
  });

  test("exec gives the program's own exit code", async () => {
    await box.start("codes", SLEEPS);
    expect((await box.oci(["exec", "codes", "sh", "-c", "exit 5"])).exitCode).toBe(5);
    expect(await said(["exec", "codes", "/nope"], 255)).toBe(
      'exec failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory',
    );
    await box.ok(["delete", "-f", "codes"]);
  });

  test("help goes to stdout, and is no failure", async () => {
    for (const args of [[], ["--help"], ["-h"], ["help"]]) {
      expect(await box.ok(args)).toStartWith("NAME:\n   bunker oci - Open Container Initiative");
    }
    for (const args of [
      ["list", "-h"],
      ["help", "list"],
      ["checkpoint", "--help"],
    ]) {
      expect(await box.ok(args)).toMatch(/^NAME:\n {3}bunker oci (list|checkpoint) - /);
    }
    expect(await box.ok(["-v"])).toMatch(
      /^bunker oci version \d+\.\d+\.\d+\ncommit: .+\nspec: 1\./,
    );
  });

  skipUnless(underTest() === "binary", "the program's name: only of the executable")(
    "the name",
    () => {
      test.each(["runc", "crun", "bunker-oci"])("called as %s it is that program", async (name) => {
        const folder = box.box.path(`as-${name}`);
        mkdirSync(folder);
        symlinkSync(bunkerCommand()[0] ?? "", `${folder}/${name}`);
        const call = (...args: string[]) => {
          const { exitCode, stdout, stderr } = Bun.spawnSync([`${folder}/${name}`, ...args]);
          return { exitCode, text: stdout.toString() + stderr.toString() };
        };
        expect(call("--version").text).toStartWith(`${name} version `);
        expect(call("--root", box.root, "run", "bad id").text).toContain(
          `msg="${name} run failed: `,
        );
        expect(call("oci").exitCode).toBe(3);
      });
    },
  );

  test("a container outlives what has made it", async () => {
    await box.ok(["create", "--bundle", box.bundle(SLEEPS), "kept"], DETACHED);
    expect(await box.status("kept")).toBe("created");
    await box.ok(["start", "kept"]);
    expect(await box.status("kept")).toBe("running");
    await box.ok(["delete", "-f", "kept"]);
  });
});
