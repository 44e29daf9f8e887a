// Starts a performer on steps that were planned here: what fails is described by them.

import type { Step } from "../call.ts";
import { callDetail } from "../format-call.ts";
import { posix_spawn } from "../spawn.ts";
import { makeExecutable } from "./executable.ts";
import { AGENT_PAGE, HOLDER_PAGE, INIT_PAGE, type Performer } from "./performer.ts";
import { serveCommand } from "./serve-command.ts";
import { listFileActions, type ProcessOptions, spawnAgent, startWith } from "./start.ts";

export interface StartOptions extends ProcessOptions {
  /** Which program serves the channel. */
  readonly kind: "agent" | "process";
  /** What it does first, before this process knows that it runs. */
  readonly firstSteps: readonly Step[];
  /** What its first child does at once, whoever is still there to tell it. */
  readonly childSteps?: readonly Step[];
  /** The same for a helper that it makes first. */
  readonly helperSteps?: readonly Step[];
}

/** A performer whose process has been started on `firstSteps`: `finish(AGENT_PAGE)` waits for them. */
export function startPerformer(options: StartOptions): Performer {
  const { kind, firstSteps, childSteps, helperSteps } = options;
  const post = (performer: Performer): void => {
    performer.post(AGENT_PAGE, firstSteps);
    if (childSteps !== undefined) performer.post(INIT_PAGE, childSteps);
    if (helperSteps !== undefined) performer.post(HOLDER_PAGE, helperSteps);
  };
  return startWith(options, kind === "agent" ? spawnPlanned : spawnServer, post, callDetail);
}

const spawnPlanned = (channelFd: number, options: ProcessOptions): number =>
  spawnAgent(makeExecutable(channelFd), options);

/** The in-process performer: it maps the channel at the same address and makes the same calls. */
function spawnServer(channelFd: number, options: ProcessOptions): number {
  const argv = serveCommand(channelFd, AGENT_PAGE);
  return posix_spawn(argv[0] ?? "", argv, [], {
    newSession: options.newSession ?? true,
    fileActions: listFileActions(options),
  });
}
