// A process that was executed before in the same container, with the same words: what a health check
// does. See ../replay/enter.ts.

import { runtime } from "#runtime";
import { O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { replayEntry } from "../replay/enter.ts";
import { findKept, type LaunchBasis } from "../replay/kept.ts";
import { buildOf, meet, type Replay } from "../replay/launch.ts";
import { runFolder } from "../run-folder.ts";
import type { ExecRequest } from "./exec.ts";

/** The exit code of the process, where it could be made from what is kept. @param begins before it starts */
export async function replayExec(request: ExecRequest, begins: () => void): Promise<Replay> {
  const { container, record, options } = request;
  // Only of the executable can it be told whether it is the same that wrote something down.
  if (options.tty || !runtime.isCompiled() || geteuid() !== 0) return {};
  const { initPid, initStart } = record;
  const key = `${buildOf()} ${JSON.stringify(["exec", container.id, initPid, initStart, options])}`;
  using found = findKept<LaunchBasis>(runFolder(process.env), key);
  using nothing = options.interactive ? undefined : open("/dev/null", O.O_RDONLY);
  const streams = nothing && ([nothing.number, 1, 2] as const);
  const { detach } = options;
  return await meet(
    found,
    async (launch, kept) =>
      replayEntry(kept, launch, { detach, begins, ...(streams && { streams }) }),
    async (entry) => (await import("./rehearse-exec.ts")).rehearseExec(entry, request),
  );
}
