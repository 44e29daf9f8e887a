// What the courses that kill bunker at each of its system calls have in common: which calls strace saw
// in a run that nobody disturbs, and how it is told to kill at one of them.

import { readFileSync } from "node:fs";

/** 128 + SIGKILL: what strace ends with where its program was killed. */
export const KILLED = 137;

/** The n-th call of a name. */
export interface Moment {
  readonly call: string;
  readonly when: number;
}

/** What was found after one kill; a good result is all empty. */
export interface Remains {
  readonly moment: string;
  readonly problems: readonly string[];
}

export const describeMoment = ({ call, when }: Moment): string => `${call} no. ${when}`;

/** The flags that make strace kill its program at this call. */
export const killAt = ({ call, when }: Moment): readonly string[] => [
  ...["-o", "/dev/null"],
  ...["-e", `inject=${call}:signal=KILL:when=${when}`],
];

/** The calls in a log of strace, from the first line on that `isBegun` is true for. */
export function readMoments(log: string, isBegun: (line: string) => boolean): Moment[] {
  const counts = new Map<string, number>();
  const moments: Moment[] = [];
  let begun = false;
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const call = /^(\w+)\(/.exec(line)?.[1];
    if (call === undefined) continue;
    const when = (counts.get(call) ?? 0) + 1;
    counts.set(call, when);
    begun ||= isBegun(line);
    if (begun) moments.push({ call, when });
  }
  return moments;
}
