// A process that was executed before in the same container, with the same words: its batches are
// performed from what was written down then.
//
// Unlike a container, the process has no gate: the host is asked before anything starts.

import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import type { Streams } from "../../container/enter.ts";
import { startScore } from "../../container/start-score.ts";
import { stillHolds } from "./holds.ts";
import type { KeptFile, KeptLaunch, LaunchBasis } from "./kept.ts";
import type { Unmet } from "./launch.ts";

export interface Entry {
  readonly detach: boolean;
  /** The caller's own unless said. */
  readonly streams?: Streams;
  /** While the agent is at work; what comes back tells of the process, once that is its program. */
  readonly begins?: () => Promise<() => void>;
  /** Once it has become its program. */
  readonly entered?: (pid: number) => void;
}

const SIGINFO_BYTES = 128;

/** The exit code of the process; 0 with `detach`. */
export async function replayEntry(
  { fd, arenaOffset }: KeptFile<LaunchBasis>,
  { score, observations, standInId }: KeptLaunch<LaunchBasis>,
  { detach, streams, begins, entered }: Entry,
): Promise<number | Unmet> {
  if (!stillHolds(observations, standInId, standInId)) return "another host";
  const performer = startScore(score, fd, arenaOffset, "", undefined, streams);
  // Order: the agent is at work meanwhile.
  const { destroy, hasExecuted, prepareForwarder, readStatus, reap } =
    await import("./after-enter.ts");
  const tellOfIt = await begins?.();
  const forwarder = detach ? undefined : prepareForwarder();
  try {
    performer.finish(AGENT_PAGE);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    destroy(performer);
    return "failed";
  }
  const agentPid = performer.pid(AGENT_PAGE);
  const watch = (): void => performer.startLoaded(AGENT_PAGE, score.watch[0], score.watch[1]);
  if (!hasExecuted(performer, score)) {
    watch();
    reap(agentPid);
    return "failed";
  }
  const pid = performer.channel.words[score.initPid >> 2] ?? 0;
  entered?.(pid);
  // Order: before the agent waits for it, so that it is there, be it as a zombie.
  forwarder?.aim(pid);
  watch();
  forwarder?.begin();
  // Order: it runs meanwhile, and its agent waits for it.
  tellOfIt?.();
  reap(agentPid);
  if (detach) return 0;
  const { kind, value } = readStatus(performer.channel.view(score.info, SIGINFO_BYTES));
  return kind === "exited" ? value : 128 + value;
}
