// The program that makes the links of a replayed run. Start-up: apart, as it is to load while this process
// loads what it tells it.

import { startIpAhead, type WaitingProgram } from "../../../network/program.ts";
import type { UndoStack } from "../../container/undo-stack.ts";
import { isThere } from "../networks/usual-network.ts";
import type { KeptNetwork } from "./kept.ts";

/** @throws UnavailableError where `ip` is missing, and a network was named */
export function startAhead(
  { options }: KeptNetwork,
  undo: UndoStack,
): WaitingProgram | "another host" {
  if (!isThere(options)) return "another host";
  const ahead = startIpAhead();
  undo.push(() => ahead.drop());
  return ahead;
}
