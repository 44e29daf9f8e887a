// `bunker logs`
import { parseMoment } from "../../engine/filters.ts";
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import type { Flag } from "../flag.ts";

interface Draft {
  follow: boolean;
  timestamps: boolean;
  details: boolean;
  tail: number;
  since?: string;
  until?: string;
}

const bool = (
  short: string | undefined,
  help: string,
  key: "follow" | "timestamps" | "details",
): Flag<Draft> => ({
  type: "bool",
  ...(short === undefined ? {} : { short }),
  group: "Flags",
  help,
  set: (draft, value) => {
    draft[key] = value;
  },
});

export const logsCommand: Command = makeCommand<Draft>({
  name: "logs",
  summary: "Fetch the logs of a container",
  usage: "[flags] CONTAINER",
  examples: [
    { does: "The last ten lines, and what comes", line: "bunker logs --tail 10 --follow web" },
    { does: "Of the last hour, with the times", line: "bunker logs --since 1h --timestamps web" },
  ],
  failureCode: 1,
  flags: {
    details: bool(undefined, "Show extra details provided to logs", "details"),
    follow: bool("f", "Follow log output", "follow"),
    since: {
      type: "text",
      group: "Flags",
      help: 'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      set: (draft, text) => {
        draft.since = text;
      },
    },
    tail: {
      type: "text",
      short: "n",
      group: "Flags",
      fallback: "all",
      help: "Number of lines to show from the end of the logs",
      set: (draft, text) => {
        draft.tail = parseTail(text);
      },
    },
    timestamps: bool("t", "Show timestamps", "timestamps"),
    until: {
      type: "text",
      group: "Flags",
      help: 'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
      set: (draft, text) => {
        draft.until = text;
      },
    },
  },
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => ({ follow: false, timestamps: false, details: false, tail: Infinity }),
  run: async ({ since, until, ...draft }, [name = ""], context) => {
    const now = Date.now();
    await (
      await context.engine.containers()
    ).followLogs(name, {
      ...draft,
      ...(since === undefined ? {} : { sinceMs: parseTime("since", since, now) }),
      ...(until === undefined ? {} : { untilMs: parseTime("until", until, now) }),
    });
    return 0;
  },
});

/** @throws UserError that says of which flag it is the value */
function parseTime(flag: string, text: string, now: number): number {
  try {
    return parseMoment(text, now);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`invalid value for "${flag}": ${error.message}`, error.hint);
  }
}

function parseTail(text: string): number {
  if (text === "all" || /^-\d+$/.test(text)) return Infinity;
  if (/^\d+$/.test(text)) return Number(text);
  throw new UserError(`must be a number of lines or "all": got "${text}"`);
}
