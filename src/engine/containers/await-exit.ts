// How a container has ended whose init process is gone, once its guardian has written that down.

import { CARRYING_MS } from "./end-watch.ts";
import { type ExitRecord, readExit } from "./exit-file.ts";
import { type Guardian, openGuardian } from "./guardian-process.ts";
import { waitForEnd } from "./wait-for.ts";

/** How long a guardian may be kept from its next call: by the load of the machine, or a debugger. */
const WRITING_TIMEOUT_MS = 10_000;

/**
 * undefined where nobody knows, as the guardian and its deputy were killed.
 *
 * Race: the guardian reaps the init process first and writes second. Whoever comes in between finds
 * no process and no exit code.
 */
export function awaitExit(
  folder: string,
  known: Guardian | undefined,
  timeoutMs = WRITING_TIMEOUT_MS,
): ExitRecord | undefined {
  const written = readExit(folder);
  // It has become this very process, after it had written.
  if (written !== undefined || known === undefined || known.agentPid === process.pid) {
    return written;
  }
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    // Order: asked before the file is read, so that what it wrote last is seen.
    using writer = openGuardian(known, folder);
    const isOver = waitForEnd(writer, 0) || Date.now() > endMs;
    const exit = readExit(folder);
    if (exit !== undefined || isOver) return exit;
    waitForEnd(writer, CARRYING_MS);
  }
}
