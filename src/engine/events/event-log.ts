// What has happened to containers, for `events`: lines of JSON in a file that each verb adds its own to.
// There is no daemon to ask: whoever wants to know reads the file, and waits for it to grow.
//
//   RUN/events      the latest; every line is one write(2) with O_APPEND, so none is torn by another
//   RUN/events.1    those before, once the file has had its size

import { O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { makeDirectoryTree, readRest, renameFile, writeAll } from "../../../ffi/files.ts";
import { LOCK, tryFlock } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { statusAt } from "../../../ffi/tree.ts";

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
  /** What came of a line so far. */
  #begun = "";
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
    yield* parseLines(readRest(file.number, this.#path).split("\n"));
  }

  /** Those since the last call. */
  *next(): Generator<EventRecord> {
    for (;;) {
      this.#file ??= tryOpen(this.#path);
      if (this.#file === undefined) return;
      // Order: looked at before the rest is read, so that nothing comes to the old file after it.
      const isOver = !this.#isPresent(this.#file);
      const lines = (this.#begun + readRest(this.#file.number, this.#path)).split("\n");
      this.#begun = lines.pop() ?? "";
      yield* parseLines(lines);
      if (!isOver) return;
      this.#file[Symbol.dispose]();
      this.#file = undefined;
      this.#begun = "";
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

/** A line that a full disk has cut off is passed over. */
function* parseLines(lines: readonly string[]): Generator<EventRecord> {
  for (const line of lines) {
    const event = parseLine(line);
    if (event !== undefined) yield event;
  }
}

function parseLine(line: string): EventRecord | undefined {
  if (line === "") return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && "action" in value
      ? (value as EventRecord)
      : undefined;
  } catch {
    return undefined;
  }
}
