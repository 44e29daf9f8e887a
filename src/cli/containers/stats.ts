// `bunker stats` and `bunker container stats`: what containers use, as docker's table or a live one with
// bars and a minute's history.
import type { Usage } from "../../engine/containers/processes.ts";
import { type Command, type CommandContext, makeCommand } from "../command.ts";
import type { ContainerVerbs } from "../engine.ts";
import { allFlag, formatFlag, noTruncFlag } from "../format/format-flags.ts";
import type { ListShape } from "../format/list.ts";
import { formatListNow } from "../format/template-list.ts";
import type { Fields } from "../format/template/values.ts";
import { formatBytes } from "../format/units.ts";
import { writeWhileRead } from "../live/output.ts";
import { findAbilities } from "../live/place.ts";
import type { SortKey } from "./top.ts";
import { History, IDLE } from "./usage-rates.ts";
import { formatBinary } from "./usage-words.ts";

interface Draft {
  format: string | undefined;
  noTrunc: boolean;
  all: boolean;
  once: boolean;
}

const INTERVAL_MS = 1000;

export const statsCommand: Command = makeCommand<Draft>({
  name: "stats",
  summary: "Display a live stream of container(s) resource usage statistics",
  usage: "[flags] [CONTAINER...]",
  description:
    "On a terminal: a picture that is drawn anew each second, with bars, and curves of the last minute. " +
    "Its keys sort, choose a container and leave; they are in its last line. Elsewhere: docker's table " +
    "each second.",
  examples: [
    { does: "Everything that runs, as it goes", line: "bunker stats" },
    {
      does: "One look, for a script",
      line: "bunker stats --no-stream --format '{{.Name}} {{.CPUPerc}}'",
    },
  ],
  failureCode: 1,
  flags: {
    all: allFlag("Show all containers (default shows just running)"),
    format: formatFlag,
    "no-stream": {
      type: "bool",
      group: "Flags",
      help: "Disable streaming stats and only pull the first result",
      set: (draft, value) => {
        draft.once = value;
      },
    },
    "no-trunc": noTruncFlag,
  },
  operands: { min: 0 },
  interspersed: true,
  start: () => ({ format: undefined, noTrunc: false, all: false, once: false }),
  run: (draft, names, context) => showUsage(names, draft, context),
});

interface Choice extends Draft {
  /** None: as they come. */
  readonly sort?: SortKey;
}

/** A picture where there is a terminal for it, tables elsewhere. @param names none: of all */
export async function showUsage(
  names: readonly string[],
  choice: Choice,
  context: CommandContext,
): Promise<number> {
  const readUsage = await (await context.engine.containers()).usageReader();
  const read = makeReader(readUsage, names, choice.all);
  const place = choice.once ? undefined : findAbilities(context.env);
  if (place === undefined) return printTables(read, choice, context);
  const { showPicture } = await import("../live/screen.ts");
  if (choice.format === undefined) {
    const { UsagePicture } = await import("./usage-picture.ts");
    return showPicture(new UsagePicture(read, { sort: choice.sort, place }), place, INTERVAL_MS);
  }
  const { TextPicture } = await import("../live/text-picture.ts");
  const tables = await makeTables(read, choice);
  const next = (): (() => string) | undefined => {
    const text = tables();
    return text === undefined ? undefined : () => text;
  };
  return showPicture(new TextPicture(next), place, INTERVAL_MS);
}

/**
 * Who is to be looked at must be there the first time; then one that is gone is left out, and as with
 * docker it is over where none of those that were named is left: undefined.
 */
function makeReader(
  readUsage: Awaited<ReturnType<ContainerVerbs["usageReader"]>>,
  names: readonly string[],
  all: boolean,
): () => Usage[] | undefined {
  let isLenient = false;
  return () => {
    const usages = readUsage({ names, all, isLenient });
    isLenient = true;
    return names.length > 0 && usages.length === 0 ? undefined : usages;
  };
}

/** Texts of tables, one after the other; undefined once there is nothing to be seen. */
async function makeTables(
  read: () => readonly Usage[] | undefined,
  { format, noTrunc, sort }: Choice,
): Promise<() => string | undefined> {
  const history = new History();
  const order = sort === undefined ? undefined : await makeOrder(sort, history);
  return () => {
    const usages = read();
    if (usages === undefined) return undefined;
    history.add(usages);
    const rows = (order?.(usages) ?? usages).map((usage) =>
      makeFields(usage, history.last(usage.container.id), noTrunc),
    );
    return formatListNow(rows, statsShape, { format });
  };
}

/** Start-up: only what is sorted needs the picture's table. */
async function makeOrder(
  sort: SortKey,
  history: History,
): Promise<(usages: readonly Usage[]) => Usage[]> {
  const { sortRows } = await import("./usage-table.ts");
  return (usages) => {
    const rows = usages.map((usage) => {
      const { id, name } = usage.container;
      return { id, name, samples: history.samples(id), usage };
    });
    return sortRows(rows, sort, false).map(({ usage }) => usage);
  };
}

/** A percentage needs two looks: the first table comes after a moment. */
async function printTables(
  read: () => readonly Usage[] | undefined,
  choice: Choice,
  context: CommandContext,
): Promise<number> {
  const next = await makeTables(read, choice);
  next();
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    const text = next();
    if (text === undefined) return 0;
    if (choice.once) {
      context.write(text);
      return 0;
    }
    if (!writeWhileRead(text)) return 0;
  }
}

const statsShape: ListShape = {
  headers: {
    BlockIO: "BLOCK I/O",
    CPUPerc: "CPU %",
    Container: "CONTAINER",
    ID: "CONTAINER ID",
    MemPerc: "MEM %",
    MemUsage: "MEM USAGE / LIMIT",
    Name: "NAME",
    NetIO: "NET I/O",
    PIDs: "PIDS",
  },
  table:
    "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}",
  quiet: "{{.ID}}",
  typeName: "*container.statsContext",
};

/** One that does not run uses nothing, as with docker. */
function makeFields(
  { container: { id, name }, asked }: Usage,
  sample = IDLE,
  isWhole: boolean,
): Fields {
  const shown = isWhole ? id : id.slice(0, 12);
  const both = (one: number, other: number): string =>
    `${formatBytes(one, 3)} / ${formatBytes(other, 3)}`;
  return {
    BlockIO: both(sample.readBytes, sample.writtenBytes),
    CPUPerc: `${sample.cpuPercent.toFixed(2)}%`,
    Container: asked ?? shown,
    ID: shown,
    MemPerc: `${sample.memoryPercent.toFixed(2)}%`,
    MemUsage: `${formatBinary(sample.memoryBytes)} / ${formatBinary(sample.limitBytes)}`,
    Name: name,
    NetIO: both(sample.receivedBytes, sample.sentBytes),
    PIDs: String(sample.pids),
  };
}
