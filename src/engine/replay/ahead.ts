// The programs that make the network of a replayed run. Start-up: apart, as they are to load while this
// process loads what it tells them.

import type { UndoStack } from "../../container/undo-stack.ts";
import { ProgramsAhead } from "../networks/ahead.ts";
import type { KeptNetwork } from "./kept.ts";

/** @throws UserError where `ip` is missing */
export function startAhead({ options }: KeptNetwork, undo: UndoStack): ProgramsAhead {
  const ahead = new ProgramsAhead(options);
  undo.push(() => ahead.drop());
  return ahead;
}
