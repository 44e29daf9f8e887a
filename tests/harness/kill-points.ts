// What the courses that kill bunker at each of its system calls have in common: which calls strace saw
// in a run that nobody disturbs, and how it is told to kill at one of them.

import { readFileSync } from "node:fs";

/** 128 + SIGKILL: what strace ends with where its program was killed. */
export const KILLED = 137;

/** The n-th call of a name. */
interface Moment {
  readonly call: string;
  readonly when: number;
}

/** What was found after one kill; a good result is all empty. */
export interface Remains {
  readonly moment: string;
  readonly problems: readonly string[];
}

/** What is killed, and when. */
export interface KilledCourse {
  readonly title: string;
  /** Where strace may write. */
  readonly log: string;
  /** From which of its lines on there is anything to be killed in. */
  readonly isBegun: (line: string) => boolean;
  /** Every so-many-th call, and with which to begin. */
  readonly stride: number;
  readonly offset: number;
  /** Prepares, performs with these flags of strace, clears. Returns what was wrong. */
  readonly attempt: (flags: readonly string[]) => Promise<readonly string[]>;
}

/** Kills at one call after the other of those that are made where nobody disturbs. */
export async function killInTurn(course: KilledCourse): Promise<Remains[]> {
  const { title, log, isBegun, stride, offset, attempt } = course;
  await attempt(["-o", log]);
  const moments = readMoments(log, isBegun);
  const remains: Remains[] = [];
  for (let i = offset % stride; i < moments.length; i += stride) {
    const moment = moments[i];
    if (moment === undefined) continue;
    const problems = await attempt(killAt(moment));
    const shown = `${title}, ${describeMoment(moment)}`;
    if (problems.length > 0) remains.push({ moment: shown, problems });
  }
  return remains;
}

const describeMoment = ({ call, when }: Moment): string => `${call} no. ${when}`;

/** The flags that make strace kill its program at this call. */
const killAt = ({ call, when }: Moment): readonly string[] => [
  ...["-o", "/dev/null"],
  ...["-e", `inject=${call}:signal=KILL:when=${when}`],
];

/** The calls in a log of strace, from the first line on that `isBegun` is true for. */
function readMoments(log: string, isBegun: (line: string) => boolean): Moment[] {
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
