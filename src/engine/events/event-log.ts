// What has happened, for `events`: lines of JSON in a file that each verb adds its own to. There is no
// daemon to ask: whoever wants to know reads the file, and waits for it to grow (event-reader.ts).
//
//   RUN/events      the latest; every line is one write(2) with O_APPEND, so none is torn by another;
//                   those of a replayed run are told-by-agent.ts'
//   RUN/events.1    those before, once the file has had its size
//
// Start-up time: a run in the foreground tells of itself as well, so that this is little, and calls what
// such a run calls anyway.

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  fileIdentity,
  makeDirectoryTree,
  openFile,
  renameFile,
  seekToEnd,
  writeAll,
} from "../../../ffi/files.ts";
import { LOCK, tryFlock } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";

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

export const EVENTS_FILE = "events";
/** Some ten thousand events; twice that is kept. */
const SIZE_MAX = 4 * 1024 * 1024;

/** Adds events that belong together. What cannot be written is not told: no verb fails for it. */
export function appendEvents(folder: string, events: readonly EventRecord[]): void {
  appendText(folder, formatEvents(events));
}

export function formatEvents(events: readonly EventRecord[]): string {
  let text = "";
  for (const event of events) text += `${JSON.stringify(event)}\n`;
  return text;
}

/** The same for who has the lines already. */
export function appendText(folder: string, text: string): void {
  const path = `${folder}/${EVENTS_FILE}`;
  try {
    using file = openForMore(folder, path);
    writeAll(file.number, text, path);
    trim(file, path);
  } catch (error) {
    if (!isSyscallError(error)) throw error;
  }
}

/** The first event of all may come before the folder. */
function openForMore(folder: string, path: string): Fd {
  const flags = O.O_WRONLY | O.O_APPEND | O.O_CREAT;
  try {
    return new Fd(openFile(path, flags, 0o600));
  } catch (error) {
    if (!isSyscallError(error, "ENOENT")) throw error;
    makeDirectoryTree(folder, 0o700);
    return new Fd(openFile(path, flags, 0o600));
  }
}

/** For who does not look how long the file has become: to be called now and then. */
export function trimEvents(folder: string): void {
  const path = `${folder}/${EVENTS_FILE}`;
  try {
    using file = new Fd(openFile(path, O.O_RDONLY));
    trim(file, path);
  } catch (error) {
    if (!isSyscallError(error)) throw error;
  }
}

/** Race: whoever has the lock of the file that is there renames it; the others leave it to him. */
function trim(file: Fd, path: string): void {
  if (seekToEnd(file.number, path) <= SIZE_MAX || !tryFlock(file.number, LOCK.LOCK_EX)) return;
  using present = new Fd(openFile(path, O.O_RDONLY));
  // Where somebody writes in between they seem to differ, and the next one looks again.
  const [own, now] = [fileIdentity(file.number, ""), fileIdentity(present.number, "")];
  if (own.version === now.version) renameFile(path, `${path}.1`);
}
