// Reading what event-log.ts has written, across a change of the file.

import { O } from "../../../ffi/constants.ts";
import { openIfThere } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { isStill } from "../../../ffi/tree.ts";
import { read } from "../../../ffi/unistd.ts";
import { EVENTS_FILE, type EventRecord } from "./event-log.ts";
import { EventParser } from "./parse-events.ts";

const PIECE_BYTES = 256 * 1024;

/** Reads the events of a folder one after the other, across a change of the file. */
export class EventReader implements Disposable {
  #file: Fd | undefined;
  readonly #parser = new EventParser();
  readonly #piece = new Uint8Array(PIECE_BYTES);
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
    yield* this.#readOn(file.number, true);
  }

  /** Those since the last call. */
  *next(): Generator<EventRecord> {
    for (;;) {
      this.#file ??= openIfThere(this.#path, O.O_RDONLY);
      if (this.#file === undefined) return;
      // Order: looked at before the rest is read, so that nothing comes to the old file after it.
      const isOver = !isStill(this.#path, this.#file.number);
      yield* this.#readOn(this.#file.number, isOver);
      if (!isOver) return;
      this.#file[Symbol.dispose]();
      this.#file = undefined;
    }
  }

  /** What is left of an open file. @param isLast nothing comes to it any more */
  *#readOn(fd: number, isLast: boolean): Generator<EventRecord> {
    for (;;) {
      const count = read(fd, this.#piece);
      const isEnd = count === 0;
      yield* this.#parser.take(this.#piece.subarray(0, count), isLast && isEnd);
      if (isEnd) return;
    }
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }
}
