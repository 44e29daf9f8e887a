// `run -it` and `-t`: a terminal of the container's own, shown in the caller's.

import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { Pty, type PtyOptions } from "../harness/pty.ts";
import { Terminal } from "../harness/terminal.ts";
import { needsCommand, needsRoot, slowness } from "../harness/tier.ts";
import { openBox } from "./box.ts";

needsRoot("run with a terminal", () => {
  const box = openBox();
  const run = (flags: readonly string[], command: readonly string[]) =>
    box.command(["run", ...flags, "--rootfs", box.rootfs, ...command]);
  const env = box.environment;
  const open = (flags: readonly string[], command: readonly string[], options?: PtyOptions) =>
    new Pty(run(flags, command), { cwd: box.folder, env, ...options });
  const sh = (script: string, flags: readonly string[] = ["-it"]) =>
    open(flags, ["/bin/sh", "-c", script]);
  const pause = "while :; do sleep 0.05; done";

  describe("tells the program", () => {
    test("the size of the caller's terminal from its first moment on", async () => {
      await using pty = sh("stty size");
      expect(await pty.end()).toBe(0);
      expect(pty.text).toBe("33 101\r\n");
    });

    test("a new size, and that there is one", async () => {
      await using pty = sh(`trap 'stty size; exit' WINCH; echo up; ${pause}`);
      await pty.waitFor(/up/);
      pty.resize(50, 200);
      expect(await pty.end()).toBe(0);
      expect(pty.text).toBe("up\r\n50 200\r\n");
    });

    test("a name of its terminal that is there, and /dev/console is the same", async () => {
      await using pty = sh("tty; stat -c %t,%T /dev/console; stat -c %t,%T $(tty); echo $TERM");
      await pty.end();
      expect(pty.text).toBe("/dev/pts/0\r\n88,0\r\n88,0\r\nxterm\r\n");
    });

    test("that the terminal is its own, whoever it runs as", async () => {
      await using pty = sh("stat -c %U /dev/console; echo written >/dev/tty", ["-it", "-u", "web"]);
      await pty.end();
      expect(pty.text).toBe("web\r\nwritten\r\n");
    });
  });

  describe("carries", () => {
    test("what is typed, edited by the container's terminal alone", async () => {
      await using pty = sh('echo up; read line; echo "got $line"');
      await pty.waitFor(/up\r\n/);
      await pty.type("wrong\x15right\r");
      expect(await pty.end()).toBe(0);
      expect(pty.text).toEndWith("right\r\ngot right\r\n");
    });

    test("ctrl-d as the end of what is typed", async () => {
      await using pty = sh("echo up; wc -c");
      await pty.waitFor(/up\r\n/);
      await pty.type("four\r\x04");
      expect(await pty.end()).toBe(0);
      expect(pty.text).toEndWith("\r\n5\r\n");
    });

    test("what was typed before the program was there", async () => {
      await using pty = sh('read line; echo "got $line"');
      await pty.type("early\n");
      expect(await pty.end()).toBe(0);
      expect(pty.text).toEndWith("got early\r\n");
    });

    test("a paste of 4 MiB without losing a byte", async () => {
      const paste = new Uint8Array(4 * 1024 * 1024).map((_, i) => (i * 7 + (i >> 8)) & 0xff);
      await using pty = sh(`stty raw -echo; echo up; head -c ${paste.length} | sha256sum`);
      await pty.waitFor(/up/);
      await pty.type(paste);
      expect(await pty.end()).toBe(0);
      expect(pty.text).toContain(Bun.SHA256.hash(paste, "hex"));
    });

    test("100 MB of output without losing a byte, as slow as it is read", async () => {
      const copies = slowness() > 1 ? 1 : 25;
      const lines = "line of 64 bytes, as a terminal shows them to a human, with LF\n".repeat(
        62_500,
      );
      writeFileSync(box.path("lines"), lines);
      const flags = ["-it", "-v", `${box.path("lines")}:/lines:ro`];
      await using pty = sh(`for i in $(seq ${copies}); do cat /lines; done`, flags);
      const found = new Bun.CryptoHasher("sha1");
      pty.onBytes = (bytes) => void found.update(bytes);
      expect(await pty.end()).toBe(0);
      const expected = new Bun.CryptoHasher("sha1");
      const shown = lines.replaceAll("\n", "\r\n");
      for (let i = 0; i < copies; i++) expected.update(shown);
      expect(found.digest("hex")).toBe(expected.digest("hex"));
    });

    test("the last line, also of a program that ends at once", async () => {
      for (let i = 0; i < 5; i++) {
        await using pty = open(["-it"], ["seq", "1", "3000"]);
        expect(await pty.end()).toBe(0);
        expect(pty.text).toBe(Array.from({ length: 3000 }, (_, n) => `${n + 1}\r\n`).join(""));
      }
    });

    test("output again after a time when nobody had the terminal open", async () => {
      const quiet = "exec </dev/null >/dev/null 2>&1; sleep 0.3; echo back >/dev/console";
      await using pty = sh(`echo up; ${quiet}`);
      expect(await pty.end()).toBe(0);
      expect(pty.text).toBe("up\r\nback\r\n");
    });
  });

  test("ends with the program, though its children in the host's pid namespace write on", async () => {
    await using pty = sh("trap '' HUP; yes & exit 6", ["-it", "--pid", "host"]);
    pty.onBytes = () => {};
    expect(await pty.end()).toBe(6);
  });

  describe("leaves the caller's terminal as it was", () => {
    const ends: readonly (readonly [what: string, script: string, exitCode: number])[] = [
      ["when the program succeeds", "stty raw -echo", 0],
      ["when the program fails", "exit 9", 9],
    ];
    for (const [what, script, exitCode] of ends) {
      test(what, async () => {
        await using pty = sh(script);
        expect(await pty.end()).toBe(exitCode);
        expect(pty.modes()).toBe(pty.modesBefore);
      });
    }

    test("when the program is killed from outside", async () => {
      const pidfile = box.path("pid");
      await using pty = sh("echo up; sleep 60", ["-it", "--pidfile", pidfile]);
      await pty.waitFor(/up/);
      process.kill(Number(readFileSync(pidfile, "utf8")), "SIGKILL");
      expect(await pty.end()).toBe(137);
      expect(pty.modes()).toBe(pty.modesBefore);
    });

    test("when the program cannot be executed, before that is said", async () => {
      await using pty = open(["-it"], ["/nowhere"]);
      expect(await pty.end()).toBe(127);
      expect(pty.text).toBe('bunker: cannot run "/nowhere": no such file or directory\r\n');
      expect(pty.modes()).toBe(pty.modesBefore);
    });

    for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"] as const) {
      test(`when ${signal} ends the program by way of bunker`, async () => {
        await using pty = sh(`trap 'exit 4' ${signal.slice(3)}; echo up; ${pause}`);
        await pty.waitFor(/up/);
        expect(pty.modes()).not.toBe(pty.modesBefore);
        pty.child.kill(signal);
        expect(await pty.end()).toBe(4);
        expect(pty.modes()).toBe(pty.modesBefore);
      });
    }
  });

  describe("passes on", () => {
    test("signals that are no keys", async () => {
      const traps = ["HUP", "INT", "QUIT", "TERM"].map((s) => `trap 'echo got ${s}' ${s}`);
      await using pty = sh(`trap exit USR1; ${traps.join("; ")}; echo up; ${pause}`);
      await pty.waitFor(/up/);
      for (const signal of ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM"] as const) {
        pty.child.kill(signal);
        await pty.waitFor(new RegExp(`got ${signal.slice(3)}`));
      }
      pty.child.kill("SIGUSR1");
      expect(await pty.end()).toBe(0);
    });

    test("that the window was closed, and ends with the program", async () => {
      const script = `trap 'echo hup >/left; exit' HUP; echo up; ${pause}`;
      const left = box.path("left");
      writeFileSync(left, "");
      await using pty = sh(script, ["-it", "-v", `${left}:/left`]);
      await pty.waitFor(/up/);
      pty.close();
      await pty.child.exited;
      expect(await Bun.file(left).text()).toBe("hup\n");
    });
  });

  describe("with -t and no -i", () => {
    test("shows, takes no keys, and ctrl-c is a signal", async () => {
      await using pty = sh(`trap 'exit 3' INT; echo up; ${pause}`, ["-t"]);
      await pty.waitFor(/up/);
      expect(pty.modes()).toBe(pty.modesBefore);
      await pty.type("\x03");
      expect(await pty.end()).toBe(3);
    });

    test("writes to a pipe as a terminal would be written to", async () => {
      const outcome = await box.run(["-t"], ["/bin/sh", "-c", "echo out; tty; exit 2"]);
      expect(outcome).toEqual({ exitCode: 2, stdout: "out\r\n/dev/pts/0\r\n", stderr: "" });
    });

    test("ends when nobody reads any more", async () => {
      await using started = box.start(["run", "-t", "--rootfs", box.rootfs, "yes"]);
      const reader = started.child.stdout.getReader();
      await reader.read();
      await reader.cancel();
      expect(await started.child.exited).not.toBe(0);
    });
  });

  test("refuses -it where stdin is no terminal, in docker's words, before anything is made", async () => {
    const outcome = await box.run(["-it", "--cidfile", box.path("cid")], ["/bin/true"]);
    expect(outcome).toEqual({
      exitCode: 1,
      stdout: "",
      stderr:
        "bunker: the input device is not a TTY\n" +
        "  hint: leave out -t, or start bunker in a terminal\n",
    });
    expect(await Bun.file(box.path("cid")).exists()).toBe(false);
  });

  needsCommand("tmux", "a person at the terminal", () => {
    const start = (...command: readonly string[]) =>
      new Terminal(box.line("run", "-it", "--rootfs", box.rootfs, ...command), box.folder);

    test("has job control: ctrl-z, fg, and ctrl-c for the foreground job alone", async () => {
      using terminal = start("/bin/sh");
      await terminal.waitFor(/#$/);
      // It says itself when it is the foreground job: no key is pressed too early.
      terminal.type(`sh -c 'trap "echo resumed" CONT; echo started; ${pause}'`);
      await terminal.waitFor(/^started$/m);
      terminal.press("C-z");
      await terminal.waitFor(/Stopped/);
      terminal.type("fg");
      await terminal.waitFor(/^resumed$/m);
      terminal.press("C-c");
      await terminal.waitFor(/\^C\n/);
      terminal.type("echo still pid $$; exit 5");
      await terminal.waitFor(/still pid 1$/m);
      await terminal.waitFor(/ended with 5/);
    });

    test("can use a program of the whole screen", async () => {
      using terminal = start("vi", "/tmp/note");
      await terminal.waitFor(/\/tmp\/note/);
      terminal.press("i");
      terminal.type("written in vi");
      await terminal.waitFor(/written in vi\n[^]*^I .*Modified/m);
      terminal.press("Escape");
      // A key that follows at once would be taken for a part of an escape sequence.
      await terminal.waitFor(/^- \/tmp\/note/m);
      terminal.type(":w");
      await terminal.waitFor(/written in vi\n[^]*'\/tmp\/note'/);
      terminal.type(":q");
      await terminal.waitFor(/ended with 0/);
    });
  });
});
