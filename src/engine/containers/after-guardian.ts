// The command that a guardian becomes once its container has ended.

import { runtime } from "#runtime";
import { observed } from "../../../ffi/observe.ts";
import type { GuardianRequest } from "../../container/plan-guardian.ts";
import { AFTER_COMMAND } from "./after-command.ts";

/** What the guardian becomes at the end. */
export function afterCommand(id: string): GuardianRequest["after"] {
  const [path = "", ...first] = runtime.selfCommand();
  const env: string[] = [];
  for (const name of ["PATH", "HOME", "BUNKER_RUN", "BUNKER_DATA", "XDG_RUNTIME_DIR"]) {
    const value = process.env[name];
    observed("variable", name, value ?? null);
    if (value !== undefined) env.push(`${name}=${value}`);
  }
  return { path, args: [path, ...first, AFTER_COMMAND, id], env };
}
