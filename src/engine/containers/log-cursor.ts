// A way through a container's log from some place on, across its rotations, as far as it is written.

import { fileType } from "../../../ffi/files.ts";
import { LOG_FOLDER } from "./log-files.ts";
import { LogHold } from "./log-hold.ts";
import { type LogPiece, LogReader } from "./logs.ts";

/** How often a pair of files is looked for that is just being made. */
const ATTEMPTS = 200;

/** Where to begin. */
export type LogStart =
  | { readonly kind: "first" }
  /** With the last lines. */
  | { readonly kind: "lines"; readonly count: number }
  /** With what is not written yet. */
  | { readonly kind: "now" };

/** Each byte once, in order. What is read while it is rotated away is read to its end. */
export class LogCursor implements Disposable {
  readonly #folder: string;
  /** The oldest first; the first one is being read. */
  readonly #readers: LogReader[];
  readonly #hold: LogHold | undefined;

  /** @param holds nothing is to be rotated away before it was read, whoever has to wait for that */
  constructor(keptFolder: string, start: LogStart, holds = false) {
    this.#folder = `${keptFolder}/${LOG_FOLDER}`;
    // Order: first, so that the files that are found now cannot be gone when they are looked for again.
    this.#hold = holds ? new LogHold(this.#folder) : undefined;
    this.#readers = this.#open(undefined);
    if (start.kind === "now") this.#skipLines(0);
    if (start.kind === "lines") this.#skipLines(start.count);
  }

  /**
   * Opens the files of a log that was not there yet when this was made.
   * Race: to be called while nobody else may take the container away, as one with --rm is gone at once.
   */
  begin(): void {
    if (this.#readers.length > 0) return;
    this.#readers.push(...this.#open(undefined));
    this.#hold?.renew();
  }

  /** What is being written to, as far as is known. */
  get present(): string {
    return `${this.#folder}/0`;
  }

  get folder(): string {
    return this.#folder;
  }

  #skipLines(count: number): void {
    let missing = count;
    for (let i = this.#readers.length - 1; i >= 0; i--) {
      const reader = this.#readers[i];
      if (reader === undefined) continue;
      const place = reader.findLastLines(missing, i === this.#readers.length - 1);
      reader.skipTo(place.offset);
      missing = place.missing;
      if (missing > 0) continue;
      for (const unwanted of this.#readers.splice(0, i)) unwanted[Symbol.dispose]();
      return;
    }
  }

  /** What is there and was not read yet. */
  *pieces(areTimesAsked: boolean): Generator<LogPiece> {
    for (;;) {
      const [reader] = this.#readers;
      if (reader !== undefined) yield* reader.pieces(areTimesAsked);
      if (this.#readers.length < 2) {
        const newer = this.#open(reader?.inode);
        if (newer.length === 0) return;
        this.#readers.push(...newer);
        this.#hold?.renew();
        if (reader === undefined) continue;
      }
      // Race: from the moment that there is a newer one nothing is added to this one; but before it may.
      if (reader !== undefined) yield* reader.pieces(areTimesAsked);
      this.#readers.shift()?.[Symbol.dispose]();
    }
  }

  /**
   * Those that are newer than the one of `inode`, which is open and so nobody else's number.
   * Race: from the newest to the oldest, as a rotation begins with the oldest: then none is missed,
   * and one that is met twice is known by its inode.
   */
  #open(inode: bigint | undefined): LogReader[] {
    const found: LogReader[] = [];
    const known = new Set<bigint>();
    let attempts = ATTEMPTS;
    for (let number = 0; ; number++) {
      let reader = LogReader.open(`${this.#folder}/${number}`);
      // Race: 0 is missing for the moment between two calls of a rotation.
      while (reader === undefined && number === 0 && fileType(`${this.#folder}/1`) !== 0) {
        if (attempts-- <= 0) break;
        reader = LogReader.open(`${this.#folder}/0`);
      }
      if (reader === undefined && number === 0) continue;
      if (reader === undefined) return found;
      if (reader.inode === inode) {
        reader[Symbol.dispose]();
        return found;
      }
      if (known.has(reader.inode)) reader[Symbol.dispose]();
      else found.unshift(reader);
      known.add(reader.inode);
    }
  }

  [Symbol.dispose](): void {
    for (const reader of this.#readers) reader[Symbol.dispose]();
    this.#hold?.[Symbol.dispose]();
  }
}
