// Bytes between the caller and a container that has a guardian: what is typed goes into the container's
// stdin or terminal, what comes is read from its log. So no byte is seen twice, none is lost where the
// caller is slow or goes away, and any number of callers see the same.
//
//   keyboard ──▶ stdin fifo │ terminal ──▶ the container ──▶ guardian ──▶ log
//   screen ◀─────────────────────────────────────────────────────────────┘

import type { Fd } from "../../../ffi/fd.ts";
import { FolderWatch } from "../../../ffi/inotify.ts";
import { poll, POLL, type PollRequest } from "../../../ffi/poll.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { isTerminal } from "../../../ffi/termios.ts";
import { read, write } from "../../../ffi/unistd.ts";
import type { DetachFilter } from "./detach-keys.ts";
import type { EndWatch } from "./end-watch.ts";
import type { LogCursor } from "./log-cursor.ts";
import { watchLog } from "./log-watch.ts";
import type { LogPiece } from "./logs.ts";

export interface AttachEnds {
  readonly cursor: LogCursor;
  readonly end: EndWatch;
  readonly input?: AttachInput;
  /** Readable when the caller's terminal has another size. */
  readonly resized?: Fd;
  readonly copySize?: () => void;
  /** Which of the container's streams are shown. */
  readonly shows: { readonly stdout: boolean; readonly stderr: boolean };
}

export interface AttachInput {
  readonly keyboard: number;
  /** O_NONBLOCK; closed where the keyboard has come to its end and nobody else is to write. */
  readonly sink: Fd;
  readonly closesSink: boolean;
  readonly keys?: DetachFilter;
}

/** `closed`: nobody reads what is shown, or the caller's terminal is gone. */
export type AttachOutcome = "ended" | "detached" | "closed";

/** PIPE_BUF: what a pipe that poll(2) calls writable takes without blocking. */
const WRITE_BYTES = 4096;
/** The end of a container, or a rotation, may come unnoticed. */
const LOOK_MS = 250;
/** Kernel: before 6.6 a splice into a file tells nobody; but the mark before it does. */
const SOON_MS = 2;
const SOON_TIMES = 5;

/** Returns once the container has ended and all is shown, or its caller is gone. Blocks. */
export function pumpAttached(ends: AttachEnds): AttachOutcome {
  using watch = new FolderWatch();
  const pump = new AttachPump(ends, watch);
  for (;;) {
    const outcome = pump.turn();
    if (outcome !== undefined) return outcome;
  }
}

class AttachPump {
  #pieces: Generator<LogPiece> | undefined;
  /** What is still to be shown of the present piece. */
  #pending: Uint8Array = new Uint8Array(0);
  #screen = 1;
  #typed: Uint8Array = new Uint8Array(0);
  #keyboard: number;
  #isSinkOpen: boolean;
  #soon = SOON_TIMES;
  readonly #buffer = new Uint8Array(64 * 1024);

  constructor(
    private readonly ends: AttachEnds,
    private readonly watch: FolderWatch,
  ) {
    this.#keyboard = ends.input?.keyboard ?? -1;
    this.#isSinkOpen = ends.input !== undefined;
    watchLog(this.watch, this.ends.cursor);
  }

  /** Waits for something to do and does it. */
  turn(): AttachOutcome | undefined {
    const { end } = this.ends;
    // Order: before the log is read, so that what is read then is all.
    const isOver = end.isOver;
    if (!this.#fetch()) {
      if (isOver) return "ended";
      return this.#wait();
    }
    return this.#isPolite ? this.#wait() : this.#show(this.#pending.length);
  }

  /** With input, the caller must not be kept from typing by a screen that is slow. */
  get #isPolite(): boolean {
    return this.#isSinkOpen;
  }

  /** True where there is something to show. */
  #fetch(): boolean {
    while (this.#pending.length === 0) {
      const isFresh = this.#pieces === undefined;
      this.#pieces ??= this.ends.cursor.pieces(false);
      const { value, done } = this.#pieces.next();
      if (done === true) {
        this.#pieces = undefined;
        // One that was begun before knows nothing of what was written since.
        if (isFresh) return false;
        continue;
      }
      const { stdout, stderr } = this.ends.shows;
      if (!(value.isStderr ? stderr : stdout)) continue;
      this.#pending = value.bytes;
      this.#screen = value.isStderr ? 2 : 1;
    }
    return true;
  }

  #wait(): AttachOutcome | undefined {
    const { input, end, resized } = this.ends;
    const hasPending = this.#pending.length > 0;
    const keyboard = this.#typed.length === 0 ? this.#keyboard : -1;
    const sink = this.#typed.length > 0 ? (input?.sink.number ?? -1) : -1;
    const requests: PollRequest[] = [
      hasPending ? { fd: -1, events: 0 } : end.request,
      { fd: hasPending ? -1 : this.watch.number, events: POLL.POLLIN },
      { fd: hasPending ? this.#screen : -1, events: POLL.POLLOUT },
      { fd: keyboard, events: POLL.POLLIN },
      { fd: sink, events: POLL.POLLOUT },
      { fd: resized?.number ?? -1, events: POLL.POLLIN },
    ];
    const [, changed = 0, shown = 0, typed = 0, taken = 0, size = 0] = poll(
      requests,
      hasPending ? -1 : this.#timeoutMs(),
    );
    if (changed !== 0) {
      this.watch.clear();
      this.#soon = SOON_TIMES;
      watchLog(this.watch, this.ends.cursor);
    }
    if (size !== 0) this.#resize();
    if (taken !== 0) this.#give();
    if (typed !== 0) {
      const outcome = this.#readKeyboard();
      if (outcome !== undefined) return outcome;
    }
    return shown === 0 ? undefined : this.#show(WRITE_BYTES);
  }

  #timeoutMs(): number {
    const atEnd = this.ends.end.timeoutMs;
    if (atEnd >= 0) return atEnd;
    this.#soon = Math.max(0, this.#soon - 1);
    return this.#soon > 0 ? SOON_MS : LOOK_MS;
  }

  #show(most: number): AttachOutcome | undefined {
    try {
      const count = write(this.#screen, this.#pending.subarray(0, most));
      this.#pending = this.#pending.subarray(count);
      return undefined;
    } catch (error) {
      if (isSyscallError(error, "EAGAIN")) {
        poll([{ fd: this.#screen, events: POLL.POLLOUT }], -1);
        return undefined;
      }
      if (isSyscallError(error, "EPIPE") || isSyscallError(error, "EIO")) return "closed";
      throw error;
    }
  }

  #resize(): void {
    const { resized, copySize } = this.ends;
    try {
      if (resized !== undefined) while (read(resized.number, this.#buffer) > 0);
    } catch (error) {
      if (!isSyscallError(error, "EAGAIN")) throw error;
    }
    copySize?.();
  }

  #readKeyboard(): AttachOutcome | undefined {
    const { input } = this.ends;
    let count = 0;
    try {
      count = read(this.#keyboard, this.#buffer);
    } catch (error) {
      if (isSyscallError(error, "EAGAIN")) return undefined;
      if (!isSyscallError(error, "EIO")) throw error;
    }
    if (count === 0) return this.#endOfKeyboard();
    const typed = this.#buffer.slice(0, count);
    if (input?.keys === undefined) {
      this.#typed = typed;
      return undefined;
    }
    const { bytes, isDetached } = input.keys.pass(typed);
    this.#typed = bytes;
    if (!isDetached) return undefined;
    this.#give();
    return "detached";
  }

  /** A terminal only ends when its window is closed; a file or a pipe is merely read to its end. */
  #endOfKeyboard(): AttachOutcome | undefined {
    if (isTerminal(this.#keyboard)) return "closed";
    this.#keyboard = -1;
    this.#isSinkOpen = false;
    const { input } = this.ends;
    if (input?.closesSink === true) input.sink[Symbol.dispose]();
    return undefined;
  }

  #give(): void {
    const sink = this.ends.input?.sink.number ?? -1;
    try {
      const count = write(sink, this.#typed.subarray(0, WRITE_BYTES));
      this.#typed = this.#typed.subarray(count);
    } catch (error) {
      if (isSyscallError(error, "EAGAIN")) return;
      // Nobody reads it any more: it is as if it were read.
      if (!isSyscallError(error, "EPIPE") && !isSyscallError(error, "EIO")) throw error;
      this.#typed = new Uint8Array(0);
    }
  }
}
