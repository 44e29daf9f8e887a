// `exec`: a further process in a running container: in its namespaces, its cgroup, under its limits.

import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { makeId } from "../names.ts";
import { notRunning } from "../no-such.ts";
import type { UserOption } from "../run-options.ts";
import type { ContainerRecord } from "../state-store.ts";
import { findKept } from "./find.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { lookAfter } from "./live.ts";
import { replayExec } from "./replay-exec.ts";

export interface ExecOptions {
  readonly command: readonly string[];
  readonly detach: boolean;
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly env: readonly string[];
  /** Whether variables were asked for, be it that the caller and their files had none. */
  readonly asksVariables: boolean;
  readonly user?: UserOption;
  readonly workdir?: string;
  readonly privileged: boolean;
  readonly detachKeys?: string;
}

/** A process to be executed, and where: the container is known to run. */
export interface ExecRequest {
  readonly container: KeptContainer;
  readonly record: ContainerRecord;
  readonly options: ExecOptions;
}

/** The exit code of the process; 0 with `detach`. @throws UserError */
export async function execInContainer(text: string, options: ExecOptions): Promise<number> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { status, record } = await lookAfter(container, kept);
  if (record === undefined) {
    throw notRunning(`container ${container.id} is not running`, text);
  }
  if (status === "paused") {
    throw new UserError(
      `container ${text} is paused, unpause the container before exec`,
      undefined,
      1,
    );
  }
  const execID = makeId();
  const words = describeCommand(options);
  const request = { container, record, options };
  let hasBegun = false;
  // Once, also where a replay has failed, and it is made anew.
  const begins = (): void => {
    if (hasBegun) return;
    hasBegun = true;
    tell(`exec_create: ${words}`, container, { execID });
    tell(`exec_start: ${words}`, container, { execID });
  };
  const exitCode = await execute(request, begins, () => tell("exec_detach", container, { execID }));
  if (!options.detach) tell("exec_die", container, { execID, exitCode: String(exitCode) });
  return exitCode;
}

/** docker's: a space also where nothing follows. */
export function describeCommand({ command: [program = "", ...args] }: ExecOptions): string {
  return `${program} ${args.join(" ")}`;
}

/**
 * @param begins tells that it starts
 * @param left where its caller has left it by the detach keys
 */
async function execute(
  request: ExecRequest,
  begins: () => void,
  left: () => void,
): Promise<number> {
  const { exitCode, afterwards } = await replayExec(request, begins);
  if (exitCode !== undefined) return exitCode;
  // Start-up: of no use where it was replayed.
  const code = await (await import("./exec-anew.ts")).execAnew(request, begins, left);
  await afterwards?.();
  return code;
}
