// `events`: what has happened, and what happens from now on, as it comes.

import { makeDirectoryTree } from "../../../ffi/files.ts";
import { FolderWatch } from "../../../ffi/inotify.ts";
import { poll, POLL } from "../../../ffi/poll.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { type Filters, matchesLabels } from "../filters.ts";
import { runFolder } from "../run-folder.ts";
import type { EventRecord } from "./event-log.ts";
import { EventReader } from "./event-reader.ts";

export type { EventRecord } from "./event-log.ts";

export interface FollowOptions {
  /** Milliseconds since 1970; from now on unless said. */
  readonly sinceMs?: number;
  /** For ever unless said. */
  readonly untilMs?: number;
  /**
   * `container`, `event`, `image`, `label`, `network`, `scope`, `type`, `volume`; several values of one:
   * any of them.
   */
  readonly filters: Filters;
}

/** The folder may be wiped and made again. */
const LOOK_MS = 1000;

/** Calls `show` for each event that is wanted. Blocks until there can be no more. */
export function followEvents(options: FollowOptions, show: (event: EventRecord) => void): void {
  const startMs = Date.now();
  const { sinceMs = startMs, untilMs = Infinity, filters } = options;
  const folder = runFolder(process.env);
  makeDirectoryTree(folder, 0o700);
  using watch = new FolderWatch();
  using reader = new EventReader(folder);
  const pass = (events: Iterable<EventRecord>): void => {
    for (const event of events) {
      const isInTime = event.timeMs >= sinceMs && event.timeMs <= untilMs;
      if (isInTime && isWanted(event, filters)) show(event);
    }
  };
  try {
    watch.add(folder);
    pass(reader.before());
    for (;;) {
      // Order: the clock first, so that what came before the end is shown.
      const leftMs = untilMs - Date.now();
      pass(reader.next());
      if (leftMs < 0) return;
      poll([{ fd: watch.number, events: POLL.POLLIN }], Math.min(leftMs + 1, LOOK_MS));
      watch.clear();
    }
  } catch (error) {
    // `events | head`: who reads has seen enough.
    if (!isSyscallError(error, "EPIPE")) throw error;
  }
}

/** Whether an event passes all of the filters. */
export function isWanted(event: EventRecord, filters: Filters): boolean {
  const { type, action, id, attributes } = event;
  const passes = (key: string, matches: (value: string) => boolean): boolean => {
    const values = filters.get(key);
    return values === undefined || values.some(matches);
  };
  const { name = "", image = type === "image" ? name : "" } = attributes;
  // docker's: an actor's whole name, or the beginning of its id, whatever it is.
  const isCalled = (value: string): boolean =>
    value === name || (value !== "" && id.startsWith(value));
  return (
    passes("type", (value) => value === type) &&
    passes("scope", (value) => value === "local") &&
    // `exec_create: sh` is an `exec_create`, and may be asked for as a whole.
    passes("event", (value) => value === action || value === action.split(":")[0]) &&
    passes("container", isCalled) &&
    passes("network", isCalled) &&
    passes("volume", isCalled) &&
    passes("image", (value) => [id, image, untagged(image), untagged(id)].includes(value)) &&
    matchesLabels(attributes, filters)
  );
}

const untagged = (reference: string): string => reference.replace(/:[^/:]*$/, "");
