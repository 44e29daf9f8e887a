// Pictures that are drawn anew: stats, top, ps --watch; and what they are where nobody looks.

import { expect, test } from "bun:test";
import { Pty } from "../harness/pty.ts";
import { Terminal } from "../harness/terminal.ts";
import { needsRoot } from "../harness/tier.ts";
import { openBox } from "../run/box.ts";

needsRoot("what runs, as a picture", () => {
  const box = openBox();
  const env = box.environment;
  const ok = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await box.bunker(args);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout;
  };
  const start = (name: string) =>
    ok("run", "-d", "--name", name, "--rootfs", box.rootfs, "sleep", "600");
  const open = (variables: string, ...args: readonly string[]) =>
    new Terminal(`${variables} ${box.line(...args)}`, box.folder);

  test("follows the window, takes keys, and leaves the screen as it was", async () => {
    await start("first");
    await start("second");
    using terminal = open("LC_ALL=C.UTF-8", "top", "--sort", "name");
    await terminal.waitFor(/^2 containers\nCPU [^]*^first +\d[^]*▁[^]*^second +\d/m);
    terminal.press("Down");
    await terminal.waitFor(/^first\nCPU/);
    terminal.resize(20, 6);
    await terminal.waitFor(/^NAME +CPU %\nfirst +\S+%\nsecond +\S+%\nq quit/);
    terminal.resize(80, 24);
    terminal.press("q");
    expect(await terminal.waitFor(/ended with 0/)).toBe("[ended with 0]");
  });

  test("is one of ASCII where the locale knows no other signs, without what is gone", async () => {
    using terminal = open("LC_ALL=C", "stats", "first", "second");
    await terminal.waitFor(/^2 containers\nCPU +\S+% +[.#]{10} +[_#]+\n[^]*^second +\d/m);
    await ok("rm", "-f", "second");
    await terminal.waitFor(/^1 container\n/);
    await ok("rm", "-f", "first");
    expect(await terminal.waitFor(/ended with 0/)).toBe("[ended with 0]");
  });

  test("restores the terminal where a signal ends it", async () => {
    for (const [signal, exitCode] of [["SIGTERM", 143] as const, ["SIGHUP", 129] as const]) {
      const options = { cwd: box.folder, env: { ...env, TERM: "xterm" } };
      await using pty = new Pty(box.command(["ps", "--watch"]), options);
      await pty.waitFor(/CONTAINER ID/);
      expect(pty.modes()).not.toBe(pty.modesBefore);
      pty.child.kill(signal);
      expect(await pty.end()).toBe(exitCode);
      expect(pty.modes()).toBe(pty.modesBefore);
      expect(pty.text).toEndWith("\u001b[?25h\u001b[?1049l");
    }
  });

  test("is a table on a terminal that only goes forward, and for a pipe that is read", async () => {
    await start("piped");
    await using pty = new Pty(box.command(["stats"]), {
      cwd: box.folder,
      env: { ...env, TERM: "dumb" },
    });
    await pty.waitFor(/CONTAINER ID [^]*piped +\S+%/);
    expect(pty.text).not.toContain("\u001b");
    const command = box.command(["top"]).join(" ");
    const { stdout, exitCode } = Bun.spawnSync(["/bin/sh", "-c", `${command} | head -n 4`], {
      env: { ...process.env, ...env },
    });
    expect(exitCode).toBe(0);
    expect(stdout.toString().match(/piped/g)).toHaveLength(2);
    await ok("rm", "-f", "piped");
  });

  test("ps --watch shows what comes", async () => {
    using terminal = open("", "ps", "--watch");
    await terminal.waitFor(/^CONTAINER ID/);
    await start("comes");
    await terminal.waitFor(/Up \S+ second.* comes$/m);
    terminal.press("C-c");
    await terminal.waitFor(/ended with 0/);
    await ok("rm", "-f", "comes");
  });
});
