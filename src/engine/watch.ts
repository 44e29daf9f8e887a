// Waiting for a container in the foreground: signals are passed on, and the exit status is told as
// docker tells it. With a terminal there is more to do: see terminal.ts.

import { INIT_PAGE, PROGRAM_PAGE } from "../../ffi/agent/performer.ts";
import type { Step } from "../../ffi/call.ts";
import {
  EACCES,
  EISDIR,
  ELOOP,
  ENOENT,
  ENOEXEC,
  ENOTDIR,
  EPERM,
  errnoMessage,
} from "../../ffi/errno.ts";
import { forwardSignals } from "../../ffi/forward-signals.ts";
import { pidfd_open } from "../../ffi/signal.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";
import {
  type Created,
  type ExitStatus,
  type ExitWatch,
  reap,
  type Results,
} from "../container/launch.ts";
import { EXEC_FAILED } from "../container/plan-process.ts";
import { UserError } from "../errors.ts";
import type { JoinedTerminal } from "./terminal.ts";
import type { Prepared } from "./prepare.ts";

export interface WatchOptions {
  /** Called once while the container runs. */
  readonly onIdle: () => void;
  /** Where the container's terminal is shown; without one it has the caller's own streams. */
  readonly terminal: JoinedTerminal | undefined;
}

/** The exit status that `run` ends with. @throws UserError where the command could not be executed */
export function watchContainer(
  created: Created,
  watch: ExitWatch,
  prepared: Prepared,
  { onIdle, terminal }: WatchOptions,
): number {
  onIdle();
  // Without a terminal nothing is left to do but to wait, in one system call.
  terminal?.pump(created.agentPid);
  reap(created.agentPid);
  created.hasEnded = true;
  const status = watch.status();
  refuseIfNotExecuted(status, created, prepared);
  return status.kind === "exited" ? status.value : 128 + status.value;
}

/**
 * From here on the caller's signals are the container's.
 * Race: to be called before the gate opens. Afterwards the program may have ended already, its pid
 * be another's, and a signal in between would end this process instead.
 */
export function passSignalsOn({ initPid }: Created): void {
  forwardSignals(pidfd_open(initPid).release());
}

/**
 * Says which call failed, if the program never ran: then the init process ended itself with 127, or
 * by a signal where a seccomp filter would not even let it exit.
 */
function refuseIfNotExecuted(status: ExitStatus, created: Created, { spec }: Prepared): void {
  if (status.kind === "exited" && status.value < EXEC_FAILED) return;
  const { performer, plan } = created;
  const { reaper } = plan;
  const command = spec.process?.args[0] ?? "";
  refuseFailed(plan.initExec(), performer.results(INIT_PAGE), command);
  if (reaper !== undefined) {
    refuseFailed(reaper.program(), performer.results(PROGRAM_PAGE), command);
  }
}

/** @throws UserError, SyscallError for the call of `steps` that kept the program from running */
export function refuseFailed(steps: readonly Step[], results: Results, command: string): void {
  const errnos: number[] = [];
  let index = 0;
  for (const { calls } of steps) {
    for (const call of calls) {
      const result = results[index];
      index += 1;
      if (call.name !== "execve") {
        if (result !== undefined && result < 0 && call.tolerate === "any")
          throwRefused(call.name, -result, call.path);
      } else if (result === undefined) {
        // This one never came back: the program ran, and 127 is its own.
        return;
      } else {
        errnos.push(-result);
      }
    }
  }
  if (errnos.length === 0) return;
  throw notExecuted(command, errnos);
}

function throwRefused(name: string, errno: number, path: string | undefined): never {
  throw new SyscallError(name, errno, path === undefined ? {} : { path });
}

/** What execvp(3) goes on after, to the next folder of PATH, and may hide another reason. */
const USUAL = [ENOENT, ENOTDIR, EACCES, EPERM, EISDIR, ELOOP, ENOEXEC];

/** docker's words and exit codes: 127 not found, 126 not executable. */
export function notExecuted(command: string, errnos: readonly number[]): UserError {
  if (errnos.includes(ENOEXEC)) {
    const hint = "it is neither a program for this machine nor a script with a #! line";
    return new UserError(`cannot run "${command}": ${errnoMessage(ENOEXEC)}`, hint, 126);
  }
  for (const errno of errnos) {
    if (USUAL.includes(errno)) continue;
    return new UserError(`cannot run "${command}": ${errnoMessage(errno)}`, undefined, 126);
  }
  if (errnos.includes(EACCES) || errnos.includes(EPERM)) {
    return new UserError(`cannot run "${command}": ${errnoMessage(EACCES)}`, undefined, 126);
  }
  const reason = command.includes("/")
    ? "no such file or directory"
    : "executable file not found in $PATH";
  return new UserError(`cannot run "${command}": ${reason}`, undefined, 127);
}
