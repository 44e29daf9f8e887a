// Waiting for a container in the foreground: signals are passed on, the terminal is pumped, the exit
// status is told as docker tells it.

import { INIT_PAGE } from "../../ffi/agent/performer.ts";
import { EACCES, EPERM, ENOEXEC, errnoMessage } from "../../ffi/errno.ts";
import { kill } from "../../ffi/signal.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";
import { type Created, type ExitWatch, hasEnded, reap } from "../container/launch.ts";
import { EXEC_FAILED } from "../container/plan-process.ts";
import { UserError } from "../errors.ts";
import type { Prepared } from "./prepare.ts";

export interface WatchOptions {
  /** Called once while the container runs. */
  readonly onIdle: () => void;
}

/** The exit status that `run` ends with. @throws UserError where the command could not be executed */
export async function watchContainer(
  created: Created,
  watch: ExitWatch,
  prepared: Prepared,
  options: WatchOptions,
): Promise<number> {
  const { agentPid } = created;
  const stopForwarding = forwardSignals(created.initPid);
  await waitForEnd(agentPid, options.onIdle);
  stopForwarding();
  reap(agentPid);
  const { kind, value } = watch.status();
  if (kind === "exited" && value === EXEC_FAILED) refuseIfNotExecuted(created, prepared);
  return kind === "exited" ? value : 128 + value;
}

/** Resolves when the agent has ended: it does so right after the container. */
function waitForEnd(agentPid: number, onIdle: () => void): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!hasEnded(agentPid)) return;
      process.off("SIGCHLD", look);
      clearInterval(keepAlive);
      resolve();
    };
    process.on("SIGCHLD", look);
    // Race: the child may have ended before the handler was there.
    const keepAlive = setInterval(look, 1000);
    onIdle();
    look();
  });
}

/** The signals that docker's --sig-proxy passes on: all but those about children and job control. */
const FORWARDED = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGTERM",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGCONT",
  "SIGWINCH",
] as const;
const NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCONT: 18,
  SIGWINCH: 28,
};

function forwardSignals(pid: number): () => void {
  const forward = (name: string): void => {
    try {
      kill(pid, NUMBERS[name] ?? 0);
    } catch (error) {
      if (!isSyscallError(error, "ESRCH")) throw error;
    }
  };
  for (const name of FORWARDED) process.on(name, forward);
  return () => {
    for (const name of FORWARDED) process.off(name, forward);
  };
}

/** The init process itself ended with 127: says which call failed, if it was not the program. */
function refuseIfNotExecuted({ performer, plan }: Created, { spec }: Prepared): void {
  const results = performer.results(INIT_PAGE);
  const calls = plan.initExec().flatMap((step) => step.calls);
  const attempts: number[] = [];
  for (const [i, call] of calls.entries()) {
    const result = results[i];
    if (result === undefined) continue;
    if (call.name === "execve") attempts.push(-result);
    else if (result < 0 && call.skipAfterError !== undefined && call.skipAfterError > 0) {
      throw new SyscallError(
        call.name,
        -result,
        call.path === undefined ? {} : { path: call.path },
      );
    }
  }
  const executed = calls.some((call, i) => call.name === "execve" && results[i] === undefined);
  if (!executed || attempts.length === 0) {
    if (attempts.length < calls.filter((call) => call.name === "execve").length) return;
  }
  const command = spec.process?.args[0] ?? "";
  const denied = attempts.find((errno) => errno === EACCES || errno === EPERM);
  if (attempts.includes(ENOEXEC)) {
    throw new UserError(
      `cannot run "${command}": ${errnoMessage(ENOEXEC)}`,
      "it is neither a program for this machine nor a script with a #! line",
      126,
    );
  }
  if (denied !== undefined) {
    throw new UserError(`cannot run "${command}": ${errnoMessage(denied)}`, undefined, 126);
  }
  throw new UserError(
    command.includes("/")
      ? `cannot run "${command}": no such file or directory`
      : `cannot run "${command}": executable file not found in $PATH`,
    undefined,
    127,
  );
}
