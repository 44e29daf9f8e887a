// The rest of a log as it comes, until its container has ended.

import { FolderWatch } from "../../../ffi/inotify.ts";
import { poll, POLL } from "../../../ffi/poll.ts";
import { EndWatch } from "./end-watch.ts";
import type { LogCursor } from "./log-cursor.ts";
import type { LogPrinter } from "./log-printer.ts";
import { watchLog } from "./log-watch.ts";
import { findRecord } from "./running-record.ts";

/** Until the container has ended. Blocks. */
export function followLog(cursor: LogCursor, id: string, printer: LogPrinter): void {
  const record = findRecord(id);
  if (record === undefined) {
    printer.print(cursor);
    return;
  }
  using end = new EndWatch(record);
  using watch = new FolderWatch();
  for (;;) {
    // Order: watched before it is read, so that nothing comes unnoticed in between; and what is read
    // once it is over is all.
    watchLog(watch, cursor);
    const isOver = end.isOver;
    if (!printer.print(cursor) || isOver) return;
    const requests = [
      { fd: watch.number, events: POLL.POLLIN },
      end.request,
      // Kernel: an error is always told: nobody reads any more.
      { fd: 1, events: 0 },
    ];
    const timeoutMs = end.timeoutMs < 0 ? LOOK_MS : end.timeoutMs;
    const [changed = 0, , closed = 0] = poll(requests, timeoutMs);
    if (closed !== 0) return;
    if (changed !== 0) watch.clear();
  }
}

/** Kernel: before 6.6 a splice into a file tells nobody. */
const LOOK_MS = 100;
