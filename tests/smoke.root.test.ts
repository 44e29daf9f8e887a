// The shortest way through everything: what must work however bunker is started. That nothing is
// left of it is looked at by the test run, after each file.
import { expect, test } from "bun:test";
import { bunker, bunkerOutput } from "./harness/bunker.ts";
import { busyboxRootfs } from "./harness/rootfs.ts";
import { openFolders } from "./harness/test-folders.ts";
import { needsRoot } from "./harness/tier.ts";

needsRoot("a container", () => {
  const env = openFolders();

  test("runs a program of a root file system as pid 1", async () => {
    const script = "echo $$ $(hostname) $1";
    const flags = ["--rm", "--hostname", "box", "--rootfs", busyboxRootfs()];
    const stdout = await bunkerOutput(["run", ...flags, "/bin/sh", "-c", script, "sh", "arg"], {
      env,
    });
    expect(stdout).toBe("1 box arg\n");
  });

  test("runs on a view of the host that takes writes and keeps them from the host", async () => {
    const file = `/etc/bunker-smoke-${process.pid}`;
    const script = `echo inside > ${file}; cat ${file} /proc/1/comm`;
    expect(await bunkerOutput(["run", "--rm", "/bin/sh", "-c", script], { env })).toBe(
      "inside\nsh\n",
    );
    expect(await Bun.file(file).exists()).toBe(false);
  });

  test("ends with the exit code of its program, or 128 + n", async () => {
    const run = ["run", "--rm", "--rootfs", busyboxRootfs(), "/bin/sh", "-c"];
    expect((await bunker([...run, "exit 7"], { env })).exitCode).toBe(7);
    const killed = await bunker([...run, "sh -c 'kill -9 $$'; exit $?"], { env });
    expect(killed.exitCode).toBe(137);
  });

  test("has stdin, stdout and stderr of the caller", async () => {
    const run = ["run", "--rm", "-i", "--rootfs", busyboxRootfs(), "/bin/sh"];
    const outcome = await bunker(run, {
      env,
      stdin: "cat /etc/hostname >/dev/null; echo a; echo b >&2",
    });
    expect(outcome).toEqual({ exitCode: 0, stdout: "a\n", stderr: "b\n" });
  });
});
