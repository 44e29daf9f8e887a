// A file descriptor that closes itself: `using fd = openat2(…)`.

import { rawSyscall } from "./syscall.ts";
import { syscallNumber } from "./syscall-numbers.ts";

/** An owned file descriptor. Disposing it twice is harmless; using it afterwards is a bug of ours. */
export class Fd implements Disposable {
  #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  /** The descriptor's number. Throws once it is closed. */
  get number(): number {
    if (this.#number < 0) throw new Error("file descriptor used after it was closed");
    return this.#number;
  }

  /** Gives the descriptor away: it is the caller's to close from now on. */
  release(): number {
    const number = this.number;
    this.#number = -1;
    return number;
  }

  [Symbol.dispose](): void {
    if (this.#number < 0) return;
    // Errors of close(2) are not ours to mend: the descriptor is gone either way.
    rawSyscall(syscallNumber("close"), [this.#number]);
    this.#number = -1;
  }
}
