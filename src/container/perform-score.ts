// Performs a score once it was started (start-score.ts): how far it has come, and what it goes on with.

import { RECORD_BYTES } from "../../ffi/agent/layout.ts";
import { AGENT_PAGE, INIT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import { Slot } from "../../ffi/call.ts";
import { reap, type Results } from "./end.ts";
import type { GateScore, Score } from "./score.ts";

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

/**
 * Opens the gate: the init process becomes its program as soon as it is set up. From then on the agent
 * watches. Throws where something fails.
 */
export function openGate(performer: Performer, { latch, watch }: Score): void {
  if (latch === undefined) throw new Error("a container that waits");
  performer.fill(slotAt(latch.open));
  performer.awaitSlot(INIT_PAGE, slotAt(latch.ready));
  performer.startLoaded(AGENT_PAGE, watch[0], watch[1]);
}

/**
 * Lets the init process go on to the gate, and the agent end. False where something is in the way:
 * a call that failed, or no program behind the gate.
 */
export function leaveAtGate(performer: Performer, score: Score): boolean {
  const { exec, watch } = score;
  performer.startLoaded(INIT_PAGE, exec[0], exec[1]);
  if (!comesToGate(performer, score)) return false;
  performer.startLoaded(AGENT_PAGE, watch[0], watch[1]);
  reap(performer.pid(AGENT_PAGE));
  return true;
}

/** Waits until the init process is at the gate. False where something is in the way. */
export function comesToGate(performer: Performer, score: Score): boolean {
  const { gate } = score;
  if (gate === undefined) return false;
  performer.awaitSlot(INIT_PAGE, slotAt(gate.turn));
  return isThere(performer, score, gate);
}

function slotAt(offset: number): Slot {
  const slot = new Slot("");
  slot.offset = offset;
  return slot;
}

/** Lets the agent make the init process, once the container is known. */
export function goOn(performer: Performer, { guardian }: Score): void {
  if (guardian !== undefined) performer.fill(slotAt(guardian.known));
}

/** Lets the init process come to the gate, once its pid is on record. */
export function letCome(performer: Performer, { guardian }: Score): void {
  if (guardian !== undefined) performer.fill(slotAt(guardian.recorded));
}

/** The agent guards from now on, whatever becomes of us. */
export function startGuarding(performer: Performer, { watch }: Score): void {
  performer.startLoaded(AGENT_PAGE, watch[0], watch[1]);
}

/** Waits until the guardian needs us no more. */
export function awaitDeputy(performer: Performer, { guardian }: Score): void {
  if (guardian !== undefined) performer.awaitSlot(AGENT_PAGE, slotAt(guardian.deputyPid));
}

function isThere(performer: Performer, score: Score, { before, looks }: GateScore): boolean {
  if (!hasCome(performer, score, before[1])) return false;
  for (const at of looks) if (resultAt(performer, at) === 0) return true;
  return false;
}

/** Whether the process has come to the record at `end` of its last batch without a failure. */
function hasCome(performer: Performer, { exec, mayFail, maySkip }: Score, end: number): boolean {
  for (let at = exec[0]; at < end; at += RECORD_BYTES) {
    const result = resultAt(performer, at);
    if (result === undefined ? !maySkip.includes(at) : result < 0 && !mayFail.includes(at)) {
      return false;
    }
  }
  return true;
}

function resultAt({ channel }: Performer, at: number): number | undefined {
  return channel.result({ first: at, end: at + RECORD_BYTES }, 0);
}

/** Whether the agent has cleared what the container left. */
export function hasCleared(performer: Performer, { cleared }: Score): boolean {
  if (cleared[0] === cleared[1]) return false;
  for (const result of resultsOf(performer, cleared)) if (result !== 0) return false;
  return true;
}

/** Whether the user's program has run: then an attempt to execute it has never come back. */
export function hasExecuted(performer: Performer, score: Score): boolean {
  const { attempts } = score;
  const [first] = attempts;
  if (first === undefined || !hasCome(performer, score, first)) return false;
  for (const at of attempts) if (resultAt(performer, at) === undefined) return true;
  return false;
}

/** What the calls of some records have brought. */
export function resultsOf(performer: Performer, [first, end]: Score["exec"]): Results {
  const results: (number | undefined)[] = [];
  for (let at = first; at < end; at += RECORD_BYTES) results.push(resultAt(performer, at));
  return results;
}
