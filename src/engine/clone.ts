// `bunker clone`: the demonstration of clone(2), a child in a UTS namespace of its own. JavaScript
// cannot go on in a copy of its process, so the agent is what is copied.

import { sethostname } from "../../ffi/calls.ts";
import { CLONE } from "../../ffi/constants.ts";
import type { CloneOptions } from "./tool-options.ts";
import { resolveProgram } from "./program.ts";
import { runInChild, startToolChild } from "./tool-child.ts";

/** The program's exit status. @throws SyscallError, UserError (126, 127) */
export async function clone({ hostname, command }: CloneOptions): Promise<number> {
  const naming = { why: "the name that only the child sees", calls: [sethostname(hostname)] };
  return runInChild(startToolChild([]), CLONE.CLONE_NEWUTS, [naming], resolveProgram(command));
}
