// The same few calls for one thing after the other (27 capabilities, eight masked paths): shown once,
// with the others by name.

import type { ExplainedCall } from "./explanation.ts";

/** Calls as they are, and how often they come again. */
export interface Fold {
  readonly calls: readonly ExplainedCall[];
  readonly again: number;
  /** What the repetitions are about. */
  readonly about: readonly string[];
}

const LONGEST_PERIOD = 8;
const FEWEST_REPETITIONS = 3;
/** Less than this is read faster than it is explained. */
const FEWEST_CALLS = 8;

interface Repetition {
  readonly period: number;
  readonly times: number;
}

const ONCE: Repetition = { period: 1, times: 1 };

/** The calls in order, repetitions folded. */
export function foldCalls(calls: readonly ExplainedCall[]): Fold[] {
  const folds: Fold[] = [];
  for (let i = 0; i < calls.length;) {
    const { period, times } = repetitionAt(calls, i);
    const shown = calls.slice(i, i + period);
    const starts = Array.from({ length: times - 1 }, (_, k) => calls[i + (k + 1) * period]);
    folds.push({ calls: shown, again: times - 1, about: listSubjects(starts, shown[0]) });
    i += period * times;
  }
  return folds;
}

/** A repetition that is as good from a later call on starts there: `a (b c a) (b c a)`. */
function repetitionAt(calls: readonly ExplainedCall[], start: number): Repetition {
  const found = longestRepetition(calls, start);
  for (let shift = 1; shift < found.period; shift++) {
    const later = longestRepetition(calls, start + shift);
    if (later.period === found.period && later.times === found.times) return ONCE;
  }
  return found;
}

/** What is repeated from `start` on: a period of one call, once, where nothing is. */
function longestRepetition(calls: readonly ExplainedCall[], start: number): Repetition {
  let best = ONCE;
  for (let period = 1; period <= LONGEST_PERIOD; period++) {
    let times = 1;
    while (isSame(calls, start, start + times * period, period)) times += 1;
    const covered = times * period;
    if (times < FEWEST_REPETITIONS || covered < FEWEST_CALLS) continue;
    if (covered > best.period * best.times) best = { period, times };
  }
  return best;
}

function isSame(
  calls: readonly ExplainedCall[],
  first: number,
  second: number,
  length: number,
): boolean {
  for (let i = 0; i < length; i++) {
    const other = calls[second + i];
    if (other === undefined || calls[first + i]?.name !== other.name) return false;
  }
  return true;
}

/** The paths of the calls; where several have the same, the arguments by which they differ. */
function listSubjects(
  calls: readonly (ExplainedCall | undefined)[],
  shown: ExplainedCall | undefined,
): string[] {
  const paths = calls.map((call) => call?.path);
  const arePaths = paths.every((path) => path !== undefined);
  if (arePaths && new Set(paths).size === calls.length) return paths;
  return calls.map(
    (call) => call?.args.findLast((arg, i) => arg !== shown?.args[i] && !arg.startsWith("<")) ?? "",
  );
}
