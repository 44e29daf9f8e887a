// The log of a kept container: the bytes as they were written, and marks of when and by which stream.
// The guardian writes both (see container/plan-guardian.ts).
//
//   FOLDER/log/0/bytes    what was written, and is still being written
//              0/marks
//              1/…        what was written before the last rotation

import { AT, O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { makeDirectoryTree, seekToEnd } from "../../../ffi/files.ts";
import { statx } from "../../../ffi/stat.ts";
import { ftruncate } from "../../../ffi/unistd.ts";
import { BYTES_FILE, MARK_BYTES, MARKS_FILE } from "../../container/guardian-files.ts";
import type { LogFiles } from "../../container/plan-guardian.ts";
import { makeTurns } from "./log-hold.ts";
import type { LogOption } from "../run-options.ts";

export const LOG_FOLDER = "log";
/** What is written now. */
export const LOG_FILE = `${LOG_FOLDER}/0/${BYTES_FILE}`;

export interface OpenLog extends Disposable {
  readonly files: LogFiles;
}

/** Opens the log for a guardian, at its end. @param folder of the kept container */
export function openLog(folder: string, option: LogOption | undefined): OpenLog {
  const logs = `${folder}/${LOG_FOLDER}`;
  makeTurns(logs);
  makeDirectoryTree(`${logs}/0`, 0o700);
  const log = openAtEnd(`${logs}/0/${BYTES_FILE}`);
  const index = openAtEnd(`${logs}/0/${MARKS_FILE}`);
  cutToMarks(index, MARKS_FILE);
  return {
    files: { fd: log.number, indexFd: index.number, folder: logs, ...limitsOf(option) },
    [Symbol.dispose]: () => {
      log[Symbol.dispose]();
      index[Symbol.dispose]();
    },
  };
}

const MEGABYTE = 1024 * 1024;
/** docker's for its driver `local`. */
const LOCAL = { maxBytes: 20 * MEGABYTE, maxFiles: 5 };
/** What is kept for those who are attached, where there is to be no log. */
const NONE = { maxBytes: 8 * MEGABYTE, maxFiles: 3 };
const LEAST_BYTES = 1024;

/** How much of it is kept. */
export function limitsOf(option: LogOption | undefined): Pick<LogFiles, "maxBytes" | "maxFiles"> {
  if (option?.driver === "none") return NONE;
  const fallback = option?.driver === "local" ? LOCAL : { maxFiles: 1 };
  const { maxBytes, maxFiles } = { ...fallback, ...option };
  if (maxBytes === undefined) return { maxFiles };
  const bytes = Math.max(LEAST_BYTES, maxBytes);
  // A whole number of marks, as one that is cut in two would be none.
  return { maxBytes: bytes - (bytes % MARK_BYTES), maxFiles };
}

/** What a power loss has cut: a part of a mark is none. */
function cutToMarks(index: Fd, path: string): void {
  const { sizeBytes } = statx(index.number, "", AT.AT_EMPTY_PATH);
  if (sizeBytes % MARK_BYTES === 0) return;
  ftruncate(index.number, sizeBytes - (sizeBytes % MARK_BYTES));
  seekToEnd(index.number, path);
}

/** Kernel: splice(2) refuses O_APPEND, so the position is set once; nobody else writes. */
function openAtEnd(path: string): Fd {
  const file = open(path, O.O_WRONLY | O.O_CREAT, 0o600);
  seekToEnd(file.number, path);
  return file;
}
