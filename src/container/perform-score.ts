// Performs a score: the launch of a container whose every record was written by an earlier process.

import { RECORD_BYTES } from "../../ffi/agent/layout.ts";
import { AGENT_PAGE, INIT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import { startWith } from "../../ffi/agent/start.ts";
import type { Results } from "./end.ts";
import type { Score } from "./score.ts";

/**
 * The agent, at work; the init process goes on from its birth to the gate by itself.
 * @param fd a file with the arena at `fileOffset`
 */
export function startScore(
  { arenaBytes, ids, pids, agent, init }: Score,
  fd: number,
  fileOffset: number,
  id: string,
): Performer {
  return startWith({ kind: "agent" }, (performer) => {
    performer.load(fd, fileOffset, arenaBytes);
    const { channel } = performer;
    channel.insert(id, ids);
    for (const offset of pids) channel.words[offset >> 2] = process.pid;
    performer.startLoaded(AGENT_PAGE, agent[0], agent[1]);
    performer.startLoaded(INIT_PAGE, init[0], init[1]);
  });
}

/** The pid of the init process, once there is one. */
export function waitForInit(performer: Performer, { initPid }: Score): number {
  performer.finish(AGENT_PAGE);
  const pid = performer.channel.words[initPid >> 2] ?? 0;
  performer.setPid(INIT_PAGE, pid);
  return pid;
}

/** Race: what failed may have failed while the agent was still making the init process. */
export function findInit(performer: Performer, { initPid }: Score): void {
  try {
    performer.finish(AGENT_PAGE);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
  const pid = performer.channel.words[initPid >> 2] ?? 0;
  // Below 0 the call has failed; 1 is nobody whom we made.
  if (pid > 1) performer.setPid(INIT_PAGE, pid);
}

/** Opens the gate. */
export function openGate(performer: Performer, { exec, watch }: Score): void {
  performer.startLoaded(INIT_PAGE, exec[0], exec[1]);
  performer.startLoaded(AGENT_PAGE, watch[0], watch[1]);
}

/** Whether the agent has cleared what the container left. */
export function hasCleared(performer: Performer, { cleared }: Score): boolean {
  for (const result of resultsOf(performer, cleared)) if (result !== 0) return false;
  return true;
}

/** What the calls of some records have brought. */
export function resultsOf({ channel }: Performer, [first, end]: Score["exec"]): Results {
  const results: (number | undefined)[] = [];
  for (let at = first; at < end; at += RECORD_BYTES) {
    results.push(channel.result({ first: at, end }, 0));
  }
  return results;
}
