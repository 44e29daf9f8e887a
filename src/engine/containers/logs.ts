// What a container has written: the log's bytes, cut by their marks (see log-files.ts and
// container/plan-guardian.ts). A mark holds for the bytes from its offset to that of the next one.

import { AT, O } from "../../../ffi/constants.ts";
import { open, openat } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { statx } from "../../../ffi/stat.ts";
import { readAt } from "../../../ffi/tree.ts";
import {
  BYTES_FILE,
  MARK_BYTES,
  MARKS_FILE,
  STDERR_STREAM,
} from "../../container/guardian-files.ts";

/** Bytes that came at once, from one stream. Good until the next piece is asked for. */
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
const MARKS_AT_ONCE = 512;

/** One pair of files of a log, open: as it grows there is more to read. */
export class LogReader implements Disposable {
  readonly #folder: Fd;
  readonly #log: Fd;
  readonly #index: Fd;
  readonly #marks = new MarkWindow((bytes, offset) => readAt(this.#index.number, bytes, offset));
  readonly #block = new Uint8Array(BLOCK_BYTES);
  /** Where the next piece begins, in both files. */
  #offset = 0;
  #mark = 0;

  private constructor(folder: Fd) {
    this.#folder = folder;
    // Race: by the folder, which a rotation renames as a whole.
    this.#log = openat(folder.number, BYTES_FILE, O.O_RDONLY);
    this.#index = openat(folder.number, MARKS_FILE, O.O_RDONLY);
  }

  /** undefined where there is none, or it is gone by now. */
  static open(path: string): LogReader | undefined {
    try {
      return new LogReader(open(path, O.O_RDONLY | O.O_DIRECTORY));
    } catch (error) {
      if (isSyscallError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** The same for as long as this is open. */
  get inode(): bigint {
    return statx(this.#folder.number, "", AT.AT_EMPTY_PATH).inode;
  }

  get sizeBytes(): number {
    return sizeOf(this.#log);
  }

  /** Begins with what is at the offset. */
  skipTo(offset: number): void {
    this.#offset = offset;
    this.#mark = this.#findMark(offset);
  }

  /** Where the last `count` lines begin, or how many there are less. */
  findLastLines(count: number, isLast: boolean): { offset: number; missing: number } {
    return findLastLines(this.#log, this.sizeBytes, count, isLast);
  }

  /**
   * The pieces that are there and have not been read yet.
   * @param areTimesAsked else pieces of the same stream are made one
   */
  *pieces(areTimesAsked: boolean): Generator<LogPiece> {
    const end = this.sizeBytes;
    while (this.#offset < end) {
      const most = Math.min(end, this.#offset + BLOCK_BYTES);
      const mark = this.#holding();
      let last = this.#mark;
      let next = this.#marks.at(last + 1);
      while (!areTimesAsked && next !== undefined && next.offset < most) {
        if (next.isStderr !== mark?.isStderr) break;
        last += 1;
        next = this.#marks.at(last + 1);
      }
      const bytes = this.#block.subarray(0, Math.min(next?.offset ?? end, most) - this.#offset);
      const count = readAt(this.#log.number, bytes, this.#offset);
      if (count === 0) return;
      this.#offset += count;
      const { seconds = 0, nanoseconds = 0, isStderr = false } = mark ?? {};
      this.#mark = last;
      const timeMs = seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
      yield { bytes: bytes.subarray(0, count), isStderr, timeMs, nanoseconds };
    }
  }

  /** The mark of the next byte. One that others follow at the same offset has none of its own. */
  #holding(): Mark | undefined {
    let next = this.#marks.at(this.#mark + 1);
    while (next !== undefined && next.offset <= this.#offset) {
      this.#mark += 1;
      next = this.#marks.at(this.#mark + 1);
    }
    return this.#marks.at(this.#mark);
  }

  /** The last mark at or before an offset, by halving. */
  #findMark(offset: number): number {
    let low = 0;
    let high = Math.floor(sizeOf(this.#index) / MARK_BYTES);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#marks.at(middle)?.offset ?? Infinity) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  [Symbol.dispose](): void {
    for (const fd of [this.#folder, this.#log, this.#index]) fd[Symbol.dispose]();
  }
}

/** Marks by number, read many at a time. */
class MarkWindow {
  readonly #bytes = new Uint8Array(MARKS_AT_ONCE * MARK_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  #first = 0;
  #count = 0;

  constructor(private readonly read: (bytes: Uint8Array, offset: number) => number) {}

  at(number: number): Mark | undefined {
    if (number < this.#first || number >= this.#first + this.#count) {
      this.#first = number;
      this.#count = Math.floor(this.read(this.#bytes, number * MARK_BYTES) / MARK_BYTES);
      if (this.#count <= 0) return undefined;
    }
    const at = (number - this.#first) * MARK_BYTES;
    return {
      seconds: this.#number(at),
      nanoseconds: this.#number(at + 8),
      offset: this.#number(at + 16),
      isStderr: this.#view.getInt32(at + 24, true) === STDERR_STREAM,
    };
  }

  #number(at: number): number {
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 2 ** 32;
  }
}

const sizeOf = (file: Fd): number => statx(file.number, "", AT.AT_EMPTY_PATH).sizeBytes;

const NEWLINE = 10;

/**
 * Where the last `count` lines of a file begin; a last line without its newline is one.
 * @param isLast nothing comes after it: else what is behind its last newline is no line of its own
 */
function findLastLines(
  file: Fd,
  end: number,
  count: number,
  isLast: boolean,
): { offset: number; missing: number } {
  if (count === 0) return { offset: end, missing: 0 };
  let found = 0;
  for (let blockEnd = end; blockEnd > 0;) {
    const start = Math.max(0, blockEnd - BLOCK_BYTES / 16);
    const bytes = new Uint8Array(blockEnd - start);
    readAt(file.number, bytes, start);
    for (let i = bytes.length - 1; i >= 0; i--) {
      if (bytes[i] !== NEWLINE || (isLast && start + i === end - 1)) continue;
      found += 1;
      if (found === count) return { offset: start + i + 1, missing: 0 };
    }
    blockEnd = start;
  }
  return { offset: 0, missing: count - found };
}
