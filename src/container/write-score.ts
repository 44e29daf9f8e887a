// A container's plan, written down as a score. Pure but for the memory that it fills.

import { Channel, type Batch } from "../../ffi/agent/channel.ts";
import { ARENA_OFFSET, RECORD_BYTES } from "../../ffi/agent/layout.ts";
import { type Call, Slot, type Step } from "../../ffi/call.ts";
import { compareSlot, exitGroup, prctl, waitid } from "../../ffi/calls.ts";
import { P_PID, PR, W } from "../../ffi/constants.ts";
import { EAGAIN } from "../../ffi/errno.ts";
import { encodeText } from "../../ffi/text.ts";
import type { ContainerPlan } from "./plan.ts";
import { makeInfoSlot } from "./plan-enter.ts";
import { type Score, type Span, STAND_IN_ID, STAND_IN_PID } from "./score.ts";

/** A score and its arena. */
export interface WrittenScore {
  readonly score: Score;
  readonly arena: Uint8Array<ArrayBuffer>;
}

/** What is done besides the plan. */
export interface Ends {
  /** By the agent before anything else: files, cgroup. */
  readonly first: readonly Step[];
  /** By the agent after the container's end: each call may fail. */
  readonly clear: readonly Call[];
}

/** What a score may take: the window that its performer opens at once. */
const ROOM_BYTES = 128 * 1024;

/**
 * The score of `plan`, in which the container's id is STAND_IN_ID and the parent STAND_IN_PID.
 * @returns undefined for a plan that asks for more than the agent does by itself
 */
export function writeScore(plan: ContainerPlan, ends: Ends): WrittenScore | undefined {
  if (!isPlain(plan)) return undefined;
  const memory = new ArrayBuffer(ROOM_BYTES);
  const channel = new Channel((byteLength) => {
    if (byteLength > ROOM_BYTES) throw new RangeError("the plan is too large for a score");
    return memory;
  });
  const write = (...steps: (readonly Step[])[]): Span =>
    spanOf(channel.write(callsOf(steps.flat())));
  const info = makeInfoSlot();
  try {
    const agent = write(plan.agentFirst, ends.first, plan.agentClone);
    const setup = plan.initSetup.flatMap((part) => part());
    const init = write(plan.initGuard, [plan.initCheck], setup);
    const exec = write(plan.initExec());
    const { steps, cleared } = planEnd(plan.initPid, info, ends.clear);
    const watch = write(steps);
    const arena = new Uint8Array(memory, ARENA_OFFSET, channel.end - ARENA_OFFSET);
    const score = {
      arenaBytes: arena.length,
      ids: findIds(arena),
      pids: findPids(arena),
      ...{ agent, init, exec, watch },
      cleared: recordsBefore(watch, cleared),
      initPid: plan.initPid.offset,
      info: info.offset,
    };
    return { score, arena };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether the agent and the init process have all that they need in the channel. */
function isPlain({ namespaces, mapped, assisted, reaper, terminal, turn }: ContainerPlan): boolean {
  return !namespaces.newUser && (mapped ?? assisted ?? reaper ?? terminal ?? turn) === undefined;
}

const SIGINFO_STATUS_OFFSET = 24;

/**
 * The agent's last batch. After any other end than exit(0) somebody may want to look at what is left
 * of the container, so then nothing is cleared.
 * @returns how many of the calls, before the last one, clear
 */
function planEnd(initPid: Slot, info: Slot, clear: readonly Call[]) {
  const field = { of: info, byteOffset: SIGINFO_STATUS_OFFSET };
  const status = new Slot("status", 4, undefined, field);
  const otherwise = { tolerate: [EAGAIN], skipAfterError: clear.length };
  const steps: Step[] = [
    {
      why: "wait for the container's end, whatever becomes of the command line",
      calls: [prctl(PR.PR_SET_PDEATHSIG, 0), waitid(P_PID, initPid, info, W.WEXITED)],
    },
    { why: "clear what it leaves", calls: [compareSlot(status, 0, otherwise), ...clear] },
    { why: "end", calls: [exitGroup(0)] },
  ];
  return { steps, cleared: clear.length };
}

function recordsBefore([, end]: Span, count: number): Span {
  const behind = end - RECORD_BYTES;
  return [behind - count * RECORD_BYTES, behind];
}

const callsOf = (steps: readonly Step[]): Call[] => steps.flatMap(({ calls }) => calls);
const spanOf = ({ first, end }: Batch): Span => [first, end];

/** No part of an id that is shorter than this can be told from something else. */
const LEAST_LENGTH = 12;

function findIds(arena: Uint8Array): [number, number][] {
  const id = encodeText(STAND_IN_ID);
  const found: [number, number][] = [];
  for (let at = 0; at < arena.length; at++) {
    let length = 0;
    while (length < id.length && arena[at + length] === id[length]) length++;
    if (length < LEAST_LENGTH) continue;
    found.push([ARENA_OFFSET + at, length]);
    at += length - 1;
  }
  return found.sort(([, a], [, b]) => b - a);
}

function findPids(arena: Uint8Array<ArrayBuffer>): number[] {
  const words = new Int32Array(arena.buffer, arena.byteOffset, arena.length >> 2);
  const found: number[] = [];
  words.forEach((word, index) => {
    if (word === STAND_IN_PID) found.push(ARENA_OFFSET + index * 4);
  });
  return found;
}
