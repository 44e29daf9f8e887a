// signal.h, wait.h and spawn.h: starting processes, telling them things, and their end.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { O, P_ALL, P_PID, P_PIDFD, W } from "../../ffi/constants.ts";
import { open } from "../../ffi/fcntl.ts";
import * as signal from "../../ffi/signal.ts";
import { type FileAction, posix_spawn, type SpawnOptions } from "../../ffi/spawn.ts";
import { pipe2, read, write } from "../../ffi/unistd.ts";
import { decodeWaitStatus, shellStatus, waitForEnd, waitid } from "../../ffi/wait.ts";
import { inChild, refusal } from "./child.ts";
import { TemporaryFolder } from "./folder.ts";

const MISSING_PID = 2 ** 22 + 1;

const shell = (script: string, options?: SpawnOptions) =>
  posix_spawn("/bin/sh", ["sh", "-c", script], ["NAME=value"], options);

/** What the script wrote to descriptor 1, and how it ended. */
function outputOf(script: string, actions: readonly FileAction[] = [], newSession = false) {
  using folder = new TemporaryFolder();
  const path = `${folder.path}/output`;
  const flags = O.O_WRONLY | O.O_CREAT;
  const output: FileAction = { kind: "open", fd: 1, path, flags, mode: 0o600 };
  const pid = shell(script, { fileActions: [output, ...actions], newSession });
  const status = waitid(P_PID, pid, W.WEXITED);
  return [readFileSync(path, "utf8").trim(), status?.value];
}

test("waitForEnd waits for a child, and tells who is none (any more)", () => {
  const pid = shell("sleep 0.05; exit 3");
  expect(waitForEnd(pid)).toBe(true);
  expect(waitForEnd(pid)).toBe(false);
});

describe("posix_spawn", () => {
  test("runs a program with its arguments and environment", () => {
    expect(outputOf('echo "$0 $NAME $(env | wc -l)"; exit 7')).toEqual(["sh value 2", 7]);
  });

  test("performs the file actions in their order", () => {
    const directory: FileAction = { kind: "chdir", path: "/proc/self" };
    const copy: FileAction = { kind: "dup2", from: 1, to: 9 };
    const closed: FileAction = { kind: "close", fd: 1 };
    expect(outputOf("pwd >&9; echo lost 2>&-", [directory, copy, closed])[0]).toMatch(/^\/proc/);
  });

  test("makes a session of the child's own where asked to", () => {
    const script = "test $(cut -d' ' -f6 /proc/$$/stat) = $$ && echo leader || echo member";
    expect(outputOf(script, [], true)).toEqual(["leader", 0]);
    expect(outputOf(script)).toEqual(["member", 0]);
  });

  test("leaves no signal ignored or blocked, whatever the engine does", () => {
    const script = "grep -E 'SigBlk|SigIgn' /proc/self/status | cut -f2";
    expect(outputOf(script)[0]).toBe("0000000000000000\n0000000000000000");
  });

  test("refuses a missing program with ENOENT and a bad file action with EBADF", () => {
    const missing = () => posix_spawn("/missing", ["x"], []);
    expect(refusal(missing)).toBe("posix_spawn ENOENT");
    expect(missing).toThrow("posix_spawn /missing: ENOENT (no such file or directory)");
    const fileActions: FileAction[] = [{ kind: "dup2", from: 900, to: 1 }];
    expect(refusal(() => shell("true", { fileActions }))).toBe("posix_spawn EBADF");
  });
});

describe("waitid", () => {
  test("tells a code, a signal, a stop and a continuation apart", () => {
    const pid = shell("kill -STOP $$; kill -TERM $$");
    expect(waitid(P_PID, pid, W.WSTOPPED)).toMatchObject({ pid, event: "stopped", value: 19 });
    signal.kill(pid, 18);
    expect(waitid(P_PID, pid, W.WEXITED)).toMatchObject({ event: "killed", value: 15 });
  });

  test("waits through a pidfd, and with WNOHANG does not wait", () => {
    const pipe = pipe2(O.O_CLOEXEC);
    using input = pipe.read;
    using output = pipe.write;
    const pid = shell("read line; exit 3", {
      fileActions: [{ kind: "dup2", from: input.number, to: 0 }],
    });
    using pidfd = signal.pidfd_open(pid);
    expect(waitid(P_PIDFD, pidfd.number, W.WEXITED | W.WNOHANG)).toBeUndefined();
    write(output.number, new TextEncoder().encode("\n"));
    expect(waitid(P_PIDFD, pidfd.number, W.WEXITED)).toMatchObject({ pid, value: 3 });
    expect(refusal(() => signal.pidfd_send_signal(pidfd.number, 0))).toBe(
      "pidfd_send_signal ESRCH",
    );
  });

  test("refuses with ECHILD where there is no such child, with EINVAL where nothing is asked", () => {
    expect(refusal(() => waitid(P_PID, MISSING_PID, W.WEXITED))).toBe("waitid ECHILD");
    expect(refusal(() => waitid(P_ALL, 0, 0))).toBe("waitid EINVAL");
  });
});

describe("exit statuses", () => {
  test("are counted as shells count them", () => {
    expect(shellStatus({ event: "exited", value: 7 })).toBe(7);
    expect(shellStatus({ event: "killed", value: 9 })).toBe(137);
    expect(shellStatus({ event: "dumped", value: 11 })).toBe(139);
  });

  test.each([
    [0x0700, "exited", 7],
    [9, "killed", 9],
    [0x8b, "dumped", 11],
    [0x137f, "stopped", 19],
    [0xffff, "continued", 18],
  ] as const)("0x%x of wait4 is %s %d", (status, event, value) => {
    expect(decodeWaitStatus(status)).toEqual({ event, value });
  });
});

describe("names of signals", () => {
  test.each([
    ["SIGKILL", 9],
    ["kill", 9],
    ["9", 9],
    ["SIGCLD", 17],
    ["WINCH", 28],
    ["SIGSYS", 31],
    ["RTMIN", 34],
    ["SIGRTMIN+3", 37],
    ["RTMAX-2", 62],
    ["64", 64],
  ])("%s is %d", (text, number) => {
    expect(signal.signalNumber(text)).toBe(number);
  });

  test.each([
    "",
    "0",
    "65",
    "-9",
    "9x",
    "SIG",
    "SIGSIGKILL",
    "KIL",
    "RTMIN+31",
    "RTMAX-31",
    "RTMIN-1",
  ])("%p is none", (text) => {
    expect(signal.signalNumber(text)).toBeUndefined();
  });

  test("come back from every number that has one", () => {
    for (let number = 1; number <= 64; number++) {
      const name = signal.signalName(number);
      if (!name.startsWith("signal ")) expect(signal.signalNumber(name)).toBe(number);
    }
    expect([signal.signalName(32), signal.signalName(99)]).toEqual(["signal 32", "signal 99"]);
  });
});

describe("sending and blocking signals", () => {
  test("pidfd_send_signal ends the process it was opened for", () => {
    const pid = shell("sleep 20");
    using pidfd = signal.pidfd_open(pid);
    signal.pidfd_send_signal(pidfd.number, 9);
    expect(waitid(P_PID, pid, W.WEXITED)).toMatchObject({ event: "killed", value: 9 });
  });

  test("pidfd_getfd copies a descriptor of another process", () => {
    const pipe = pipe2(O.O_CLOEXEC);
    using input = pipe.read;
    using output = pipe.write;
    const pid = shell("sleep 20", {
      fileActions: [{ kind: "dup2", from: input.number, to: 0 }],
    });
    using pidfd = signal.pidfd_open(pid);
    using copy = signal.pidfd_getfd(pidfd.number, 0);
    write(output.number, new Uint8Array([42]));
    const buffer = new Uint8Array(1);
    expect([read(copy.number, buffer), buffer[0]]).toEqual([1, 42]);
    expect(refusal(() => signal.pidfd_getfd(pidfd.number, 999))).toBe("pidfd_getfd EBADF");
    signal.kill(pid, 9);
    waitid(P_PID, pid, W.WEXITED);
  });

  test("kill and pidfd_open refuse a missing process with ESRCH, an unknown signal with EINVAL", () => {
    expect(() => signal.kill(MISSING_PID, 15)).toThrow(
      "kill: ESRCH (no such process) [pid 4194305, SIGTERM]",
    );
    expect(refusal(() => signal.pidfd_open(MISSING_PID))).toBe("pidfd_open ESRCH");
    expect(refusal(() => signal.kill(process.pid, 99))).toBe("kill EINVAL");
  });

  test("a descriptor that is no pidfd is refused with EBADF", () => {
    using file = open("/dev/null", O.O_RDONLY);
    const attempt = () => signal.pidfd_send_signal(file.number, 0);
    expect(refusal(attempt)).toBe("pidfd_send_signal EBADF");
  });

  test("sigprocmask blocks, tells what was blocked, and refuses an unknown way with EINVAL", () => {
    const before = signal.sigprocmask(signal.SIG_BLOCK, [10, 40]);
    const during = signal.sigprocmask(signal.SIG_SETMASK, before);
    expect(during).toEqual([...new Set([...before, 10, 40])].sort((a, b) => a - b));
    expect(signal.sigprocmask(signal.SIG_BLOCK, [])).toEqual(before);
    expect(refusal(() => signal.sigprocmask(9, []))).toBe("sigprocmask EINVAL");
  });

  test("unignoreSignals gives what was ignored its default action", () => {
    expect(inChild("ignored-signals", "all")).toEqual([[13, 21], []]);
  });
});
