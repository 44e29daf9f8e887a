// Whether a container that has ended is started again, and when. docker's rules: no, on-failure[:N],
// always, unless-stopped; the pause doubles from 100 ms up to a minute, and begins anew after ten
// seconds of running.

import { processStart } from "../../../ffi/agent/alive.ts";
import { launchDetached } from "./launch-detached.ts";
import type { KeptContainer, KeptStatus, KeptStore } from "./kept.ts";
import { optionsForStart } from "./start-options.ts";
import { isAwaited } from "./live.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 60_000;
const STEADY_MS = 10_000;

/** True where the policy wants it to run again. */
export function wantsRestart({ options }: KeptContainer, status: KeptStatus): boolean {
  const { restart } = options;
  if (restart === undefined || status.isStopped) return false;
  switch (restart.kind) {
    case "no":
      return false;
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      if (status.exitCode === 0) return false;
      return restart.attempts === 0 || status.restartCount < restart.attempts;
  }
}

/** Whether nobody has started it, or is about to. */
function isLeft(now: KeptStatus): boolean {
  return now.status === "exited" || (now.status === "restarting" && !isAwaited(now));
}

/** How long to wait before the next start. */
export function pauseMs({ restartCount, startedMs, finishedMs }: KeptStatus): number {
  if (finishedMs - startedMs >= STEADY_MS) return FIRST_PAUSE_MS;
  return Math.min(FIRST_PAUSE_MS * 2 ** restartCount, LONGEST_PAUSE_MS);
}

/** Waits as long as it has to, and starts the container unless somebody has stopped it meanwhile. */
export async function restartLater(
  container: KeptContainer,
  ended: KeptStatus,
  kept: KeptStore,
): Promise<void> {
  if (!wantsRestart(container, ended)) return;
  const { id } = container;
  const restarter = { pid: process.pid, start: processStart(process.pid) };
  const status: KeptStatus = { ...ended, status: "restarting", restarter };
  {
    using lock = kept.lock(id);
    if (lock === undefined || !isLeft(kept.readStatus(id))) return;
    kept.writeStatus(id, status);
  }
  await new Promise((resolve) => setTimeout(resolve, pauseMs(ended)));
  using lock = kept.lock(id);
  if (lock === undefined || kept.readStatus(id).status !== "restarting") return;
  const now = kept.read(id) ?? container;
  kept.writeStatus(id, { ...status, restartCount: status.restartCount + 1 });
  try {
    (await launchDetached(now, optionsForStart(now, kept), kept))[Symbol.dispose]();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    kept.writeStatus(id, { ...status, status: "exited", error: message, exitCode: 127 });
  }
}
