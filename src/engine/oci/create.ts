// `create`: a bundle becomes a container whose init process waits at the gate, without us.

import { prepareErrno } from "../../../ffi/library.ts";
import { UndoStack } from "../../container/undo-stack.ts";
import { letWait } from "./let-wait.ts";
import { makeContainer } from "./make.ts";
import type { CreateOptions, OciGlobals } from "./options.ts";

/** @throws UserError, SyscallError: then nothing is left of it */
export async function createContainer(options: CreateOptions, globals: OciGlobals): Promise<void> {
  prepareErrno();
  using undo = new UndoStack();
  const made = await makeContainer(options, globals, true, undo);
  await letWait(made, options, globals, undo);
}
