// `logs`: what was written, and with --follow what is written from now on, as it comes.

import { type FSWatcher, watch } from "node:fs";
import { writeBytes } from "../../../ffi/files.ts";
import { findKept } from "./find.ts";
import { KeptStore } from "./kept.ts";
import { findRecord } from "./live.ts";
import { listLogs, type LogPiece, LogReader } from "./logs.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** How many of the last lines; Infinity: all. */
  readonly tail: number;
  /** Milliseconds since 1970. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Writes the log to stdout and stderr. */
export async function followLogs(text: string, options: LogOptions): Promise<void> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const folder = kept.folder(container.id);
  const printer = new Printer(options);
  const numbers = Number.isFinite(options.tail) ? [0] : listLogs(folder);
  for (const number of numbers) {
    using reader = new LogReader(folder, number);
    if (Number.isFinite(options.tail)) reader.skipToLast(options.tail);
    if (!printer.print(reader)) return;
    if (number === 0 && options.follow) await follow(reader, container.id, folder, printer);
  }
}

async function follow(
  reader: LogReader,
  id: string,
  folder: string,
  printer: Printer,
): Promise<void> {
  let wake = (): void => {};
  // Order: watched before it is read, so that nothing comes unnoticed in between.
  const watcher: FSWatcher = watch(folder, () => wake());
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => (wake = resolve));
      if (!printer.print(reader)) return;
      if (findRecord(id) === undefined) {
        printer.print(reader);
        return;
      }
      await Promise.race([changed, pause()]);
    }
  } finally {
    watcher.close();
  }
}

/** The end of a container changes no file before its guardian has written it down. */
const LOOK_MS = 250;
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_MS));

/** Writes pieces as they were asked for. */
class Printer {
  /** For each stream, whether the next byte begins a line. */
  readonly #atLineStart = [true, true];

  constructor(readonly options: LogOptions) {}

  /** False once nothing that comes later is wanted. */
  print(reader: LogReader): boolean {
    const { sinceMs = -Infinity, untilMs = Infinity } = this.options;
    for (const piece of reader.pieces()) {
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
