// A launch, written down whole: the records of every batch as they lie in the channel, with the
// places where what is different each time belongs. Made once (write-score.ts), performed often
// (perform-score.ts). What it was made from, and when it still holds, is the engine's to say.

/** Offsets in the channel: where the records of a batch begin and end. */
export type Span = readonly [first: number, end: number];

export interface Score {
  /** How long the arena is, from ARENA_OFFSET on. */
  readonly arenaBytes: number;
  /** Where the container's id stands, or the beginning of it. */
  readonly ids: readonly (readonly [offset: number, length: number])[];
  /** Where this process's pid stands, as a word. */
  readonly pids: readonly number[];
  /** The agent's first batch: files, cgroup, namespaces, and the init process. */
  readonly agent: Span;
  /** From the init process's birth to the gate. */
  readonly init: Span;
  /** From the gate to the user's program. */
  readonly exec: Span;
  /** The agent's last batch, and those of its records that clear: zero where they have. */
  readonly watch: Span;
  readonly cleared: Span;
  /** Where the init process's pid will be, and the siginfo of its end. */
  readonly initPid: number;
  readonly info: number;
}

/**
 * What stands in a plan for the id and the pid that a launch will have: nothing else that comes into
 * a plan looks like them.
 */
export const STAND_IN_ID = "5c0fe1d9b7a3862401fe5c0fe1d9b7a3862401fe5c0fe1d9b7a3862401fe5c0f";
export const STAND_IN_PID = 0x5eed_1d05;
