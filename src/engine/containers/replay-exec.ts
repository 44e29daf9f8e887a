// A process that was executed before in the same container, with the same words: what a health check
// does. See ../replay/enter.ts.

import { runtime } from "#runtime";
import { O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { replayEntry } from "../replay/enter.ts";
import { type Entry, findKept, type Found, type LaunchBasis } from "../replay/kept.ts";
import { buildOf, meet, type Replay } from "../replay/launch.ts";
import { runFolder } from "../run-folder.ts";
import type { ExecOptions, ExecRequest } from "./exec.ts";

/** The exit code of the process, where it could be made from what is kept. @param begins once it has begun */
export async function replayExec(request: ExecRequest, begins: () => void): Promise<Replay> {
  const { options } = request;
  // Only of the executable can it be told whether it is the same that wrote something down.
  if (options.tty || !runtime.isCompiled() || geteuid() !== 0) return {};
  using found = findKept<LaunchBasis>(runFolder(process.env), execKey(request));
  return await meetExec(
    found,
    options,
    async () => begins,
    async (entry) => (await import("./rehearse-exec.ts")).rehearseExec(entry, request),
  );
}

/** All that was asked for, and of which start of which container. */
export function execKey({ container, record, options }: ExecRequest): string {
  const { initPid, initStart } = record;
  return `${buildOf()} ${JSON.stringify(["exec", container.id, initPid, initStart, options])}`;
}

/** What is done about one that is known whole. @param begins see replayEntry() */
export async function meetExec(
  found: Found<LaunchBasis>,
  { detach, interactive }: Pick<ExecOptions, "detach" | "interactive">,
  begins: () => Promise<() => void>,
  rehearse: (entry: Entry) => Promise<void>,
): Promise<Replay> {
  using nothing = interactive ? undefined : open("/dev/null", O.O_RDONLY);
  const streams = nothing && ([nothing.number, 1, 2] as const);
  return await meet(
    found,
    async (launch, kept) =>
      replayEntry(kept, launch, { detach, begins, ...(streams && { streams }) }),
    rehearse,
  );
}
