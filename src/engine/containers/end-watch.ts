// Watching for the end of a running container, and for its output to be whole: when its init process
// has ended, its guardian carries what is left into the log and only then writes the end down.

import { O } from "../../../ffi/constants.ts";
import { openIfThere } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { POLL, type PollRequest } from "../../../ffi/poll.ts";
import { runFolder } from "../run-folder.ts";
import { type ContainerRecord, StateStore } from "../state-store.ts";
import { EXIT_FILE, type ExitRecord, readExitFrom } from "./exit-file.ts";
import { openGuardian } from "./guardian-process.ts";
import { openProcess, waitForEnd } from "./wait-for.ts";
import { stateFolder } from "./running-record.ts";

/** How often the end is looked for that the guardian is about to write down. */
export const CARRYING_MS = 2;

export class EndWatch implements Disposable {
  readonly #folder: string;
  readonly #init: Fd | undefined;
  #guardian: Fd | undefined;
  readonly #exit: Fd | undefined;
  readonly #own: Fd | undefined;
  #hasEnded = false;

  /** @param exit its exit file, open, as with --rm that is gone soon; else it is looked for */
  constructor(
    readonly record: ContainerRecord,
    exit?: Fd,
  ) {
    this.#init = openProcess(record.initPid, record.initStart);
    this.#folder = stateFolder(record.id);
    this.#guardian = openGuardian(record, this.#folder);
    this.#own =
      exit === undefined ? openIfThere(`${this.#folder}/${EXIT_FILE}`, O.O_RDONLY) : undefined;
    this.#exit = exit ?? this.#own;
  }

  /** A pidfd of its init process, as long as this is not disposed; undefined where it has ended. */
  get init(): number | undefined {
    return this.#init?.number;
  }

  /** To be polled for; what is to be done then is isOver's to say. */
  get request(): PollRequest {
    const fd = this.#hasEnded ? -1 : (this.#init?.number ?? -1);
    return { fd, events: POLL.POLLIN };
  }

  /** How long to wait at most until it is looked at again. */
  get timeoutMs(): number {
    return this.#hasEnded || this.#init === undefined ? CARRYING_MS : -1;
  }

  /** Whether it has ended and all that it wrote is in the log, as far as it ever will be. */
  get isOver(): boolean {
    this.#hasEnded ||= waitForEnd(this.#init, 0);
    return this.#hasEnded && (this.exit !== undefined || this.#isAlone());
  }

  /** Whether its guardian is gone, and no other has taken its place. */
  #isAlone(): boolean {
    if (!waitForEnd(this.#guardian, 0)) return false;
    this.#guardian?.[Symbol.dispose]();
    const now = new StateStore(runFolder(process.env)).readRecord(this.record.id);
    this.#guardian = now === undefined ? undefined : openGuardian(now, this.#folder);
    return this.#guardian === undefined;
  }

  /** How it has ended, once that is written down. */
  get exit(): ExitRecord | undefined {
    return this.#exit === undefined ? undefined : readExitFrom(this.#exit.number);
  }

  /** Waits until it is cleared up as well. Blocks. */
  waitForClearing(timeoutMs: number): void {
    waitForEnd(this.#guardian, timeoutMs);
  }

  [Symbol.dispose](): void {
    for (const fd of [this.#init, this.#guardian, this.#own]) fd?.[Symbol.dispose]();
  }
}
