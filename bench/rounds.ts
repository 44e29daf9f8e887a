// The measurement itself: in each round everybody runs once, so that what the machine does besides
// hits all alike; each round begins with another one, so that nobody always follows the same.

import { timeProgram } from "./child.ts";
import type { Subject } from "./subjects.ts";

/** Milliseconds of each run by subject, in the order of the rounds. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** @param pauseMs quiet time before each run */
export function runRounds(subjects: readonly Subject[], rounds: number, pauseMs: number): Samples {
  const samples: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of rotate(subjects, round)) {
      subject.before?.();
      if (pauseMs > 0) Bun.sleepSync(pauseMs);
      (samples[subject.key] ??= []).push(timeProgram(subject.program));
    }
  }
  return samples;
}

/** The list from another place on. */
export function rotate<T>(list: readonly T[], by: number): T[] {
  const start = list.length === 0 ? 0 : by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}
