// `create` of a bundle that is planned here and now.

import { UndoStack } from "../../container/undo-stack.ts";
import { letWait } from "./let-wait.ts";
import { makeContainer } from "./make.ts";
import type { CreateOptions, OciGlobals } from "./options.ts";

/** @throws UserError, SyscallError: then nothing is left of it */
export async function createAnew(options: CreateOptions, globals: OciGlobals): Promise<void> {
  using undo = new UndoStack();
  const made = await makeContainer(options, globals, true, undo);
  await letWait(made, options, globals, undo);
}
