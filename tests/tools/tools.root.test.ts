// The namespace tools without a user namespace: this process makes and enters them itself.

import { expect, test } from "bun:test";
import { readFileSync, readlinkSync } from "node:fs";
import { bunkerCommand, bunker, bunkerOutput, startBunker } from "../harness/bunker.ts";
import { leftSince, takeInventory } from "../harness/leftovers.ts";
import { needsRoot } from "../harness/tier.ts";

const HOSTNAME = readFileSync("/proc/sys/kernel/hostname", "utf8");

needsRoot("unshare", () => {
  test("becomes the program: it has bunker's own pid", async () => {
    await using running = startBunker(["unshare", "-u", "sh", "-c", "echo $$; sleep 20"]);
    const { value } = await running.child.stdout.getReader().read();
    expect(new TextDecoder().decode(value).trim()).toBe(String(running.child.pid));
  });

  test("-p makes the program pid 1, and its end is bunker's", async () => {
    const { exitCode, stdout } = await bunker(["unshare", "-p", "sh", "-c", "echo $$; exit 9"]);
    expect([exitCode, stdout]).toEqual([9, "1\n"]);
  });

  test("-pf --mount-proc mounts a /proc of its own, and the host's stays", async () => {
    const before = takeInventory();
    const out = await bunkerOutput(["unshare", "-pf", "--mount-proc", "ls", "/proc"]);
    expect(out.split("\n").filter((name) => /^\d+$/.test(name))).toEqual(["1"]);
    expect(readFileSync("/proc/1/comm", "utf8")).not.toBe("ls\n");
    expect(await leftSince(before)).toEqual([]);
  });

  test("-m: what is mounted stays in the new mount namespace", async () => {
    const before = takeInventory();
    const script = "mount -t tmpfs none /mnt && grep -c ' /mnt ' /proc/self/mountinfo";
    expect(await bunkerOutput(["unshare", "-m", "sh", "-c", script])).toBe("1\n");
    expect(await leftSince(before)).toEqual([]);
  });

  test("the program's signals are as the caller had them: none ignored or blocked", async () => {
    for (const flags of [["-u"], ["-p"], ["-T"]]) {
      const look = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"];
      const out = await bunkerOutput(["unshare", ...flags, ...look]);
      expect(out).toBe(`SigBlk:\t${"0".repeat(16)}\nSigIgn:\t${"0".repeat(16)}\n`);
    }
  });

  test("a program that is not there is refused with 127", async () => {
    const { exitCode, stderr } = await bunker(["unshare", "-u", "no-such-program"]);
    expect([exitCode, stderr]).toEqual([
      127,
      'bunker: cannot run "no-such-program": executable file not found in $PATH\n',
    ]);
  });
});

needsRoot("nsenter", () => {
  test("-t FILE enters the namespace of the file, whatever it is", async () => {
    await using other = startBunker(["unshare", "-un", "sh", "-c", "hostname inside; echo; cat"]);
    await other.child.stdout.getReader().read();
    const file = `/proc/${other.child.pid}/ns/uts`;
    expect(await bunkerOutput(["nsenter", "-t", file, "hostname"])).toBe("inside\n");
  });

  test("-t PID with a flag enters that namespace alone", async () => {
    await using other = startBunker(["unshare", "-un", "sh", "-c", "hostname inside; echo; cat"]);
    await other.child.stdout.getReader().read();
    const script = "hostname; readlink /proc/self/ns/net";
    const command = ["nsenter", "-t", String(other.child.pid), "-u", "sh", "-c", script];
    expect((await bunkerOutput(command)).split("\n")).toEqual([
      "inside",
      readlinkSync("/proc/self/ns/net"),
      "",
    ]);
  });

  test("enters a mount namespace, whose root is the new working directory", async () => {
    const script = "mount -t tmpfs none /mnt && touch /mnt/seen; echo; cat";
    await using other = startBunker(["unshare", "-m", "sh", "-c", script]);
    await other.child.stdout.getReader().read();
    const command = ["nsenter", "-t", String(other.child.pid), "sh", "-c", "ls /mnt; pwd"];
    expect(await bunkerOutput(command)).toBe("seen\n/\n");
  });

  const refused = [
    ["/etc/passwd", '"/etc/passwd" is not the file of a namespace'],
    ["4194305", "no process 4194305"],
    ["/nowhere/uts", "open /nowhere/uts: ENOENT (no such file or directory) [O_CLOEXEC]"],
  ] as const;

  test.each(refused)("-t %s is refused: %s", async (target, message) => {
    const { exitCode, stderr } = await bunker(["nsenter", "-t", target, "true"]);
    expect([exitCode, stderr.split("\n")[0]]).toEqual([125, `bunker: ${message}`]);
  });

  test("a process of another user is there, but may not be entered", () => {
    const nobody = ["setpriv", "--reuid", "65534", "--clear-groups"];
    const args = ["nsenter", "-t", String(process.pid), "true"];
    const { exitCode, stderr } = Bun.spawnSync([...nobody, ...bunkerCommand(), ...args]);
    expect(exitCode).toBe(125);
    expect(stderr.toString().split("\n")[0]).toBe(
      `bunker: cannot enter the namespaces of process ${process.pid}: permission denied`,
    );
  });
});

needsRoot("clone", () => {
  test("the host name is the child's alone", async () => {
    expect(await bunkerOutput(["clone", "--hostname", "box", "uname", "-n"])).toBe("box\n");
    expect(readFileSync("/proc/sys/kernel/hostname", "utf8")).toBe(HOSTNAME);
  });

  test("the child is a child's child, and its exit status is bunker's", async () => {
    const { exitCode } = await bunker(["clone", "--hostname", "box", "sh", "-c", "exit 5"]);
    expect(exitCode).toBe(5);
  });

  test("nothing is left when bunker is killed while the program waits", async () => {
    const before = takeInventory();
    const running = startBunker(["clone", "--hostname", "box", "sh", "-c", "echo; cat"]);
    await running.child.stdout.getReader().read();
    await running[Symbol.asyncDispose]();
    expect(await leftSince(before)).toEqual([]);
  });
});
