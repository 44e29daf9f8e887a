// What a program finds when it runs in a container, and what its caller gets back.

import { describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine, openBox } from "./box.ts";

needsRoot("run", () => {
  const box = openBox();
  const up = (then: string, before = ":") => [
    "--rootfs",
    box.rootfs,
    "/bin/sh",
    "-c",
    `${before}; echo up; ${then}`,
  ];

  test("makes the user's program pid 1", async () => {
    expect(await box.sh("echo $$ $PPID")).toBe("1 0");
  });

  test("lists no process but the container's own", async () => {
    expect(await box.sh("echo /proc/[0-9]*")).toBe("/proc/1");
  });

  describe("ends with the exit code", () => {
    const codes: readonly (readonly [code: number, command: readonly string[], what: string])[] = [
      [0, ["/bin/true"], "0 of a program that succeeds"],
      [7, ["/bin/sh", "-c", "exit 7"], "of the program"],
      [255, ["/bin/sh", "-c", "exit 255"], "255, the largest"],
      [125, ["/bin/sh", "-c", "exit 125"], "125 where that is the program's own"],
      [127, ["/bin/sh", "-c", "exit 127"], "127 where that is the program's own"],
    ];
    for (const [exitCode, command, what] of codes) {
      test(what, async () => {
        expect(await box.run([], command)).toEqual({ exitCode, stdout: "", stderr: "" });
      });
    }

    test("139 where a segmentation fault ended the program", async () => {
      const crash = "unpack('p', pack('J', 8))";
      expect((await box.bunker(["run", "/usr/bin/perl", "-e", `print ${crash}`])).exitCode).toBe(
        139,
      );
    });

    test("137 where the program was killed from outside", async () => {
      const pidfile = box.path("pid-to-kill");
      await using run = box.start(["run", "--pidfile", pidfile, ...up("sleep 60")]);
      await nextLine(linesOf(run.child.stdout));
      process.kill(Number(readFileSync(pidfile, "utf8")), "SIGKILL");
      expect(await run.child.exited).toBe(137);
    });
  });

  describe("refuses a command", () => {
    mkdirSync(`${box.rootfs}/opt`);
    writeFileSync(`${box.rootfs}/opt/plain`, "#!/bin/sh\n");
    writeFileSync(`${box.rootfs}/opt/garbage`, "\0\0\0\0garbage");
    chmodSync(`${box.rootfs}/opt/garbage`, 0o755);
    writeFileSync(`${box.rootfs}/opt/no-interpreter`, "#!/nowhere\n");
    chmodSync(`${box.rootfs}/opt/no-interpreter`, 0o755);
    const refused: readonly (readonly [command: string, exitCode: number, stderr: string])[] = [
      ["/nowhere", 127, 'cannot run "/nowhere": no such file or directory'],
      ["nowhere", 127, 'cannot run "nowhere": executable file not found in $PATH'],
      ["/etc/passwd/x", 127, 'cannot run "/etc/passwd/x": no such file or directory'],
      ["/opt/no-interpreter", 127, 'cannot run "/opt/no-interpreter": no such file or directory'],
      ["/opt/plain", 126, 'cannot run "/opt/plain": permission denied'],
      ["/opt", 126, 'cannot run "/opt": permission denied'],
      [
        "/opt/garbage",
        126,
        'cannot run "/opt/garbage": exec format error\n' +
          "  hint: it is neither a program for this machine nor a script with a #! line",
      ],
    ];
    for (const [command, exitCode, message] of refused) {
      test(`${command}: ${exitCode}`, async () => {
        const outcome = await box.run([], [command]);
        expect(outcome).toEqual({ exitCode, stdout: "", stderr: `bunker: ${message}\n` });
      });
    }
  });

  test("refuses a program whose interpreter is none, an errno beyond 63: 126", async () => {
    const tree = box.makeTree();
    // The interpreter that is named in any dynamic program of this host.
    const named = Bun.spawnSync(["readelf", "-l", "/usr/bin/env"]).stdout.toString();
    const path = /interpreter: (\S+)\]/.exec(named)?.[1] ?? "";
    mkdirSync(`${tree}${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true });
    writeFileSync(`${tree}${path}`, "garbage".repeat(1000), { mode: 0o755 });
    copyFileSync("/usr/bin/env", `${tree}/bin/dynamic`);
    const command = ["run", "--rootfs", tree, "/bin/dynamic"];
    expect(await box.bunker(command, { timeoutMs: 10_000 })).toEqual({
      exitCode: 126,
      stdout: "",
      stderr: 'bunker: cannot run "/bin/dynamic": accessing a corrupted shared library\n',
    });
  });

  test("refuses an environment that is too large for the kernel: 126", async () => {
    const envFile = box.path("large-env");
    writeFileSync(envFile, `LARGE=${"x".repeat(200_000)}\n`);
    const outcome = await box.run(["--env-file", envFile], ["true"], { timeoutMs: 10_000 });
    expect(outcome).toEqual({
      exitCode: 126,
      stdout: "",
      stderr: 'bunker: cannot run "true": argument list too long\n',
    });
  });

  describe("gives an environment", () => {
    test("of PATH, HOSTNAME and HOME", async () => {
      const lines = (await box.sh("env", ["--hostname", "web"])).split("\n").sort();
      expect(lines.filter((line) => !/^(PWD|SHLVL|OLDPWD)=/.test(line))).toEqual([
        "HOME=/root",
        "HOSTNAME=web",
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      ]);
    });

    test("with -e, a bare -e name from the caller, and --env-file under both", async () => {
      writeFileSync(box.path("env"), "# comment\nA=file\nB=file\nBARE_FILE\n");
      const flags = ["--env-file", box.path("env"), "-e", "A=flag", "-e", "BARE", "-e", "UNSET_X"];
      const command = ["/bin/sh", "-c", "echo $A $B $BARE $BARE_FILE ${UNSET_X-unset}"];
      const env = { BARE: "caller", BARE_FILE: "file's caller" };
      const outcome = await box.run(flags, command, { env });
      expect(outcome.stdout).toBe("flag file caller file's caller unset\n");
    });

    test("with the HOME of the user it runs as", async () => {
      expect(await box.sh("echo $HOME", ["-u", "web"])).toBe("/home/web");
      expect(await box.sh("echo $HOME", ["-u", "4711"])).toBe("/");
      expect(await box.sh("echo $HOME", ["-e", "HOME=/x"])).toBe("/x");
    });

    test("without anything of the caller's", async () => {
      const outcome = await box.run([], ["/bin/env"], { env: { SECRET_OF_CALLER: "1" } });
      expect(outcome.stdout).not.toContain("SECRET_OF_CALLER");
      expect(outcome.stdout).not.toContain("BUNKER");
    });

    test("and finds the command by its PATH", async () => {
      mkdirSync(`${box.rootfs}/tools`, { recursive: true });
      writeFileSync(`${box.rootfs}/tools/hello`, "#!/bin/sh\necho hello $1\n", { mode: 0o755 });
      const outcome = await box.run(["-e", "PATH=/nowhere:/tools"], ["hello", "you"]);
      expect(outcome).toEqual({ exitCode: 0, stdout: "hello you\n", stderr: "" });
    });
  });

  describe("works in a folder", () => {
    test("/, unless told", async () => {
      expect(await box.sh("pwd")).toBe("/");
    });

    test("that -w names", async () => {
      expect(await box.sh("pwd", ["-w", "/home/web"])).toBe("/home/web");
    });

    test("that -w makes where it is missing", async () => {
      expect(await box.sh("pwd; stat -c '%a %u' .", ["-w", "/made/deep"])).toBe(
        "/made/deep\n755 0",
      );
    });

    test("never one that is not absolute", async () => {
      const outcome = await box.run(["-w", "made"], ["/bin/true"]);
      expect(outcome.exitCode).toBe(125);
      expect(outcome.stderr).toBe(
        'bunker: invalid argument "made" for "-w, --workdir" flag: the working directory \'made\' is invalid, it needs to be an absolute path\n' +
          "  hint: see 'bunker run --help'\n",
      );
    });
  });

  describe("runs as", () => {
    const users: readonly (readonly [flags: readonly string[], id: string])[] = [
      [[], "0 0 0"],
      [["-u", "web"], "1000 1000 1000 4 2000"],
      [["-u", "1000"], "1000 1000 1000 4 2000"],
      [["-u", "1000:4"], "1000 4 4"],
      [["-u", "web:adm"], "1000 4 4"],
      [["-u", "4711"], "4711 0 0"],
      [["-u", "4711:4712"], "4711 4712 4712"],
      [["-u", "web", "--group-add", "30", "--group-add", "99"], "1000 1000 1000 4 30 99 2000"],
    ];
    for (const [flags, id] of users) {
      test(`${id} with ${flags.join(" ") || "no flag"}`, async () => {
        expect(await box.sh("echo $(id -u) $(id -g) $(id -G)", flags)).toBe(id);
      });
    }

    test("nobody whom its passwd does not know", async () => {
      const outcome = await box.run(["-u", "mallory"], ["/bin/true"]);
      expect(outcome).toEqual({
        exitCode: 125,
        stdout: "",
        stderr: "bunker: unable to find user mallory: no matching entries in passwd file\n",
      });
    });

    test("no group that its group file does not know", async () => {
      const outcome = await box.run(["-u", "web:games"], ["/bin/true"]);
      expect(outcome).toEqual({
        exitCode: 125,
        stdout: "",
        stderr: "bunker: unable to find group games: no matching entries in group file\n",
      });
    });
  });

  test("puts --entrypoint before the command", async () => {
    const outcome = await box.run(["--entrypoint", "/bin/echo"], ["hello"]);
    expect(outcome).toEqual({ exitCode: 0, stdout: "hello\n", stderr: "" });
  });

  describe("connects", () => {
    test("stdin with -i, to its end", async () => {
      const stdin = "line\n".repeat(100_000);
      const outcome = await box.run(["-i"], ["wc", "-c"], { stdin });
      expect(outcome).toEqual({ exitCode: 0, stdout: "500000\n", stderr: "" });
    });

    test("no stdin without -i", async () => {
      const outcome = await box.run([], ["/bin/sh", "-c", "wc -c; readlink /proc/self/fd/0"], {
        stdin: "secret\n",
      });
      expect(outcome.stdout).toBe("0\n/dev/null\n");
    });

    test("stdout and stderr each to its own", async () => {
      const outcome = await box.run([], ["/bin/sh", "-c", "echo out; echo err >&2"]);
      expect(outcome).toEqual({ exitCode: 0, stdout: "out\n", stderr: "err\n" });
    });

    test("64 MiB of output without losing a byte", async () => {
      const outcome = await box.run([], ["/bin/sh", "-c", "yes | head -c 67108864"]);
      expect(outcome.exitCode).toBe(0);
      expect(outcome.stdout.length).toBe(67_108_864);
    });

    test("no descriptor of its caller's besides", async () => {
      const prefix = [
        "/bin/bash",
        "-c",
        'exec 7</etc 8</etc/passwd 23<>/dev/null; exec "$@"',
        "sh",
      ];
      const command = ["/bin/sh", "-c", "ls /proc/$$/fd; true"];
      const outcome = await box.run([], command, { prefix });
      expect(outcome.stdout.trim().split("\n")).toEqual(["0", "1", "2"]);
    });
  });

  describe("passes on", () => {
    for (const name of ["TERM", "INT", "QUIT", "USR1", "USR2", "HUP", "ALRM", "WINCH"] as const) {
      test(`SIG${name} to the program`, async () => {
        const script = `trap 'echo got ${name}; exit 3' ${name}`;
        await using run = box.start(["run", ...up("while :; do sleep 0.02; done", script)]);
        const lines = linesOf(run.child.stdout);
        await nextLine(lines);
        run.child.kill(`SIG${name}`);
        expect(await nextLine(lines)).toBe(`got ${name}`);
        expect(await run.child.exited).toBe(3);
      });
    }

    test("no SIGTERM that ends a program which, as pid 1, has no handler for it", async () => {
      const trap = "trap 'echo still here; exit 0' USR1";
      await using run = box.start(["run", ...up("while :; do sleep 0.02; done", trap)]);
      const lines = linesOf(run.child.stdout);
      await nextLine(lines);
      run.child.kill("SIGTERM");
      run.child.kill("SIGUSR1");
      expect(await nextLine(lines)).toBe("still here");
      expect(await run.child.exited).toBe(0);
    });
  });

  describe("names", () => {
    test("the host as --hostname and --domainname say", async () => {
      const flags = ["--hostname", "web", "--domainname", "example.test"];
      const script = "hostname; cat /proc/sys/kernel/domainname /etc/hostname; echo $HOSTNAME";
      expect(await box.sh(script, flags)).toBe("web\nexample.test\nweb\nweb");
    });

    test("the host after the id unless told, as /etc/hosts does", async () => {
      const cidfile = box.path("cid-of-name");
      const name = await box.sh("grep -w $(hostname) /etc/hosts >/dev/null && hostname", [
        "--cidfile",
        cidfile,
      ]);
      expect(name).toMatch(/^[0-9a-f]{12}$/);
      expect(readFileSync(cidfile, "utf8")).toStartWith(name);
    });
  });

  test("writes --cidfile and --pidfile before the program runs", async () => {
    const [cidfile, pidfile] = [box.path("cid"), box.path("pid")];
    const script = "cat /host/cid; echo; cat /host/pid";
    const flags = ["-v", `${box.folder}:/host`, "--cidfile", cidfile, "--pidfile", pidfile];
    const [cid, pid] = (await box.sh(script, flags)).split("\n");
    expect(cid).toMatch(/^[0-9a-f]{64}$/);
    expect(Number(pid)).toBeGreaterThan(1);
  });

  test("refuses a --cidfile that exists, and leaves it as it was", async () => {
    const cidfile = box.path("cid-kept");
    writeFileSync(cidfile, "mine");
    const outcome = await box.run(["--cidfile", cidfile], ["/bin/true"]);
    expect(outcome.exitCode).toBe(125);
    expect(outcome.stderr).toBe(
      `bunker: container ID file found, make sure the other container isn't running or delete ${cidfile}\n`,
    );
    expect(readFileSync(cidfile, "utf8")).toBe("mine");
  });

  test("accepts --stop-signal, --label and --annotation", async () => {
    const flags = ["--stop-signal", "SIGINT", "--label", "a=b", "--annotation", "c=d"];
    expect(await box.sh("echo ok", flags)).toBe("ok");
  });

  test("with --init reaps what the program leaves, and passes its exit code on", async () => {
    const script = "(sleep 0.05 &); while ps -o comm | grep -q sleep; do :; done; echo $$; exit 4";
    const outcome = await box.run(["--init"], ["/bin/sh", "-c", script]);
    expect(outcome.exitCode).toBe(4);
    expect(Number(outcome.stdout)).toBeGreaterThan(1);
  });
});
