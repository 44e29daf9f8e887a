// `bunker unshare`, nsenter and clone as root of a user namespace, which any user may have.

import { expect, test } from "bun:test";
import { readFileSync, readlinkSync } from "node:fs";
import { bunker, bunkerOutput, startBunker } from "../harness/bunker.ts";
import { needsUserNamespaces } from "../harness/tier.ts";

/** Which of the program's namespaces are not this process's. */
async function newNamespaces(flags: readonly string[]): Promise<string[]> {
  const names = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];
  const script = names.map((name) => `readlink /proc/self/ns/${name}`).join("; ");
  const links = (await bunkerOutput(["unshare", ...flags, "sh", "-c", script])).split("\n");
  return names.filter((name, i) => links[i] !== readlinkSync(`/proc/self/ns/${name}`));
}

needsUserNamespaces("unshare -Ur", () => {
  const each = [
    ["-C", "cgroup"],
    ["-i", "ipc"],
    ["-m", "mnt"],
    ["-n", "net"],
    ["-p", "pid"],
    ["-T", "time"],
    ["-u", "uts"],
  ] as const;

  test.each(each)("%s makes a new %s namespace, and the user namespace", async (flag, name) => {
    expect((await newNamespaces(["-Ur", flag])).sort()).toEqual([name, "user"].sort());
  });

  test("makes the caller root of it, and nobody else", async () => {
    const out = await bunkerOutput(["unshare", "-r", "sh", "-c", "id -u; cat /proc/self/uid_map"]);
    expect(out.trim().split(/\s+/)).toEqual(["0", "0", String(process.geteuid?.()), "1"]);
  });

  test("without -r nobody is anybody", async () => {
    expect(await bunkerOutput(["unshare", "-U", "id", "-u"])).toBe("65534\n");
  });

  test("-pf --mount-proc gives a /proc in which the program is pid 1", async () => {
    const script = "echo $$; ls /proc | grep -c '^[0-9]*$'";
    const flags = ["-Urpf", "--mount-proc"];
    const out = await bunkerOutput(["unshare", ...flags, "sh", "-c", script]);
    expect(out.split("\n").slice(0, 2)[0]).toBe("1");
    expect(Number(out.split("\n")[1])).toBeLessThan(5);
  });

  test("a host name of its own is not the host's", async () => {
    const before = readFileSync("/proc/sys/kernel/hostname", "utf8");
    const script = "hostname other && hostname";
    expect(await bunkerOutput(["unshare", "-Uru", "sh", "-c", script])).toBe("other\n");
    expect(readFileSync("/proc/sys/kernel/hostname", "utf8")).toBe(before);
  });

  const endings = [
    ["exit 7", 7],
    ["kill -TERM $$", 128 + 15],
  ] as const;

  for (const flags of ["-Ur", "-Urf"]) {
    test.each(endings)(`${flags}: a program that ends with '%s' gives %d`, async (script, code) => {
      expect((await bunker(["unshare", flags, "sh", "-c", script])).exitCode).toBe(code);
    });
  }

  test.each(["-Ur", "-Urf"])(
    "%s: a program that is not there is refused with 127",
    async (flags) => {
      const { exitCode, stderr } = await bunker(["unshare", flags, "no-such-program"]);
      expect([exitCode, stderr]).toEqual([
        127,
        'bunker: cannot run "no-such-program": executable file not found in $PATH\n',
      ]);
    },
  );

  test("-r a file that cannot be executed is refused with 126", async () => {
    const { exitCode, stderr } = await bunker(["unshare", "-r", "/etc/passwd"]);
    expect([exitCode, stderr]).toEqual([
      126,
      'bunker: cannot run "/etc/passwd": permission denied\n',
    ]);
  });

  test.each(["-Ur", "-Urp"])("%s passes signals on to the program", async (flags) => {
    const script = "trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    await using running = startBunker(["unshare", flags, "sh", "-c", script]);
    const { child } = running;
    const reader = child.stdout.getReader();
    await reader.read();
    child.kill("SIGTERM");
    expect(await child.exited).toBe(3);
  });

  test("stdin is the program's own", async () => {
    const out = await bunkerOutput(["unshare", "-Urpf", "cat"], { stdin: "through" });
    expect(out).toBe("through");
  });
});

needsUserNamespaces("nsenter", () => {
  test("-t PID enters all namespaces of a process, its user namespace first", async () => {
    const script = "hostname entered; echo ready; sleep 20";
    await using running = startBunker(["unshare", "-Urupf", "--mount-proc", "sh", "-c", script]);
    await running.child.stdout.getReader().read();
    const pid = childOf(childOf(running.child.pid));
    const look = "hostname; id -u; ls /proc | grep -c '^[0-9]*$'";
    const out = await bunkerOutput(["nsenter", "-t", String(pid), "sh", "-c", look]);
    const [hostname, uid, processes] = out.split("\n");
    expect([hostname, uid]).toEqual(["entered", "0"]);
    expect(Number(processes)).toBeLessThan(8);
  });
});

/** The first child of a process: an agent is the child of bunker, and the program of the agent. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ")[0]);
}
