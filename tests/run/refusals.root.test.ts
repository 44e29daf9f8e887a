// What bunker refuses: one clear line, a hint where there is something to do about it, the exit code
// that docker has for it, and nothing left behind.

import { afterEach, describe, expect, test } from "bun:test";
import { cpus } from "node:os";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { bunkerCommand } from "../harness/bunker.ts";
import { needsRoot } from "../harness/tier.ts";
import { cgroupsOf, linesOf, nextLine, openBox } from "./box.ts";

needsRoot("run refuses", () => {
  const box = openBox();
  const mountsBefore = readFileSync("/proc/self/mountinfo", "utf8");
  afterEach(() => {
    expect(box.leftovers()).toEqual([]);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(mountsBefore);
  });

  writeFileSync(box.path("a-file"), "");
  writeFileSync(`${box.rootfs}/not-executable`, "#!/bin/sh\n");
  chmodSync(`${box.rootfs}/not-executable`, 0o644);
  const hostCpus = cpus().length;
  const plural = hostCpus === 1 ? "" : "s";
  const rootfs = ["--rootfs", box.rootfs];
  const ok = [...rootfs, "/bin/true"];
  const seeHelp = "  hint: see 'bunker run --help'";

  type Refusal = readonly [args: readonly string[], exitCode: number, ...stderr: string[]];
  const refusals: Readonly<Record<string, Refusal>> = {
    "an unknown flag": [["--nonsense", ...ok], 125, "unknown flag: --nonsense", seeHelp],
    "an unknown short flag": [["-X", ...ok], 125, "unknown shorthand flag: 'X' in -X", seeHelp],
    "a flag without its value": [["-m"], 125, "flag needs an argument: 'm' in -m", seeHelp],
    "a memory size that is none": [
      ["-m", "lots", ...ok],
      125,
      'invalid argument "lots" for "-m, --memory" flag: invalid size: \'lots\'',
      seeHelp,
    ],
    "less memory than a container can live on": [
      ["-m", "4m", ...ok],
      125,
      "memory limit must be at least 6 MiB: got 4 MiB",
    ],
    "less swap and memory than memory": [
      ["-m", "64m", "--memory-swap", "32m", ...ok],
      125,
      "memory plus swap must be at least the memory limit, 64 MiB: got 32 MiB",
      "  hint: --memory-swap is the sum of both; the same as --memory means no swap",
    ],
    "--cpus 0": [
      ["--cpus", "0", ...ok],
      125,
      `cpus must be between 0.01 and ${hostCpus}: got 0`,
      `  hint: this host has ${hostCpus} CPU${plural}; leave --cpus away for no limit`,
    ],
    "--cpus 1000": [
      ["--cpus", "1000", ...ok],
      125,
      `cpus must be between 0.01 and ${hostCpus}: got 1000`,
      `  hint: this host has ${hostCpus} CPU${plural}; leave --cpus away for no limit`,
    ],
    "a rootfs that does not exist": [
      ["--rootfs", box.path("nowhere"), "/bin/true"],
      125,
      `rootfs "${box.path("nowhere")}" does not exist`,
    ],
    "a rootfs that is a file": [
      ["--rootfs", box.path("a-file"), "/bin/true"],
      125,
      `rootfs "${box.path("a-file")}" is not a folder`,
    ],
    "no command": [
      rootfs,
      125,
      "no command specified",
      "  hint: say what to run after the image or --rootfs DIR",
    ],
    "a command that is not there": [
      [...rootfs, "nowhere"],
      127,
      'cannot run "nowhere": executable file not found in $PATH',
    ],
    "a command that is not executable": [
      [...rootfs, "/not-executable"],
      126,
      'cannot run "/not-executable": permission denied',
    ],
    "a --mount source that is missing": [
      ["--mount", `type=bind,src=${box.path("missing")},dst=/x`, ...ok],
      125,
      `invalid mount config for type "bind": bind source path does not exist: ${box.path("missing")}`,
      "  hint: -v makes a missing source folder",
    ],
    "a mount target twice": [
      ["-v", `${box.folder}:/x`, "--tmpfs", "/x", ...ok],
      125,
      "duplicate mount point: /x",
    ],
    "an image that is not there and may not be pulled": [
      ["--pull", "never", "debian:12"],
      125,
      "No such image: debian:12",
    ],
    "a user that passwd does not know": [
      ["-u", "mallory", ...ok],
      125,
      "unable to find user mallory: no matching entries in passwd file",
    ],
    "a capability that does not exist": [
      ["--cap-add", "FLY", ...ok],
      125,
      'invalid CapAdd: unknown capability: "CAP_FLY"',
      "  hint: see capabilities(7) for the names",
    ],
  };

  describe("in a line", () => {
    for (const [what, [args, exitCode, ...stderr]] of Object.entries(refusals)) {
      test(what, async () => {
        expect(await box.bunker(["run", ...args])).toEqual({
          exitCode,
          stdout: "",
          stderr: `bunker: ${stderr.join("\n")}\n`,
        });
      });
    }
  });

  test("a name that is taken, by whom it is told; the one who has it goes on", async () => {
    const command = ["/bin/sh", "-c", "echo up; read end; echo end"];
    await using first = box.start(["run", "-i", "--name", "mine", ...rootfs, ...command]);
    const lines = linesOf(first.child.stdout);
    await nextLine(lines);
    const second = await box.run(["--name", "mine"], ["/bin/true"]);
    expect(second.exitCode).toBe(125);
    expect(second.stderr).toMatch(
      /^bunker: Conflict\. The container name "\/mine" is already in use by container "[0-9a-f]{64}"\n {2}hint: choose another --name, or remove or rename that container\n$/,
    );
    first.child.stdin.write("\n");
    first.child.stdin.end();
    expect(await nextLine(lines)).toBe("end");
    expect(await first.child.exited).toBe(0);
    expect((await box.run(["--name", "mine"], ["/bin/true"])).exitCode).toBe(0);
  });

  test("to start without root, and says what is needed", async () => {
    // Where nobody else could reach what is under test, there is nothing to be said by it.
    const program = bunkerCommand();
    const prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    const probe = Bun.spawnSync([...prefix, ...program, "--version"]);
    if (probe.exitCode !== 0) return;
    const tree = box.makeTree();
    const outcome = await box.bunker(["run", "--rootfs", tree, "/bin/true"], { prefix });
    expect(outcome.exitCode).toBe(125);
    expect(outcome.stdout).toBe("");
    expect(outcome.stderr).toMatch(/^bunker: .*root.*\n {2}hint: .*\n$/);
  });

  describe("and leaves nothing of a launch that fails", () => {
    const failures: Readonly<Record<string, readonly string[]>> = {
      "at a mount in the middle": ["-v", "/dev/null:/proc/nothing/there"],
      "at a mount of a folder on a file": ["-v", `${box.folder}:/etc/passwd`],
      "at a kernel parameter": ["--sysctl", "net.ipv4.no_such_thing=1"],
      "at the working directory": ["-w", "/etc/passwd"],
      "at a limit that the kernel refuses": ["--cpuset-cpus", "4095"],
      "at a memory node that is not there": ["--cpuset-mems", "1000"],
      "at a cgroup whose name is taken by a file": ["--cgroup-parent", "/cgroup.procs"],
      "at a pid file that cannot be written": ["--pidfile", "/proc/nowhere/pid"],
      "at a cid file that cannot be written": ["--cidfile", "/proc/nowhere/cid"],
    };
    for (const [what, flags] of Object.entries(failures)) {
      test(what, async () => {
        const before = cgroupsOf("bunker");
        const hostname = `h-${what.length}`;
        const outcome = await box.run(["--hostname", hostname, ...flags], ["/bin/echo", "ran"]);
        expect({ exitCode: outcome.exitCode, stdout: outcome.stdout }).toEqual({
          exitCode: 125,
          stdout: "",
        });
        expect(outcome.stderr).toStartWith("bunker: ");
        expect(outcome.stderr).not.toContain("internal error");
        expect(outcome.stderr).not.toContain(box.runFolder);
        expect(cgroupsOf("bunker").filter((path) => !before.includes(path))).toEqual([]);
      });
    }
  });

  describe("a mount target that leads out of the rootfs", () => {
    mkdirSync(box.path("outside"));
    writeFileSync(box.path("data-file"), "data");
    const flags = ["-v", `${box.path("data-file")}:/out/file`];

    test("where the same path is inside: it stays inside", async () => {
      const tree = box.makeTree();
      symlinkSync(box.path("outside"), `${tree}/out`);
      mkdirSync(`${tree}${box.path("outside")}`, { recursive: true });
      const command = ["--rootfs", tree, "/bin/cat", "/out/file"];
      const outcome = await box.bunker(["run", ...flags, ...command]);
      expect(outcome).toEqual({ exitCode: 0, stdout: "data", stderr: "" });
      expect(readdirSync(box.path("outside"))).toEqual([]);
    });

    test("where it is not: nothing is made outside", async () => {
      const tree = box.makeTree();
      symlinkSync(box.path("outside"), `${tree}/out`);
      const outcome = await box.bunker(["run", ...flags, "--rootfs", tree, "/bin/true"]);
      expect(outcome.exitCode).toBe(125);
      expect(outcome.stderr).toStartWith("bunker: openat2 /out/file: ENOENT");
      expect(readdirSync(box.path("outside"))).toEqual([]);
    });
  });
});
