// Starts a performer on steps that were planned here: what fails is described by them.

import type { Step } from "../call.ts";
import { callDetail } from "../format-call.ts";
import { AGENT_PAGE, HOLDER_PAGE, INIT_PAGE, type Performer } from "./performer.ts";
import { type ProcessOptions, startWith } from "./start.ts";

export interface StartOptions extends ProcessOptions {
  /** What it does first, before this process knows that it runs. */
  readonly firstSteps: readonly Step[];
  /** What its first child does at once, whoever is still there to tell it. */
  readonly childSteps?: readonly Step[];
  /** The same for a helper that it makes first. */
  readonly helperSteps?: readonly Step[];
}

/** A performer whose process has been started on `firstSteps`: `finish(AGENT_PAGE)` waits for them. */
export function startPerformer(options: StartOptions): Performer {
  const { firstSteps, childSteps, helperSteps } = options;
  const post = (performer: Performer): void => {
    performer.post(AGENT_PAGE, firstSteps);
    if (childSteps !== undefined) performer.post(INIT_PAGE, childSteps);
    if (helperSteps !== undefined) performer.post(HOLDER_PAGE, helperSteps);
  };
  return startWith(options, post, callDetail);
}
