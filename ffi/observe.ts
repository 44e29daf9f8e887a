// What was asked of the host while something was planned, and what the answer was: whoever keeps a
// plan for later (src/engine/replay) asks the same again, and drops the plan where an answer differs.
//
// Start-up time: on the way of a run nobody listens, and each question costs one comparison.

export type Question =
  /** The text of a file, null where there is none. */
  | "text"
  /** Some lines of a file: what they have in them, a NUL, the path. */
  | "lines"
  /** The text of a file inside a root: the root, a NUL, the path. */
  | "inside"
  /** The S_IF type of what a path leads to, 0 where there is nothing. */
  | "type"
  /** Where a symlink points, null where there is none. */
  | "link"
  /** A path without symlinks. */
  | "real"
  /** The magic number of the file system at a path. */
  | "filesystem"
  /** A resource limit of this process, by number. */
  | "limit"
  /** The permitted capabilities of this process. */
  | "capabilities"
  /** The working folder. */
  | "cwd"
  /** A variable of the environment, null where it is not set. */
  | "variable"
  /** How many CPUs this process may use. */
  | "cpus";

export type Answer = string | number | null;
export type Observation = readonly [question: Question, about: string, answer: Answer];

let noted: Observation[] | undefined;

/** Tells of a question and its answer, where somebody listens. */
export function observed(question: Question, about: string, answer: Answer): void {
  noted?.push([question, about, answer]);
}

/** Whether somebody listens. */
export const isObserved = (): boolean => noted !== undefined;

/** What `work` brings, and all that it asked of the host. */
export async function observe<T>(
  work: () => Promise<T>,
): Promise<{ result: T; observations: readonly Observation[] }> {
  const observations: Observation[] = [];
  noted = observations;
  try {
    return { result: await work(), observations };
  } finally {
    noted = undefined;
  }
}
