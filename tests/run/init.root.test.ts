// `--init`: pid 1 is bunker's own, the user's program its child.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine, openBox } from "./box.ts";

needsRoot("run --init", () => {
  const box = openBox();
  const up = (script: string) => ["--rootfs", box.rootfs, "/bin/sh", "-c", script];

  test("has bunker-init as pid 1 and the program as its child, in a group of its own", async () => {
    expect(
      await box.sh("cat /proc/1/comm; echo $$ $PPID; cut -d' ' -f5 /proc/$$/stat", ["--init"]),
    ).toBe("bunker-init\n2 1\n2");
  });

  test("reaps hundreds of orphans at once", async () => {
    const script =
      "for i in $(seq 1 300); do (true &); done; until set -- /proc/[0-9]* && [ $# = 2 ]; do :; done; echo $*";
    expect(await box.sh(script, ["--init"])).toBe("/proc/1 /proc/2");
  });

  describe("ends with", () => {
    const ends: readonly (readonly [script: string, exitCode: number])[] = [
      ["exit 0", 0],
      ["exit 4", 4],
      ["exit 127", 127],
      ["exit 255", 255],
      ["kill -9 $$", 137],
      ["kill -SEGV $$", 139],
      ["kill -TERM $$", 143],
    ];
    for (const [script, exitCode] of ends) {
      test(`${exitCode} after ${script}`, async () => {
        const outcome = await box.run(["--init"], ["/bin/sh", "-c", script]);
        expect(outcome).toEqual({ exitCode, stdout: "", stderr: "" });
      });
    }

    test("its program, whatever else still runs", async () => {
      const outcome = await box.run(["--init"], ["/bin/sh", "-c", "sleep 60 & exit 5"]);
      expect(outcome.exitCode).toBe(5);
    });
  });

  describe("refuses a command", () => {
    const refused: readonly (readonly [command: string, exitCode: number, message: string])[] = [
      ["/nowhere", 127, 'cannot run "/nowhere": no such file or directory'],
      ["nowhere", 127, 'cannot run "nowhere": executable file not found in $PATH'],
      ["/etc/passwd", 126, 'cannot run "/etc/passwd": permission denied'],
    ];
    for (const [command, exitCode, message] of refused) {
      test(`${command}: ${exitCode}`, async () => {
        const outcome = await box.run(["--init"], [command]);
        expect(outcome).toEqual({ exitCode, stdout: "", stderr: `bunker: ${message}\n` });
      });
    }
  });

  for (const name of ["TERM", "INT", "USR1", "HUP", "WINCH"] as const) {
    test(`passes SIG${name} on to the program`, async () => {
      const script = `trap 'echo got ${name}; exit 3' ${name}; echo up; while :; do sleep 0.02; done`;
      await using run = box.start(["run", "--init", ...up(script)]);
      const lines = linesOf(run.child.stdout);
      await nextLine(lines);
      run.child.kill(`SIG${name}`);
      expect(await nextLine(lines)).toBe(`got ${name}`);
      expect(await run.child.exited).toBe(3);
    });
  }

  test("passes SIGTERM on, which ends a program without a handler: it is not pid 1", async () => {
    await using run = box.start(["run", "--init", ...up("echo up; exec sleep 60")]);
    await nextLine(linesOf(run.child.stdout));
    run.child.kill("SIGTERM");
    expect(await run.child.exited).toBe(143);
  });

  test("passes signals on to a program of root's that has changed its user", async () => {
    const script = "exec su -s /bin/sh web -c 'echo up; exec sleep 60'";
    await using run = box.start(["run", "--init", ...up(script)]);
    await nextLine(linesOf(run.child.stdout));
    run.child.kill("SIGTERM");
    expect(await run.child.exited).toBe(143);
  });

  describe("gives pid 1", () => {
    const status = (keys: string) => `grep -E '^(${keys})' /proc/1/status`;

    test("the program's user, filter and bounds, and no capability but CAP_KILL", async () => {
      expect(await box.sh(status("Uid|Cap[PEIA]|Seccomp:"), ["--init"])).toBe(
        "Uid:\t0\t0\t0\t0\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000020\n" +
          "CapEff:\t0000000000000020\nCapAmb:\t0000000000000000\nSeccomp:\t2",
      );
    });

    test("none at all where the program is not root's", async () => {
      const flags = ["--init", "-u", "web", "--security-opt", "no-new-privileges"];
      expect(await box.sh(status("Uid|CapPrm|NoNewPrivs"), flags)).toBe(
        "Uid:\t1000\t1000\t1000\t1000\nCapPrm:\t0000000000000000\nNoNewPrivs:\t1",
      );
    });

    test("memory that nobody shares, without the environment, closed to the container", async () => {
      const pidfile = box.path("pid");
      const flags = ["--init", "-e", "SECRET=hunter2", "--pidfile", pidfile];
      const script = "cat /proc/1/maps /proc/1/mem /proc/1/fd/1; echo $?; read line";
      await using run = box.start(["run", ...flags, "-i", ...up(script)]);
      expect(await nextLine(linesOf(run.child.stdout))).toBe("1");
      const pid = readFileSync(pidfile, "utf8");
      const maps = readFileSync(`/proc/${pid}/maps`, "utf8");
      expect(maps).not.toContain("bunker-channel");
      const memory = Bun.spawnSync(["perl", "-e", READ_MEMORY, pid]).stdout;
      expect(memory.length).toBeGreaterThan(64 * 1024);
      expect(memory.includes("hunter2")).toBe(false);
      run.child.stdin.end();
      expect(await run.child.exited).toBe(1);
    });
  });

  test("is refused where the agent is not what performs the plan", async () => {
    const outcome = await box.run(["--init", "--performer", "process"], ["/bin/true"]);
    expect(outcome).toEqual({
      exitCode: 125,
      stdout: "",
      stderr: "bunker: --init needs the agent as performer: got process\n",
    });
  });

  test("leaves the program the foreground of its terminal", async () => {
    const script = `${box
      .command(["run", "--init", "-it", ...up("echo group $(cut -d' ' -f5,8 /proc/$$/stat)")])
      .map(quote)
      .join(" ")}`;
    const run = Bun.spawnSync(["script", "-qec", script, "/dev/null"], {
      env: { ...process.env, ...box.environment },
    });
    // script(1) types the end of its own stdin, which the terminal may echo before or after.
    expect(run.stdout.toString()).toContain("group 2 2\r\n");
  });
});

/** Everything that can be read and written in the memory of a process. */
const READ_MEMORY = `
  open(my $maps, "<", "/proc/$ARGV[0]/maps"); open(my $mem, "<", "/proc/$ARGV[0]/mem");
  while (<$maps>) { /^(\\w+)-(\\w+) rw/ or next; my ($from, $to) = (hex $1, hex $2);
    sysseek($mem, $from, 0); sysread($mem, my $bytes, $to - $from); print $bytes }
`;

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
