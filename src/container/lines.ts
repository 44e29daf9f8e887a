// Programs of calls: what the agent's records can say besides "and then": where to go on after success,
// where after an error. For loops that run without us.

import type { Call } from "../../ffi/call.ts";

/** One call and where it leads; without a label, to the next. */
export interface Line {
  readonly label?: string;
  readonly call: Call;
  readonly then?: string;
  /** After an error; the same as `then` unless said. */
  readonly otherwise?: string;
}

/** The calls with their jumps. Whatever a call answers, the program goes on. */
export function linkLines(lines: readonly Line[]): Call[] {
  const skip = (to: string | undefined, from: number): number =>
    to === undefined ? 0 : indexOf(lines, to) - from - 1;
  return lines.map(({ call, then, otherwise = then }, i) => ({
    ...call,
    tolerate: "any",
    skipAfterSuccess: skip(then, i),
    skipAfterError: skip(otherwise, i),
  }));
}

function indexOf(lines: readonly Line[], wanted: string): number {
  const index = lines.findIndex(({ label }) => label === wanted);
  if (index < 0) throw new Error(`no line is called "${wanted}"`);
  return index;
}
