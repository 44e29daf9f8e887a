// The measurement itself: in each round everybody runs once, so that what the machine does besides
// hits all alike; and in another order each time, as it matters whom one follows: the caches are warm
// after a program of one's own kind, and the kernel still clears up after a container (1.5 ms apart
// were seen between the same program in two places of a fixed order).

import { timeProgram } from "./child.ts";
import type { Subject } from "./subjects.ts";

/** Milliseconds of each run by subject, in the order of the rounds. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/** @param pauseMs quiet time before each run */
export function runRounds(subjects: readonly Subject[], rounds: number, pauseMs: number): Samples {
  const samples: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of shuffle(subjects, round)) {
      subject.before?.();
      if (pauseMs > 0) Bun.sleepSync(pauseMs);
      (samples[subject.key] ??= []).push(timeProgram(subject.program));
    }
  }
  return samples;
}

/** The list in another order for each seed, the same one for the same seed. */
export function shuffle<T>(list: readonly T[], seed: number): T[] {
  const left = [...list];
  const shuffled: T[] = [];
  const random = randomNumbers(seed);
  while (left.length > 0) shuffled.push(...left.splice(Math.floor(random() * left.length), 1));
  return shuffled;
}

/** Numbers from 0 to below 1, the same row for the same seed: mulberry32. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
