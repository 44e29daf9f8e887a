// `logs`: what was written, and with --follow what is written from now on, as it comes.

import { writeBytes } from "../../../ffi/files.ts";
import { FolderWatch } from "../../../ffi/inotify.ts";
import { poll, POLL } from "../../../ffi/poll.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { EndWatch } from "./end-watch.ts";
import { findKept } from "./find.ts";
import { KeptStore } from "./kept.ts";
import { findRecord } from "./live.ts";
import { LogCursor, type LogStart } from "./log-cursor.ts";
import { watchLog } from "./log-watch.ts";
import type { LogPiece } from "./logs.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** How many of the last lines; Infinity: all. */
  readonly tail: number;
  /** Milliseconds since 1970. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Writes the log to stdout and stderr. @throws UserError where there is none to be read */
export function followLogs(text: string, options: LogOptions): void {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  if (container.options.log?.driver === "none") {
    const message = "configured logging driver does not support reading";
    throw new UserError(message, "the container was made with --log-driver none", 1);
  }
  if (!kept.isKept(container.id)) {
    throw new UserError(
      `container ${text} has no log: its output is its caller's`,
      "leave --rm out, or add --log-driver json-file",
      1,
    );
  }
  const { tail } = options;
  const start: LogStart = Number.isFinite(tail)
    ? { kind: "lines", count: tail }
    : { kind: "first" };
  using cursor = new LogCursor(kept.folder(container.id), start);
  const printer = new Printer(options);
  try {
    if (options.follow) follow(cursor, container.id, printer);
    else printer.print(cursor);
  } catch (error) {
    // `logs | head`: who reads has seen enough.
    if (!isSyscallError(error, "EPIPE")) throw error;
  }
}

/** Until the container has ended. Blocks. */
function follow(cursor: LogCursor, id: string, printer: Printer): void {
  const record = findRecord(id);
  if (record === undefined) {
    printer.print(cursor);
    return;
  }
  using end = new EndWatch(record);
  using watch = new FolderWatch();
  for (;;) {
    // Order: watched before it is read, so that nothing comes unnoticed in between; and what is read
    // once it is over is all.
    watchLog(watch, cursor);
    const isOver = end.isOver;
    if (!printer.print(cursor) || isOver) return;
    const requests = [
      { fd: watch.number, events: POLL.POLLIN },
      end.request,
      // Kernel: an error is always told: nobody reads any more.
      { fd: 1, events: 0 },
    ];
    const timeoutMs = end.timeoutMs < 0 ? LOOK_MS : end.timeoutMs;
    const [changed = 0, , closed = 0] = poll(requests, timeoutMs);
    if (closed !== 0) return;
    if (changed !== 0) watch.clear();
  }
}

/** Kernel: before 6.6 a splice into a file tells nobody. */
const LOOK_MS = 100;

/** Writes pieces as they were asked for. */
class Printer {
  /** For each stream, whether the next byte begins a line. */
  readonly #atLineStart = [true, true];

  constructor(readonly options: LogOptions) {}

  /** False once nothing that comes later is wanted. */
  print(cursor: LogCursor): boolean {
    const { sinceMs = -Infinity, untilMs = Infinity } = this.options;
    const areTimesAsked =
      this.options.timestamps ||
      this.options.sinceMs !== undefined ||
      this.options.untilMs !== undefined;
    for (const piece of cursor.pieces(areTimesAsked)) {
      if (piece.timeMs > untilMs) return false;
      if (piece.timeMs < sinceMs) continue;
      writeBytes(piece.isStderr ? 2 : 1, this.#format(piece), "the log");
    }
    return true;
  }

  #format(piece: LogPiece): Uint8Array {
    return this.options.timestamps ? this.#withTimes(piece) : piece.bytes;
  }

  #withTimes({ bytes, isStderr, timeMs, nanoseconds }: LogPiece): Uint8Array {
    const date = new Date(timeMs).toISOString().slice(0, 19);
    const stamp = new TextEncoder().encode(`${date}.${String(nanoseconds).padStart(9, "0")}Z `);
    const stream = isStderr ? 1 : 0;
    const parts: Uint8Array[] = [];
    let start = 0;
    while (start < bytes.length) {
      if (this.#atLineStart[stream] === true) parts.push(stamp);
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 ? bytes.length : newline + 1;
      parts.push(bytes.subarray(start, end));
      this.#atLineStart[stream] = newline >= 0;
      start = end;
    }
    return concatenate(parts);
  }
}

const NEWLINE = 10;

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
