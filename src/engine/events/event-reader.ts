// Reading what event-log.ts has written, across a change of the file.

import { O } from "../../../ffi/constants.ts";
import { openIfThere } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { statusAt } from "../../../ffi/tree.ts";
import { read } from "../../../ffi/unistd.ts";
import { EVENTS_FILE, type EventRecord } from "./event-log.ts";
import { EventParser } from "./parse-events.ts";

/** Reads the events of a folder one after the other, across a change of the file. */
export class EventReader implements Disposable {
  #file: Fd | undefined;
  readonly #parser = new EventParser();
  readonly #path: string;

  /** @param folder must be there */
  constructor(folder: string) {
    this.#path = `${folder}/${EVENTS_FILE}`;
  }

  /** All that is there, the oldest first. To be called before next(). */
  *before(): Generator<EventRecord> {
    const earlier = openIfThere(`${this.#path}.1`, O.O_RDONLY);
    if (earlier === undefined) return;
    using file = earlier;
    yield* this.#parser.take(readAll(file.number), true);
  }

  /** Those since the last call. */
  *next(): Generator<EventRecord> {
    for (;;) {
      this.#file ??= openIfThere(this.#path, O.O_RDONLY);
      if (this.#file === undefined) return;
      // Order: looked at before the rest is read, so that nothing comes to the old file after it.
      const isOver = !this.#isPresent(this.#file);
      yield* this.#parser.take(readAll(this.#file.number), isOver);
      if (!isOver) return;
      this.#file[Symbol.dispose]();
      this.#file = undefined;
    }
  }

  #isPresent(file: Fd): boolean {
    const present = openIfThere(this.#path, O.O_RDONLY);
    if (present === undefined) return false;
    using _ = present;
    return isSameFile(file, present);
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }
}

const CHUNK_BYTES = 256 * 1024;

/** What is left of an open file. */
function readAll(fd: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const piece = new Uint8Array(CHUNK_BYTES);
    const count = read(fd, piece);
    if (count === 0) break;
    pieces.push(piece.subarray(0, count));
    length += count;
  }
  if (pieces.length === 1) return pieces[0] ?? new Uint8Array(0);
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

function isSameFile(file: Fd, other: Fd): boolean {
  const [one, two] = [statusAt(file.number, ""), statusAt(other.number, "")];
  return typeof one !== "number" && typeof two !== "number" && one.inode === two.inode;
}
