// Bytes between the caller's terminal and the container's, until the container has ended. One
// thread, one poll(2), no event loop: it is quicker to start and to answer a key, the same on every
// runtime, and reads no more than it can pass on.
//
//   keyboard ──▶ input ──▶ master ═ pty ═ the container
//   screen ◀── output ◀── master

import type { Fd } from "../../ffi/fd.ts";
import { poll, POLL, type PollRequest } from "../../ffi/poll.ts";
import { pidfd_open } from "../../ffi/signal.ts";
import { isTerminal } from "../../ffi/termios.ts";
import { Conveyor, type KeyFilter } from "./conveyor.ts";

/** What is joined. The descriptors stay the caller's, but for the master at a hang-up. */
export interface PumpEnds {
  /** The child whose end is the container's. */
  readonly pid: number;
  /** The container's terminal, O_NONBLOCK. Closed early where the caller's is gone. */
  readonly master: Fd;
  /** Where the caller types; undefined for nobody. */
  readonly keyboard: number | undefined;
  /** Where the caller reads. */
  readonly screen: number;
  /** Readable when the caller's terminal has another size. */
  readonly resized: Fd;
  readonly copySize: () => void;
  /** Finds the keys that leave the container's program alone. */
  readonly keys?: KeyFilter;
}

/** How long a terminal rests that nobody in the container holds open at the moment. */
const REST_MS = 100;
/** More than a pty holds. */
const LAST_BYTES = 1024 * 1024;

/**
 * Returns once the child has ended and what was written before is shown: false; or once the caller has
 * left it: true. Blocks this thread.
 */
export function pumpTerminal(ends: PumpEnds): boolean {
  using child = pidfd_open(ends.pid);
  const pump = new Pump(ends);
  while (!pump.turn(child.number)) if (pump.isDetached) return true;
  pump.finish();
  return false;
}

class Pump {
  readonly #input = new Conveyor();
  readonly #output = new Conveyor();
  readonly #wakeUps = new Conveyor();
  /** Undefined once either side has hung up. */
  #master: Fd | undefined;
  /** Undefined where nobody types (any more). */
  #keyboard: number | undefined;
  #resting = false;

  constructor(private readonly ends: PumpEnds) {
    this.#master = ends.master;
    this.#keyboard = ends.keyboard;
  }

  get isDetached(): boolean {
    return this.#input.isDetached;
  }

  /** Waits for something to do and does it. True where `child` (a pidfd) has ended. */
  turn(child: number): boolean {
    const { resized } = this.ends;
    const keyboard = this.#keyboard ?? -1;
    const master = this.#masterEvents();
    const [ended = 0, size = 0, typed = 0, shown = 0, ready = 0] = poll(
      [
        { fd: child, events: POLL.POLLIN },
        { fd: resized.number, events: POLL.POLLIN },
        request(keyboard, this.#master !== undefined && this.#input.isEmpty, POLL.POLLIN),
        request(this.ends.screen, !this.#output.isEmpty, POLL.POLLOUT),
        request(this.#master?.number ?? -1, master !== 0, master),
      ],
      this.#resting ? REST_MS : -1,
    );
    this.#resting = false;
    if (size !== 0) this.#resize();
    if (typed !== 0) this.#readKeyboard(keyboard);
    if (shown !== 0) this.#show();
    if (ready !== 0) this.#serveMaster(ready);
    return ended !== 0;
  }

  /** Shows what the container left in its terminal. */
  finish(): void {
    // Whoever goes on writing now is no part of the container.
    let left = LAST_BYTES;
    for (;;) {
      this.#showAll();
      if (this.#master === undefined || left <= 0) return;
      const { number: fd } = this.#master;
      // Kernel: poll also waits for bytes that are still on their way through the pty.
      const [ready = 0] = poll([{ fd, events: POLL.POLLIN }], 0);
      if ((ready & POLL.POLLIN) === 0) return;
      left -= this.#output.readFrom(fd) ?? left;
    }
  }

  /** What to wait for at the container's end. */
  #masterEvents(): number {
    if (this.#resting) return 0;
    const readable = this.#output.hasRoom ? POLL.POLLIN : 0;
    return this.#input.isEmpty ? readable : readable | POLL.POLLOUT;
  }

  #serveMaster(ready: number): void {
    if (this.#master === undefined) return;
    const { number: fd } = this.#master;
    if ((ready & POLL.POLLOUT) !== 0) this.#input.writeTo(fd);
    const isOpen =
      (ready & POLL.POLLIN) !== 0
        ? this.#output.readFrom(fd) !== undefined
        : (ready & POLL.POLLHUP) === 0;
    // Nobody in the container has its terminal open; /dev/console may be opened again.
    this.#resting = !isOpen;
  }

  #resize(): void {
    this.#wakeUps.readFrom(this.ends.resized.number);
    this.#wakeUps.clear();
    if (this.#master !== undefined) this.ends.copySize();
  }

  /** A terminal only ends when its window is closed; a file or a pipe is merely read to its end. */
  #readKeyboard(keyboard: number): void {
    const { keys } = this.ends;
    const count =
      keys === undefined ? this.#input.readFrom(keyboard) : this.#input.readThrough(keyboard, keys);
    if (count !== undefined) return;
    if (isTerminal(keyboard)) this.#hangUp();
    this.#keyboard = undefined;
  }

  #show(): void {
    if (!this.#output.writeTo(this.ends.screen)) this.#hangUp();
  }

  #showAll(): void {
    while (!this.#output.isEmpty) {
      poll([{ fd: this.ends.screen, events: POLL.POLLOUT }], -1);
      this.#show();
    }
  }

  /** As when a window is closed: the container's session gets SIGHUP, and no terminal any more. */
  #hangUp(): void {
    this.#input.clear();
    this.#output.clear();
    this.#master?.[Symbol.dispose]();
    this.#master = undefined;
  }
}

/** poll(2) passes over negative descriptors. */
function request(fd: number, wanted: boolean, events: number): PollRequest {
  return { fd: wanted ? fd : -1, events };
}
