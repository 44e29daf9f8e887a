// `bunker events`: what happens to containers, images, volumes and networks.
import type { EventRecord } from "../../engine/events/event-log.ts";
import { type Filters, parseMoment } from "../../engine/filters.ts";
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import { filterFlag, requireKeys } from "../format/filter.ts";
import { executeTemplate } from "../format/template/execute.ts";
import { functionNames } from "../format/template/functions.ts";
import { parseTemplate } from "../format/template/parser.ts";
import { type Fields, toJson, type Value } from "../format/template/values.ts";
import { formatRfc3339 } from "../format/units.ts";

interface EventsDraft {
  since?: string;
  until?: string;
  format: string;
  readonly filters: Map<string, string[]>;
}

const moment = (help: string, key: "since" | "until") => ({
  type: "text" as const,
  ignoresEmpty: true,
  group: "Flags",
  help,
  set: (draft: EventsDraft, text: string) => {
    draft[key] = text;
  },
});

export const eventsCommand: Command = makeCommand<EventsDraft>({
  name: "events",
  summary: "Get real time events of containers, images, volumes and networks",
  usage: "[flags]",
  description:
    "Shows what happens until it is interrupted, or --until has come; with --since, what has happened " +
    "before as well, since the machine was started.",
  examples: [
    { does: "The last hour, and no more", line: "bunker events --since 1h --until 0s" },
    {
      does: "Whatever ends",
      line: "bunker events --filter event=die --format '{{.Actor.Attributes.name}}'",
    },
  ],
  failureCode: 1,
  flags: {
    filter: filterFlag("event=start", "f"),
    format: {
      type: "text",
      group: "Flags",
      help: "Format output using a custom template: json, or TEMPLATE, a Go template",
      set: (draft, text) => {
        draft.format = text;
      },
    },
    since: moment("Show all events created since timestamp", "since"),
    until: moment("Stream events until this timestamp", "until"),
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ format: "", filters: new Map() }),
  run: async ({ since, until, format, filters }, _operands, context) => {
    requireKeys(filters, [
      ...["container", "event", "image", "label", "label!"],
      ...["network", "scope", "type", "volume"],
    ]);
    const show = makeFormatter(format);
    const now = Date.now();
    const options = {
      filters: filters as Filters,
      ...(since === undefined ? {} : { sinceMs: parseMoment(since, now) }),
      ...(until === undefined ? {} : { untilMs: parseMoment(until, now) }),
    };
    const { sinceMs = 0, untilMs = Infinity } = options;
    if (untilMs < sinceMs) {
      const [first, last] = [sinceMs, untilMs].map((ms) => Math.floor(ms / 1000));
      throw new UserError(`\`since\` time (${first}) cannot be after \`until\` time (${last})`);
    }
    const { followEvents } = await context.engine.containers();
    await followEvents(options, (event) => context.write(`${show(event)}\n`));
    return 0;
  },
});

/** @throws UserError for a template that cannot be parsed */
function makeFormatter(format: string): (event: EventRecord) => string {
  if (format === "") return formatEvent;
  if (format === "json" || format === "{{json .}}") return (event) => toJson(describe(event));
  const nodes = parseTemplate(format, functionNames);
  return (event) => executeTemplate(nodes, makeFields(event), ROW);
}

const ROW = { typeName: "*events.Message", allowsMissing: true };

/** docker's line: time, type, action, id, and the attributes by name. */
export function formatEvent({ timeMs, type, action, id, attributes }: EventRecord): string {
  const pairs = Object.keys(attributes).sort();
  const shown = pairs.map((key) => `${key}=${attributes[key]}`).join(", ");
  const [day = "", zone = ""] = formatRfc3339(timeMs).split(/(?=Z$|[+-]\d\d:\d\d$)/);
  const fraction = String(nanoseconds(timeMs) % 1_000_000_000n).padStart(9, "0");
  return `${day}.${fraction}${zone} ${type} ${action} ${id} (${shown})`;
}

/** As far as the clock tells them: the last three are 0. */
const nanoseconds = (timeMs: number): bigint => BigInt(Math.floor(timeMs * 1000)) * 1000n;

/** docker's object, as JSON has it: the first three are of containers and images only. */
function describe(event: EventRecord): Value {
  const { type, action, id, attributes } = event;
  const { Type, Action, Actor, Scope, Time, TimeNano } = makeFields(event);
  return {
    ...(type === "container" || type === "image" ? { status: action, id } : {}),
    ...(type === "container" ? { from: attributes["image"] ?? "" } : {}),
    Type,
    Action,
    Actor,
    scope: Scope,
    time: Time,
    timeNano: TimeNano,
  };
}

/** As Go writes a map. */
function sortKeys(map: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same by the names that templates have for it. */
function makeFields({ timeMs, type, action, id, attributes }: EventRecord): Fields {
  return {
    Status: action,
    ID: id,
    From: attributes["image"] ?? "",
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: sortKeys(attributes) },
    Scope: "local",
    Time: Math.floor(timeMs / 1000),
    TimeNano: Number(nanoseconds(timeMs)),
  };
}
