// A launch, written down whole: the records of every batch as they lie in the channel, with the
// places where what is different each time belongs. Made once (write-score.ts), performed often
// (start-score.ts, perform-score.ts). What it was made from, and when it still holds, is the engine's to say.

/** Offsets in the channel: where the records of a batch begin and end. */
export type Span = readonly [first: number, end: number];

/** Where in the channel each launch has its own. */
export interface Places {
  /** The container's id, or the beginning of it. */
  readonly ids: readonly (readonly [offset: number, length: number])[];
  /** The pid of this process, as a word. */
  readonly pids: readonly number[];
  /** The descriptor of the gate, as a word. */
  readonly gates: readonly number[];
}

export interface Score extends Places {
  /** The agent's executable in hexadecimal, but for the descriptor of its channel. */
  readonly executable: string;
  /** How long the arena is, from ARENA_OFFSET on. */
  readonly arenaBytes: number;
  /** The agent's first batch: files, cgroup, namespaces, and the init process. */
  readonly agent: Span;
  /** From the init process's birth to the gate; with a latch, to the user's program. */
  readonly init: Span;
  /** From the gate to the user's program; with a latch, the end of `init`. */
  readonly exec: Span;
  /** Its attempts to execute it. */
  readonly attempts: readonly number[];
  /** Its records that may fail without any consequence. */
  readonly mayFail: readonly number[];
  /** Its records that are passed over where one before them succeeds: those have no result. */
  readonly maySkip: readonly number[];
  /** The agent's last batch, and those of its records that clear: zero where they have. */
  readonly watch: Span;
  readonly cleared: Span;
  /** Where the init process's pid will be, and the siginfo of its end. */
  readonly initPid: number;
  readonly info: number;
  /** What the agent and the init process have read of themselves in /proc/self/stat, proc(5). */
  readonly stats?: StatsScore;
  /** Where its maker stays: see plan-latch.ts. */
  readonly latch?: LatchScore;
  /** Where it is to be started later: see plan-gate.ts. */
  readonly gate?: GateScore;
  /** Where its agent becomes a guardian, by the last batch: see plan-guardian.ts. */
  readonly guardian?: GuardianScore;
}

/** The beginnings of two lines, with no newline in them. */
export interface StatsScore {
  /** Where its maker stays: else nobody asks for it. */
  readonly agent?: number;
  readonly init: number;
  readonly byteLength: number;
}

export interface GuardianScore {
  /** To be set once the container is known, which the agent waits for before it goes on. */
  readonly known: number;
  /** To be set once the init process is on record, which it waits for before it outlives the agent. */
  readonly recorded: number;
  readonly deputy: Span;
  /** Set once the guardian needs its maker no more. */
  readonly deputyPid: number;
}

export interface LatchScore {
  readonly ready: number;
  readonly open: number;
}

export interface GateScore {
  /** Set once the init process is at the gate. */
  readonly turn: number;
  /** The calls before the gate, and of those the looks for the program. */
  readonly before: Span;
  readonly looks: readonly number[];
}
