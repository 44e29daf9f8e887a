// The log of a kept container: the bytes as they were written, and an index of when and by which stream.
// The guardian writes both (see container/plan-guardian.ts).

import { O } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { seekToEnd } from "../../../ffi/files.ts";
import type { LogFiles } from "../../container/plan-guardian.ts";

export const LOG_FILE = "log";
export const INDEX_FILE = "log.idx";

export interface OpenLog extends Disposable {
  readonly files: LogFiles;
}

/** Opens the log for a guardian, at its end. @param folder of the kept container */
export function openLog(folder: string, maxBytes: number | undefined, maxFiles: number): OpenLog {
  const path = `${folder}/${LOG_FILE}`;
  const indexPath = `${folder}/${INDEX_FILE}`;
  const log = openAtEnd(path);
  const index = openAtEnd(indexPath);
  return {
    files: {
      fd: log.number,
      indexFd: index.number,
      path,
      indexPath,
      maxFiles,
      ...(maxBytes === undefined ? {} : { maxBytes }),
    },
    [Symbol.dispose]: () => {
      log[Symbol.dispose]();
      index[Symbol.dispose]();
    },
  };
}

/** Kernel: splice(2) refuses O_APPEND, so the position is set once; nobody else writes. */
function openAtEnd(path: string): Fd {
  const file = open(path, O.O_WRONLY | O.O_CREAT, 0o600);
  seekToEnd(file.number, path);
  return file;
}
