// What has happened to containers, for `events`: lines of JSON in a file that each verb adds its own to.
// There is no daemon to ask: whoever wants to know reads the file, and waits for it to grow.
//
//   RUN/events      the latest; every line is one write(2) with O_APPEND, so none is torn by another;
//                   those of a replayed run are told-by-agent.ts'
//   RUN/events.1    those before, once the file has had its size

import { O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { makeDirectoryTree, renameFile, writeAll } from "../../../ffi/files.ts";
import { LOCK, tryFlock } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { statusAt } from "../../../ffi/tree.ts";
import { read } from "../../../ffi/unistd.ts";
import { EventParser } from "./parse-events.ts";

/** One line. */
export interface EventRecord {
  /** Milliseconds since 1970, with a fraction. */
  readonly timeMs: number;
  readonly type: string;
  /** docker's word: `start`, `die`, `exec_create: COMMAND`. */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const FILE = "events";
/** Some ten thousand events; twice that is kept. */
const SIZE_MAX = 4 * 1024 * 1024;

/** For who does not look at the file's size: to be called now and then. */
export function trimEvents(folder: string): void {
  const path = `${folder}/${FILE}`;
  using file = tryOpen(path);
  if (file === undefined) return;
  const status = statusAt(file.number, "");
  if (typeof status !== "number" && status.size > SIZE_MAX) rotate(file, path);
}

/** Adds an event. What cannot be written is not told: no verb fails for it. */
export function appendEvent(folder: string, event: EventRecord): void {
  const path = `${folder}/${FILE}`;
  try {
    using file = openForMore(folder, path);
    writeAll(file.number, `${JSON.stringify(event)}\n`, path);
    const status = statusAt(file.number, "");
    if (typeof status !== "number" && status.size > SIZE_MAX) rotate(file, path);
  } catch (error) {
    if (!isSyscallError(error)) throw error;
  }
}

/** The first event of all may come before the folder. */
function openForMore(folder: string, path: string): Fd {
  const flags = O.O_WRONLY | O.O_APPEND | O.O_CREAT;
  try {
    return open(path, flags, 0o600);
  } catch (error) {
    if (!isSyscallError(error, "ENOENT")) throw error;
    makeDirectoryTree(folder, 0o700);
    return open(path, flags, 0o600);
  }
}

/** Race: whoever has the lock of the file that is there renames it; the others leave it to him. */
function rotate(file: Fd, path: string): void {
  if (!tryFlock(file.number, LOCK.LOCK_EX)) return;
  using present = open(path, O.O_RDONLY);
  if (isSame(file, present)) renameFile(path, `${path}.1`);
}

function isSame(file: Fd, other: Fd): boolean {
  const [one, two] = [statusAt(file.number, ""), statusAt(other.number, "")];
  return typeof one !== "number" && typeof two !== "number" && one.inode === two.inode;
}

/** Reads the events of a folder one after the other, across a change of the file. */
export class EventReader implements Disposable {
  #file: Fd | undefined;
  readonly #parser = new EventParser();
  readonly #path: string;

  /** @param folder must be there */
  constructor(folder: string) {
    this.#path = `${folder}/${FILE}`;
  }

  /** All that is there, the oldest first. To be called before next(). */
  *before(): Generator<EventRecord> {
    const earlier = tryOpen(`${this.#path}.1`);
    if (earlier === undefined) return;
    using file = earlier;
    yield* this.#parser.take(readAll(file.number), true);
  }

  /** Those since the last call. */
  *next(): Generator<EventRecord> {
    for (;;) {
      this.#file ??= tryOpen(this.#path);
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
    const present = tryOpen(this.#path);
    if (present === undefined) return false;
    using _ = present;
    return isSame(file, present);
  }

  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
  }
}

function tryOpen(path: string): Fd | undefined {
  try {
    return open(path, O.O_RDONLY);
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return undefined;
    throw error;
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
