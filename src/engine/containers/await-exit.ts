// How a container has ended whose init process is gone, once its guardian has written that down.

import type { ContainerRecord } from "../state-store.ts";
import { CARRYING_MS } from "./end-watch.ts";
import { type ExitRecord, readExit } from "./exit-file.ts";
import { openProcess, waitForEnd } from "./wait-for.ts";

/** How long a guardian may be kept from its next call: by the load of the machine, or a debugger. */
const WRITING_TIMEOUT_MS = 10_000;

type Guardian = Pick<ContainerRecord, "agentPid" | "agentStart">;

/**
 * undefined where nobody knows, as the guardian was killed.
 *
 * Race: the guardian reaps the init process first and writes second. Whoever comes in between finds
 * no process and no exit code.
 */
export function awaitExit(
  folder: string,
  guardian: Guardian | undefined,
  timeoutMs = WRITING_TIMEOUT_MS,
): ExitRecord | undefined {
  const written = readExit(folder);
  // It has become this very process, after it had written.
  if (written !== undefined || guardian === undefined || guardian.agentPid === process.pid) {
    return written;
  }
  using writer = openProcess(guardian.agentPid, guardian.agentStart);
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    // Order: asked before the file is read, so that what it wrote last is seen.
    const isOver = waitForEnd(writer, CARRYING_MS) || Date.now() > endMs;
    const exit = readExit(folder);
    if (exit !== undefined || isOver) return exit;
  }
}
