// A container's plan, written down as a score. Pure but for the memory that it fills.

import { Channel, type Batch } from "../../ffi/agent/channel.ts";
import { makeExecutable } from "../../ffi/agent/executable.ts";
import { ARENA_OFFSET, RECORD_BYTES } from "../../ffi/agent/layout.ts";
import { type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  AT_FDCWD,
  awaitSlot,
  close,
  compareSlot,
  exitGroup,
  openat,
  prctl,
  read,
  waitid,
} from "../../ffi/calls.ts";
import { O, P_PID, PR, W } from "../../ffi/constants.ts";
import { EAGAIN } from "../../ffi/errno.ts";
import type { ContainerPlan } from "./plan.ts";
import { planLatch } from "./plan-latch.ts";
import { type EnterPlan, makeInfoSlot, planWaitForChild } from "./plan-enter.ts";
import type { GuardianPlan } from "./plan-guardian.ts";
import type { GateScore, Places, Score, Span } from "./score.ts";
import { findPlaces, makeStandIns, type StandIn } from "./stand-ins.ts";

/** A score and its arena. */
export interface WrittenScore {
  readonly score: Score;
  readonly arena: Uint8Array<ArrayBuffer>;
}

/** A plan as it is written, for one stand-in. */
export interface WrittenPlan {
  readonly score: Omit<Score, keyof Places>;
  readonly arena: Uint8Array<ArrayBuffer>;
}

/** What is made of a launch besides its score, `made`, for the first stand-in. */
export interface Rehearsed<T> extends WrittenScore {
  readonly made: T;
  readonly standIns: readonly [StandIn, StandIn];
}

/**
 * Writes a launch down, once it has been planned for two stand-ins.
 * @param plan gives undefined for a launch that cannot be written down
 */
export async function rehearseLaunch<T>(
  idLength: number,
  plan: (standIn: StandIn) => Promise<{ written: WrittenPlan; made: T } | undefined>,
): Promise<Rehearsed<T> | undefined> {
  const standIns = makeStandIns(idLength);
  const first = await plan(standIns[0]);
  const second = first && (await plan(standIns[1]));
  if (first === undefined || second === undefined) return undefined;
  const { score, arena } = first.written;
  const places = findPlaces(arena, second.written.arena, ARENA_OFFSET, standIns);
  if (places === undefined || places.pids.length === 0) return undefined;
  return { score: { ...score, ...places }, arena, made: first.made, standIns };
}

/** What is done besides the plan. */
export interface Ends {
  /** By the agent before anything else: files, cgroup. */
  readonly first: readonly Step[];
  /** By the agent after the container's end: each call may fail. */
  readonly clear: readonly Call[];
  /** By the agent once the gate is open, and once all is cleared: none of the calls may stop it. */
  readonly tellBegin?: readonly Call[];
  readonly tellEnd?: readonly Call[];
}

/** What a score may take: the window that its performer opens at once. */
const ROOM_BYTES = 128 * 1024;

/** undefined for a plan that asks for more than the agent does by itself, or is too large. */
export function writePlan(plan: ContainerPlan, ends: Ends): WrittenPlan | undefined {
  if (!isPlain(plan)) return undefined;
  const { turn } = plan;
  return withRoom((write) =>
    turn === undefined
      ? describeWatched(plan, ends, write)
      : describeWaiting(plan, turn, ends.first, write),
  );
}

/** From its birth to its program the init process has one batch, with a latch in it. */
function describeWatched(plan: ContainerPlan, ends: Ends, write: Write): Described {
  const info = makeInfoSlot();
  const [ofAgent, ofInit] = [makeStatSlot(), makeStatSlot()];
  const first = [...ends.first, planReadStat(ofAgent)];
  const agent = write(plan.agentFirst, first, plan.agentClone);
  const setup = [planReadStat(ofInit), ...plan.initSetup.flatMap((part) => part())];
  const latch = planLatch();
  const execSteps = plan.initExec();
  const init = write(plan.initGuard, [plan.initCheck], setup, latch.steps, execSteps);
  const exec = recordsBefore(init, callsOf(execSteps).length, 0);
  const { steps, cleared, behind } = planEnd(plan.initPid, info, ends);
  const watch = write(steps);
  return {
    ...{ agent, init, exec, watch },
    ...describeExec(execSteps, exec[0]),
    cleared: recordsBefore(watch, cleared, behind),
    initPid: plan.initPid.offset,
    info: info.offset,
    stats: { agent: ofAgent.offset, init: ofInit.offset, byteLength: STAT_BYTES },
    latch: { ready: latch.ready.offset, open: latch.open.offset },
  };
}

/** Of its 52 fields more than the first 22, with the name and the start, and less than all. proc(5) */
const STAT_BYTES = 160;

const makeStatSlot = (): Slot => new Slot("stat", STAT_BYTES);

/** Kernel: seen through the host's /proc, also by who has a pid namespace of its own already. */
function planReadStat(into: Slot): Step {
  const fd = new Slot("stat");
  return {
    why: "what it is known by, for the record",
    calls: [
      openat(AT_FDCWD, "/proc/self/stat", O.O_RDONLY | O.O_CLOEXEC, { into: fd }),
      read(fd, into, STAT_BYTES),
      close(fd),
    ],
  };
}

/** It comes to a gate on disk, where its maker and the agent leave it. */
function describeWaiting(
  plan: ContainerPlan,
  turn: Slot,
  first: readonly Step[],
  write: Write,
): Described {
  const ofInit = makeStatSlot();
  const agent = write(plan.agentFirst, first, plan.agentClone);
  const setup = [planReadStat(ofInit), ...plan.initSetup.flatMap((part) => part())];
  const init = write(plan.initGuard, [plan.initCheck], setup);
  const execSteps = plan.initExec();
  const exec = write(execSteps);
  const watch = write([END]);
  return {
    ...describeGated(plan, turn, { agent, init, exec, watch }, execSteps),
    stats: { init: ofInit.offset, byteLength: STAT_BYTES },
  };
}

/** With a gate the agent's last batch clears nothing, and nobody reads there how the container ended. */
function describeGated(
  { initPid }: ContainerPlan,
  turn: Slot,
  batches: Pick<Described, "agent" | "init" | "exec" | "watch">,
  execSteps: readonly Step[],
): Described {
  const { exec, watch } = batches;
  return {
    ...batches,
    ...describeExec(execSteps, exec[0]),
    cleared: [watch[1], watch[1]],
    initPid: initPid.offset,
    info: 0,
    gate: describeGate(turn, execSteps, exec[0]),
  };
}

/** What the agent does besides the plan. */
export interface GuardedSteps {
  /** While the container is being made known. */
  readonly first: readonly Step[];
  /** Once it is, and before there is an init process. */
  readonly known: readonly Step[];
  /** Before it guards, while that one is at work. */
  readonly meanwhile: readonly Step[];
}

/**
 * A container that waits at a gate, and whose agent becomes its guardian. From its birth to the gate the
 * init process has one batch.
 */
export function writeGuardedPlan(
  plan: ContainerPlan,
  guardian: GuardianPlan,
  { first, known, meanwhile }: GuardedSteps,
): WrittenPlan | undefined {
  const { turn } = plan;
  if (!isPlain(plan) || turn === undefined) return undefined;
  return withRoom((write) => {
    const isKnown = new Slot("the container is known");
    const isRecorded = new Slot("the init process is on record");
    const wait = planWaitFor(isKnown, "what follows is for a container that others know");
    const agent = write(
      ...[plan.agentFirst, first, [wait], known],
      ...[plan.agentClone, meanwhile, guardian.settle],
    );
    const setup = plan.initSetup.flatMap((part) => part());
    const execSteps = plan.initExec();
    // Crash: at the gate it outlives the agent, which may have been killed before it could tell its pid.
    const record = planWaitFor(isRecorded, "who outlives the agent is known by its pid");
    const init = write(plan.initGuard, [plan.initCheck], setup, [record], execSteps);
    const exec = recordsBefore(init, callsOf(execSteps).length, 0);
    const watch = write(guardian.guard);
    guardian.start.offset = watch[0];
    const deputy = write(guardian.deputy);
    return {
      ...describeGated(plan, turn, { agent, init, exec, watch }, execSteps),
      guardian: {
        known: isKnown.offset,
        recorded: isRecorded.offset,
        deputy,
        deputyPid: guardian.deputyPid.offset,
      },
    };
  });
}

/** Start-up: mostly it is by then. */
const planWaitFor = (isSo: Slot, why: string): Step => ({
  why,
  calls: [awaitSlot(isSo, { tolerate: [EAGAIN] })],
});

const END: Step = { why: "all is made: end", calls: [exitGroup(0)] };

/**
 * A process that enters a container: the child is the init process of the score, which goes on to its
 * program at once. undefined for one with a terminal, or that is too large.
 */
export function writeEnterPlan(plan: EnterPlan, detached: boolean): WrittenPlan | undefined {
  if (plan.terminal !== undefined) return undefined;
  return withRoom((write) => {
    const info = makeInfoSlot();
    const agent = write(plan.agent);
    const init = write(plan.child);
    const watch = write([detached ? END : planWaitForChild(plan.childPid, info)]);
    return {
      ...{ agent, init, exec: init, watch },
      ...describeExec(plan.child, init[0]),
      cleared: [watch[1], watch[1]],
      initPid: plan.childPid.offset,
      info: info.offset,
    };
  });
}

type Write = (...steps: (readonly Step[])[]) => Span;
type Described = Omit<WrittenPlan["score"], "arenaBytes" | "executable">;

function withRoom(describe: (write: Write) => Described): WrittenPlan | undefined {
  const memory = new ArrayBuffer(ROOM_BYTES);
  const channel = new Channel((byteLength) => {
    if (byteLength > ROOM_BYTES) throw new RangeError("the plan is too large for a score");
    return memory;
  });
  try {
    const described = describe((...steps) => spanOf(channel.write(callsOf(steps.flat()))));
    const arena = new Uint8Array(memory, ARENA_OFFSET, channel.end - ARENA_OFFSET);
    const executable = makeExecutable(0).toHex();
    return { score: { executable, arenaBytes: arena.length, ...described }, arena };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Whether the agent and the init process have all that they need in the channel. */
function isPlain({ namespaces, mapped, assisted, reaper, terminal }: ContainerPlan): boolean {
  return !namespaces.newUser && (mapped ?? assisted ?? reaper ?? terminal) === undefined;
}

const SIGINFO_STATUS_OFFSET = 24;

/**
 * The agent's last batch. After any other end than exit(0) somebody may want to look at what is left
 * of the container, so then nothing is cleared.
 * @returns how many of the calls clear, and how many come behind them
 */
function planEnd(initPid: Slot, info: Slot, { clear, tellBegin = [], tellEnd = [] }: Ends) {
  const field = { of: info, byteOffset: SIGINFO_STATUS_OFFSET };
  const status = new Slot("status", 4, undefined, field);
  const otherwise = { tolerate: [EAGAIN], skipAfterError: clear.length + tellEnd.length };
  const steps: Step[] = [
    {
      why: "wait for the container's end, whatever becomes of the command line",
      calls: [prctl(PR.PR_SET_PDEATHSIG, 0), ...tellBegin, waitid(P_PID, initPid, info, W.WEXITED)],
    },
    {
      why: "clear what it leaves",
      calls: [compareSlot(status, 0, otherwise), ...clear, ...tellEnd],
    },
    { why: "end", calls: [exitGroup(0)] },
  ];
  return { steps, cleared: clear.length, behind: tellEnd.length + 1 };
}

function recordsBefore([, end]: Span, count: number, behind: number): Span {
  const last = end - behind * RECORD_BYTES;
  return [last - count * RECORD_BYTES, last];
}

const callsOf = (steps: readonly Step[]): Call[] => steps.flatMap(withFallback);

/**
 * The calls of a step. Where its target may be missing in the rootfs, the look for it may fail as well, and
 * what makes it comes behind it, before the second look.
 */
function withFallback({ calls, fallback }: Step): readonly Call[] {
  const at = calls.findIndex(isLookInside);
  const look = calls[at];
  if (look === undefined || fallback === undefined || fallback.find !== undefined) return calls;
  const instead = fallback.calls;
  const mayFail = { tolerate: fallback.on, skipAfterSuccess: instead.length + 1 };
  return [...calls.slice(0, at), { ...look, ...mayFail }, ...instead, ...calls.slice(at)];
}

const isLookInside = ({ name, tolerate }: Call): boolean =>
  name === "openat2" && tolerate === undefined;
const spanOf = ({ first, end }: Batch): Span => [first, end];

/** Which records tell whether the init process has come to the gate, and to a program behind it. */
function describeGate(turn: Slot, steps: readonly Step[], first: number): GateScore {
  let at = first;
  for (const { into } of callsOf(steps)) {
    if (into === turn) break;
    at += RECORD_BYTES;
  }
  return { turn: turn.offset, before: [first, at], looks: recordsOf(isLook, steps, first) };
}

const isLook = ({ name }: Call): boolean => name === "faccessat";
const isAttempt = ({ name }: Call): boolean => name === "execve";
const mayFail = ({ tolerate, skipAfterError = 0 }: Call): boolean =>
  tolerate !== undefined && skipAfterError === 0;

function describeExec(steps: readonly Step[], first: number) {
  return {
    attempts: recordsOf(isAttempt, steps, first),
    mayFail: recordsOf(mayFail, steps, first),
    maySkip: skippedRecords(steps, first),
  };
}

function skippedRecords(steps: readonly Step[], first: number): number[] {
  const records: number[] = [];
  callsOf(steps).forEach(({ skipAfterSuccess = 0 }, index) => {
    for (let next = 1; next <= skipAfterSuccess; next++) {
      records.push(first + (index + next) * RECORD_BYTES);
    }
  });
  return records;
}

/** The records of some calls, in a batch that begins at `first`. */
function recordsOf(
  isWanted: (call: Call) => boolean,
  steps: readonly Step[],
  first: number,
): number[] {
  const records: number[] = [];
  callsOf(steps).forEach((call, index) => {
    if (isWanted(call)) records.push(first + index * RECORD_BYTES);
  });
  return records;
}
