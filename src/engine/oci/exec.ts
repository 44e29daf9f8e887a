// `exec`: a further process in a container that is there: in its namespaces, its cgroup, and under its
// limits.

import { prepareErrno } from "../../../ffi/library.ts";
import { UserError } from "../../errors.ts";
import type { ExecOptions, OciGlobals } from "./options.ts";
import { replayExec } from "./replay-exec.ts";
import { statusOf } from "./status.ts";
import { type OciRecord, OciStore } from "./store.ts";

/**
 * @returns the process's exit code, 128 + the signal that killed it; 0 with --detach
 * @throws UserError for a container that is not there or stopped, a program that cannot be had
 */
export async function execInContainer(options: ExecOptions, globals: OciGlobals): Promise<number> {
  prepareErrno();
  const store = new OciStore(globals.root);
  const record = store.read(options.id);
  await refuseStatus(record, store.folder(options.id), options);
  const { exitCode, afterwards } = await replayExec(options, globals, record);
  if (exitCode !== undefined) return exitCode;
  // Start-up: of no use where it was replayed.
  const code = await (await import("./exec-anew.ts")).execAnew({ options, globals, record });
  await afterwards?.();
  return code;
}

async function refuseStatus(
  record: OciRecord,
  folder: string,
  { ignorePaused }: ExecOptions,
): Promise<void> {
  const status = await statusOf(record, folder);
  if (status === "stopped" || status === "creating") {
    throw new UserError("cannot exec in a stopped container", undefined, 255);
  }
  if (status === "paused" && !ignorePaused) {
    const message = "cannot exec in a paused container (use --ignore-paused to override)";
    throw new UserError(message, undefined, 255);
  }
}
