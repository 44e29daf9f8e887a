// The program that makes the links of a replayed run. Start-up: apart, as it is to load while this process
// loads what it tells it.

import { startIpAhead, type WaitingProgram } from "../../../network/program.ts";
import type { UndoStack } from "../../container/undo-stack.ts";

/** @throws UserError where `ip` is missing */
export function startAhead(undo: UndoStack): WaitingProgram {
  const ahead = startIpAhead();
  undo.push(() => ahead.drop());
  return ahead;
}
