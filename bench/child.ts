// Starting a program and waiting for its end, with as little of this process in between as can be:
// posix_spawn and a blocking waitid, no event loop.

import { readFileSync, writeFileSync } from "node:fs";
import { O, P_PID, W } from "../ffi/constants.ts";
import { posix_spawn } from "../ffi/spawn.ts";
import { shellStatus, waitid } from "../ffi/wait.ts";

/** The clean one that everybody is started with. */
export const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface Program {
  /** The first is an absolute path. */
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** A file for what it says on stderr. */
  readonly stderr: string;
}

/** The pid of a child with no input, whose output is thrown away. */
export function startProgram({ argv, env, stderr }: Program): number {
  const open = (fd: number, path: string, flags: number) =>
    ({ kind: "open", fd, path, flags, mode: 0o600 }) as const;
  return posix_spawn(argv[0] ?? "", argv, env, {
    fileActions: [
      open(0, "/dev/null", O.O_RDONLY),
      open(1, "/dev/null", O.O_WRONLY),
      open(2, stderr, O.O_WRONLY | O.O_CREAT | O.O_APPEND),
    ],
  });
}

/** The exit status of a child, as shells count it. */
export function waitForEnd(pid: number): number {
  const status = waitid(P_PID, pid, W.WEXITED);
  return status === undefined ? 0 : shellStatus(status);
}

/** Whether a child has ended; it can still be waited for. */
export function hasEnded(pid: number): boolean {
  return waitid(P_PID, pid, W.WEXITED | W.WNOHANG | W.WNOWAIT) !== undefined;
}

/** Throws what a program said where it ended with another status than 0. */
export function expectSuccess({ argv, stderr }: Program, status: number): void {
  if (status === 0) return;
  const said = readFileSync(stderr, "utf8").trim().slice(-1000);
  throw new Error(`exit status ${status} of: ${argv.join(" ")}\n${said}`);
}

/** Milliseconds from the start of a program to the moment that it has been waited for. */
export function timeProgram(program: Program): number {
  const startMs = performance.now();
  const pid = startProgram(program);
  const status = waitForEnd(pid);
  const ms = performance.now() - startMs;
  expectSuccess(program, status);
  return ms;
}

/** Runs a program once, with what it said before forgotten. */
export function runOnce(program: Program): void {
  writeFileSync(program.stderr, "");
  timeProgram(program);
}
