// Being told that a log has grown.

import type { FolderWatch } from "../../../ffi/inotify.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import type { LogCursor } from "./log-cursor.ts";

/** Watches the log, also where a rotation has put another folder in the place of the last one. */
export function watchLog(watch: FolderWatch, cursor: LogCursor): void {
  for (const path of [cursor.folder, cursor.present]) {
    try {
      watch.add(path);
    } catch (error) {
      if (!isSyscallError(error, "ENOENT")) throw error;
    }
  }
}
