// Telling of a container of `run --rm` in the foreground, by its agent: a replayed run has nothing to do
// for it. The agent puts no texts together, so that a line of its own has the time as the kernel gives it,
// and one line stands for all that happens at that moment.
//
//   byte 0       TOLD_BY_AGENT, with which no JSON begins
//   bytes 8–23   seconds and nanoseconds, clock_gettime(2)
//   then         a line of JSON: { type, actions, id, attributes }

import { AddressOf, type Call, Slot } from "../../../ffi/call.ts";
import { AT_FDCWD, close, openat } from "../../../ffi/calls.ts";
import { O } from "../../../ffi/constants.ts";
import { EVENTS_FILE } from "./event-log.ts";

export const TOLD_BY_AGENT = 1;
export const TIME_OFFSET = 8;
export const HEAD_BYTES = 24;
const TIME_BYTES = 16;
const CLOCK_REALTIME = 0;
const FILE_MODE = 0o600;

/** Several events of one moment. */
export interface AgentLine {
  readonly type: "container";
  readonly actions: readonly string[];
  readonly id: string;
  /** Without a name: the one that makeName() gives to the id. `exitCode` is that of a `die`. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The calls that write a line; what fails fails nobody. */
export function planTelling(folder: string, line: AgentLine): Call[] {
  const text = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  const bytes = new Uint8Array(HEAD_BYTES + text.length);
  bytes[0] = TOLD_BY_AGENT;
  bytes.set(text, HEAD_BYTES);
  const told = new Slot("event", bytes.length, bytes);
  const time = new Slot("time", TIME_BYTES, undefined, { of: told, byteOffset: TIME_OFFSET });
  const file = new Slot("events");
  const flags = O.O_WRONLY | O.O_APPEND | O.O_CREAT;
  const open = { into: file, tolerate: "any", skipAfterError: 2 } as const;
  return [
    {
      name: "clock_gettime",
      args: [CLOCK_REALTIME, new AddressOf(time)],
      tolerate: "any",
    },
    openat(AT_FDCWD, `${folder}/${EVENTS_FILE}`, flags, open, FILE_MODE),
    { name: "write", args: [file, new AddressOf(told), bytes.length], tolerate: "any" },
    close(file),
  ];
}
