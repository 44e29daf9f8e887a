// What a container has written: the log's bytes, cut by the marks of its index (see log-files.ts and
// container/plan-guardian.ts). A mark holds for the bytes from its offset to that of the next one.

import { AT, O, S } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { fileType } from "../../../ffi/files.ts";
import { statx } from "../../../ffi/stat.ts";
import { readAt } from "../../../ffi/tree.ts";
import { MARK_BYTES, STDERR_STREAM } from "../../container/plan-guardian.ts";
import { INDEX_FILE, LOG_FILE } from "./log-files.ts";

/** Bytes that came at once, from one stream. */
export interface LogPiece {
  readonly bytes: Uint8Array;
  readonly isStderr: boolean;
  readonly timeMs: number;
  readonly nanoseconds: number;
}

interface Mark {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly offset: number;
  readonly isStderr: boolean;
}

const BLOCK_BYTES = 1024 * 1024;

/** The files of a log, the oldest first: rotated ones have numbers. */
export function listLogs(folder: string): number[] {
  const numbers: number[] = [];
  for (let number = 1; fileType(`${folder}/${LOG_FILE}.${number}`) === S.S_IFREG; number++) {
    numbers.unshift(number);
  }
  numbers.push(0);
  return numbers;
}

/** One file of a log, open: as it grows there is more to read. */
export class LogReader implements Disposable {
  readonly #log: Fd;
  readonly #index: Fd;
  /** Where the next piece begins, in both files. */
  #offset = 0;
  #mark = 0;

  constructor(folder: string, number: number) {
    const suffix = number === 0 ? "" : `.${number}`;
    this.#log = open(`${folder}/${LOG_FILE}${suffix}`, O.O_RDONLY);
    this.#index = open(`${folder}/${INDEX_FILE}${suffix}`, O.O_RDONLY);
  }

  get sizeBytes(): number {
    return sizeOf(this.#log);
  }

  /** Begins with the last `count` lines of what is there. */
  skipToLast(count: number): void {
    const end = this.sizeBytes;
    this.#offset = findLastLines(this.#log, end, count);
    this.#mark = this.#findMark(this.#offset);
  }

  /** The pieces that are there and have not been read yet. */
  *pieces(): Generator<LogPiece> {
    const end = this.sizeBytes;
    while (this.#offset < end) {
      const mark = this.#readMark(this.#mark);
      const next = this.#readMark(this.#mark + 1);
      if (next !== undefined && next.offset <= this.#offset) {
        this.#mark += 1;
        continue;
      }
      const until = Math.min(next?.offset ?? end, end, this.#offset + BLOCK_BYTES);
      const bytes = new Uint8Array(until - this.#offset);
      const count = readAt(this.#log.number, bytes, this.#offset);
      if (count === 0) return;
      this.#offset += count;
      const { seconds = 0, nanoseconds = 0, isStderr = false } = mark ?? {};
      const timeMs = seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
      yield { bytes: bytes.subarray(0, count), isStderr, timeMs, nanoseconds };
    }
  }

  #readMark(number: number): Mark | undefined {
    const bytes = new Uint8Array(MARK_BYTES);
    if (readAt(this.#index.number, bytes, number * MARK_BYTES) < MARK_BYTES) return undefined;
    const view = new DataView(bytes.buffer);
    return {
      seconds: Number(view.getBigInt64(0, true)),
      nanoseconds: Number(view.getBigInt64(8, true)),
      offset: Number(view.getBigInt64(16, true)),
      isStderr: view.getInt32(24, true) === STDERR_STREAM,
    };
  }

  /** The last mark at or before an offset, by halving. */
  #findMark(offset: number): number {
    let low = 0;
    let high = Math.floor(sizeOf(this.#index) / MARK_BYTES);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#readMark(middle)?.offset ?? Infinity) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]();
    this.#index[Symbol.dispose]();
  }
}

const sizeOf = (file: Fd): number => statx(file.number, "", AT.AT_EMPTY_PATH).sizeBytes;

const NEWLINE = 10;

/** Where the last `count` lines of a file begin; a last line without its newline is one. */
function findLastLines(file: Fd, end: number, count: number): number {
  if (count === 0) return end;
  let found = 0;
  for (let blockEnd = end; blockEnd > 0;) {
    const start = Math.max(0, blockEnd - BLOCK_BYTES / 16);
    const bytes = new Uint8Array(blockEnd - start);
    readAt(file.number, bytes, start);
    for (let i = bytes.length - 1; i >= 0; i--) {
      if (bytes[i] !== NEWLINE || start + i === end - 1) continue;
      found += 1;
      if (found === count) return start + i + 1;
    }
    blockEnd = start;
  }
  return 0;
}
