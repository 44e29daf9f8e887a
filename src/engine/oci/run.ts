// `run`: a container is made and started. In the foreground this process stays, hands signals and the
// terminal on, and clears everything at the end; with --detach it is `create` and `start` in a row.

import { prepareErrno } from "../../../ffi/library.ts";
import { checkId } from "./id.ts";
import type { OciGlobals, RunOptions } from "./options.ts";
import { replayBundle } from "./replay.ts";

/**
 * @returns the program's exit code, 128 + the signal that killed it; 0 with --detach
 * @throws UserError, SyscallError: then nothing is left of it
 */
export async function runContainer(options: RunOptions, globals: OciGlobals): Promise<number> {
  prepareErrno();
  checkId(options.id);
  const verb = options.detach ? "run --detach" : "run";
  const { exitCode, afterwards } = await replayBundle(options, globals, verb);
  if (exitCode !== undefined) return exitCode;
  // Start-up: of no use where it was replayed.
  const { runAnew } = await import("./run-anew.ts");
  const code = await runAnew(options, globals);
  await afterwards?.();
  return code;
}
