// The command that a guardian becomes once its container has ended.

import type { GuardianRequest } from "../../container/plan-guardian.ts";
import { ownCommand } from "../background.ts";
import { AFTER_COMMAND } from "./after-command.ts";

/** What the guardian becomes at the end. */
export function afterCommand(id: string): GuardianRequest["after"] {
  return ownCommand(AFTER_COMMAND, id);
}
