// The bytes of the events' file → events.

import { joinBytes } from "../../../ffi/bytes.ts";
import { makeName } from "../names.ts";
import type { EventRecord } from "./event-log.ts";
import { type AgentLine, HEAD_BYTES, TIME_OFFSET, TOLD_BY_AGENT } from "./told-by-agent.ts";

const NEWLINE = 10;
const NANOSECONDS_PER_MS = 1_000_000;

/** To be given the bytes one after the other, however they are cut. */
export class EventParser {
  /** What came of a line so far. */
  #begun: Uint8Array = new Uint8Array(0);
  /** When containers were started whose agent tells of their end. */
  readonly #started = new Map<string, number>();
  readonly #decoder = new TextDecoder();

  /** @param isLast what comes next belongs to nothing of this */
  *take(more: Uint8Array, isLast: boolean): Generator<EventRecord> {
    const bytes = this.#begun.length === 0 ? more : joinBytes([this.#begun, more]);
    let at = 0;
    for (;;) {
      const start = bytes[at] === TOLD_BY_AGENT ? at + HEAD_BYTES : at;
      const end = bytes.indexOf(NEWLINE, start);
      if (end < 0) break;
      const line = this.#decoder.decode(bytes.subarray(start, end));
      if (start === at) yield* parseLine(line);
      else yield* this.#parseTold(line, timeAt(bytes, at + TIME_OFFSET));
      at = end + 1;
    }
    this.#begun = isLast ? new Uint8Array(0) : bytes.slice(at);
  }

  *#parseTold(line: string, timeMs: number): Generator<EventRecord> {
    const told = parseJson(line);
    if (!isAgentLine(told)) return;
    const { type, actions, id, attributes: all } = told;
    const { exitCode, ...given } = all;
    const attributes = { name: makeName(id, 0), ...given };
    for (const action of actions) {
      if (action === "start") this.#started.set(id, timeMs);
      if (exitCode === undefined || (action !== "die" && action !== "exec_die")) {
        yield { timeMs, type, action, id, attributes };
        continue;
      }
      if (action === "exec_die") {
        yield { timeMs, type, action, id, attributes: { ...attributes, exitCode } };
        continue;
      }
      const seconds = Math.floor((timeMs - (this.#started.get(id) ?? timeMs)) / 1000);
      this.#started.delete(id);
      const end = { execDuration: String(seconds), exitCode };
      yield { timeMs, type, action, id, attributes: { ...attributes, ...end } };
    }
  }
}

function timeAt(bytes: Uint8Array, offset: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 16);
  const seconds = Number(view.getBigInt64(0, true));
  return seconds * 1000 + Number(view.getBigInt64(8, true)) / NANOSECONDS_PER_MS;
}

function* parseLine(line: string): Generator<EventRecord> {
  const event = line === "" ? undefined : parseJson(line);
  if (isEvent(event)) yield event;
}

/** A line that a full disk has cut off is passed over. */
function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Only root writes to the file: what is there is ours. */
const isEvent = (value: unknown): value is EventRecord =>
  typeof value === "object" && value !== null && "action" in value;

const isAgentLine = (value: unknown): value is AgentLine =>
  typeof value === "object" && value !== null && "actions" in value;
