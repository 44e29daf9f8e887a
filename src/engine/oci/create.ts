// `create`: a bundle becomes a container whose init process waits at the gate, without us.

import { prepareErrno } from "../../../ffi/library.ts";
import { checkId } from "./id.ts";
import type { CreateOptions, OciGlobals } from "./options.ts";
import { replayBundle } from "./replay.ts";

/** @throws UserError, SyscallError: then nothing is left of it */
export async function createContainer(options: CreateOptions, globals: OciGlobals): Promise<void> {
  prepareErrno();
  checkId(options.id);
  const { exitCode, afterwards } = await replayBundle(options, globals, "create");
  if (exitCode !== undefined) return;
  // Start-up: of no use where it was replayed.
  await (await import("./create-anew.ts")).createAnew(options, globals);
  await afterwards?.();
}
