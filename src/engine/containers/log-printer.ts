// Pieces of a log on stdout and stderr, as `logs` was asked for them.

import { joinBytes } from "../../../ffi/bytes.ts";
import { writeBytes } from "../../../ffi/files.ts";
import type { LogCursor } from "./log-cursor.ts";
import type { LogPiece } from "./logs.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Before each line, what its container was made to tell of itself. */
  readonly details?: boolean;
  /** How many of the last lines; Infinity: all. */
  readonly tail: number;
  /** Milliseconds since 1970. */
  readonly sinceMs?: number;
  readonly untilMs?: number;
}

/** Writes pieces as they were asked for. */
export class LogPrinter {
  /** For each stream, whether the next byte begins a line. */
  readonly #atLineStart = [true, true];

  /** @param details what stands before each line, besides the time */
  constructor(
    readonly options: LogOptions,
    readonly details: string,
  ) {}

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
    const stamp = this.options.timestamps ? formatStamp(piece) : "";
    const prefix = stamp + this.details;
    return prefix === "" ? piece.bytes : this.#withPrefix(piece, new TextEncoder().encode(prefix));
  }

  #withPrefix({ bytes, isStderr }: LogPiece, prefix: Uint8Array): Uint8Array {
    const stream = isStderr ? 1 : 0;
    const parts: Uint8Array[] = [];
    let start = 0;
    while (start < bytes.length) {
      if (this.#atLineStart[stream] === true) parts.push(prefix);
      const newline = bytes.indexOf(NEWLINE, start);
      const end = newline < 0 ? bytes.length : newline + 1;
      parts.push(bytes.subarray(start, end));
      this.#atLineStart[stream] = newline >= 0;
      start = end;
    }
    return joinBytes(parts);
  }
}

function formatStamp({ timeMs, nanoseconds }: LogPiece): string {
  const date = new Date(timeMs).toISOString().slice(0, 19);
  return `${date}.${String(nanoseconds).padStart(9, "0")}Z `;
}

const NEWLINE = 10;
