// The program that a namespace tool runs: where it may be, how this process or an agent becomes it.

import { type Step, StringArray } from "../../ffi/call.ts";
import { execve as execveCall, exitGroup, prctl } from "../../ffi/calls.ts";
import { PR } from "../../ffi/constants.ts";
import { SIG_SETMASK, sigprocmask, unignoreSignals } from "../../ffi/signal.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { execve } from "../../ffi/unistd.ts";
import { EXEC_FAILED, executablePaths } from "../container/plan-process.ts";
import { notExecuted } from "./watch.ts";

/** A command with the places where its file may be, as execvp(3) would look for it. */
export interface Program {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly paths: readonly string[];
}

/** The program of a command line, with the caller's environment; the caller's shell for none. */
export function resolveProgram(command: readonly string[]): Program {
  const argv = command.length > 0 ? command : [process.env["SHELL"] ?? "/bin/sh"];
  const env = Object.entries(process.env).map(([key, value]) => `${key}=${value ?? ""}`);
  const [name = ""] = argv;
  return { name, argv, env, paths: executablePaths(name, env) };
}

/** Replaces this process. @throws UserError with exit code 126 or 127 where it cannot */
export function becomeProgram({ name, argv, env, paths }: Program): never {
  unignoreSignals();
  sigprocmask(SIG_SETMASK, []);
  const errnos: number[] = [];
  for (const path of paths) {
    try {
      execve(path, argv, env);
    } catch (error) {
      if (!isSyscallError(error)) throw error;
      errnos.push(error.errno);
    }
  }
  throw notExecuted(name, errnos);
}

/** The batch with which an agent becomes the program, or ends with 127. */
export function planProgram({ argv, env, paths }: Program): Step[] {
  const args = new StringArray(argv);
  const variables = new StringArray(env, true);
  return [
    {
      why: "become the program that was asked for",
      calls: [
        prctl(PR.PR_SET_PDEATHSIG, 0),
        ...paths.map((path) => execveCall(path, args, variables, { tolerate: "any" })),
      ],
    },
    { why: "it could not be executed: end", calls: [exitGroup(EXEC_FAILED)] },
  ];
}

/**
 * Says why the program of planProgram() could not be executed, from the batch's results, where its
 * process ended with 127. Nothing is thrown where the program ran: then 127 is its own.
 */
export function refuseIfNotExecuted(
  { name, paths }: Program,
  results: readonly (number | undefined)[],
): void {
  const attempts = results.slice(1, 1 + paths.length);
  if (attempts.includes(undefined)) return;
  throw notExecuted(
    name,
    attempts.map((result) => -(result ?? 0)),
  );
}
