// What `explain` tells, as a value: rooms of steps of calls. text.ts prints it for a person, JSON
// has all of it.

import type { Call, Step } from "../../../ffi/call.ts";
import { errnoName } from "../../../ffi/errno.ts";
import { formatArguments } from "../../../ffi/format-call.ts";

/** Who does it: bunker itself, the agent, the container's init process, or the child of a reaper. */
export type Actor = "bunker" | "agent" | "init" | "program";

export interface ExplainedCall {
  readonly name: string;
  /** As strace shows them. What stands in <…> is known only when it runs. */
  readonly args: readonly string[];
  readonly text: string;
  /** What the result is kept as. */
  readonly into?: string;
  /** The errnos after which it goes on all the same. */
  readonly tolerate?: readonly string[] | "any";
  /** How many of the following calls are left out after such an errno, or after success. */
  readonly skipAfterError?: number;
  readonly skipAfterSuccess?: number;
  /** What it is about, as the user knows it. */
  readonly path?: string;
}

export interface ExplainedStep {
  readonly who: Actor;
  readonly why: string;
  readonly calls: readonly ExplainedCall[];
  /** What is done instead after one of `on`, before the step is done again. */
  readonly fallback?: {
    readonly on: readonly string[];
    readonly why: string;
    readonly calls: readonly ExplainedCall[];
  };
}

export interface Room {
  readonly title: string;
  /** A sentence or two on what happens here and why here. */
  readonly about: string;
  readonly steps: readonly ExplainedStep[];
}

/** What the seccomp filter does with the system calls of this machine. */
export interface SeccompSummary {
  readonly instructions: number;
  /** Where the program comes from. */
  readonly origin: string;
  readonly allowed: number;
  /** By their arguments: names. */
  readonly conditional: readonly string[];
  /** By what a refused call gets: `EPERM`, `ENOSYS`, `killed` …: how many. */
  readonly refused: Readonly<Record<string, number>>;
}

export interface Explanation {
  readonly notes: readonly string[];
  readonly rooms: readonly Room[];
  readonly seccomp?: SeccompSummary;
  readonly namespaces: readonly string[];
}

/** The steps of a plan, told. */
export function explainSteps(who: Actor, steps: readonly Step[]): ExplainedStep[] {
  return steps.map(({ why, calls, fallback }) => ({
    who,
    why,
    calls: calls.map(explainCall),
    ...(fallback === undefined ? {} : { fallback: explainFallback(fallback) }),
  }));
}

function explainFallback({ on, why, calls }: NonNullable<Step["fallback"]>) {
  return { on: on.map(errnoName), why, calls: calls.map(explainCall) };
}

function explainCall(call: Call): ExplainedCall {
  const args = formatArguments(call);
  const { tolerate, skipAfterError, skipAfterSuccess, path } = call;
  return {
    ...makeCall(call.name, args),
    ...(call.into === undefined ? {} : { into: explainSlot(call) }),
    ...(tolerate === undefined ? {} : { tolerate: explainErrnos(tolerate) }),
    ...(skipAfterError === undefined ? {} : { skipAfterError }),
    ...(skipAfterSuccess === undefined ? {} : { skipAfterSuccess }),
    ...(path === undefined || path === "" ? {} : { path }),
  };
}

/** A result may go into a struct that a later call points to. */
function explainSlot({ into, intoOffset }: Call): string {
  return intoOffset === undefined ? `<${into?.label ?? ""}>` : "<a field of the struct below>";
}

function explainErrnos(errnos: readonly number[] | "any"): readonly string[] | "any" {
  return errnos === "any" ? errnos : errnos.map(errnoName);
}

/** A call of this process: no record, so its arguments are texts already. */
export function makeCall(name: string, args: readonly string[]): ExplainedCall {
  return { name, args, text: `${name}(${args.join(", ")})` };
}

/** A step of this process. */
export function bunkerStep(why: string, ...calls: readonly ExplainedCall[]): ExplainedStep {
  return { who: "bunker", why, calls };
}

/** How much there is of it: fallbacks are not counted, as they are the exception. */
export function countAll(rooms: readonly Room[]): { steps: number; calls: number } {
  const steps = rooms.flatMap((room) => room.steps);
  return { steps: steps.length, calls: steps.reduce((sum, { calls }) => sum + calls.length, 0) };
}
