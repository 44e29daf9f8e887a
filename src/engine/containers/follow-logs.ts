// `logs`: what was written, and with --follow what is written from now on, as it comes.

import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { findKept } from "./find.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { LogCursor, type LogStart } from "./log-cursor.ts";
import { type LogOptions, LogPrinter } from "./log-printer.ts";

export type { LogOptions } from "./log-printer.ts";

/** Writes the log to stdout and stderr. @throws UserError where there is none to be read */
export async function followLogs(text: string, options: LogOptions): Promise<void> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  if (container.options.log?.driver === "none") {
    const message = "configured logging driver does not support reading";
    throw new UserError(message, "the container was made with --log-driver none", 1);
  }
  if (!kept.isKept(container.id)) {
    throw new UserError(
      `container ${text} has no log: its output is its caller's`,
      "leave --rm out, or add --log-driver json-file",
      1,
    );
  }
  const { tail } = options;
  const start: LogStart = Number.isFinite(tail)
    ? { kind: "lines", count: tail }
    : { kind: "first" };
  using cursor = new LogCursor(kept.folder(container.id), start);
  const printer = new LogPrinter(options, await findDetails(container, kept, options));
  try {
    if (!options.follow) printer.print(cursor);
    // Start-up: what waits is loaded for those who wait.
    else (await import("./log-follow.ts")).followLog(cursor, container.id, printer);
  } catch (error) {
    // `logs | head`: who reads has seen enough.
    if (!isSyscallError(error, "EPIPE")) throw error;
  }
}

/** Start-up: loaded for who asks for it. */
async function findDetails(
  container: KeptContainer,
  kept: KeptStore,
  { details }: LogOptions,
): Promise<string> {
  if (details !== true) return "";
  return `${(await import("./log-attributes.ts")).formatAttributes(container, kept)} `;
}
