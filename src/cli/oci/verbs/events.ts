// `events`: a line of JSON for each.
import { isSyscallError } from "../../../../ffi/syscall-error.ts";
import { writeAll } from "../../../../ffi/files.ts";
import { watchEvents } from "../../../engine/oci/events.ts";
import { UserError } from "../../../errors.ts";
import { parseDuration } from "../../values/duration.ts";
import { UsageError } from "../parse.ts";
import type { Verb } from "../verb.ts";

/** `events`. */
export const eventsVerb: Verb = {
  name: "events",
  flags: { interval: "text", stats: "bool" },
  operands: [1, 1],
  run: async (line, { globals }) => {
    const [id = ""] = line.operands;
    const intervalMs = parseInterval(line.text("interval") || "5s");
    const options = { id, intervalMs, once: line.bool("stats") };
    try {
      await watchEvents(options, globals, (event) => {
        writeAll(1, `${JSON.stringify(event)}\n`, "stdout");
      });
    } catch (error) {
      // A reader who has left is the usual end of it.
      if (!isSyscallError(error, "EPIPE")) throw error;
    }
    return 0;
  },
};

function parseInterval(text: string): number {
  let intervalMs: number;
  try {
    intervalMs = parseDuration(text);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const value = JSON.stringify(text);
    throw new UsageError(`invalid value ${value} for flag -interval: parse error`);
  }
  if (intervalMs <= 0) throw new UserError("duration interval must be greater than 0");
  return intervalMs;
}
