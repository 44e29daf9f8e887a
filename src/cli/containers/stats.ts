// `bunker stats` and `bunker container stats`: what containers use, as docker's table or a live one with
// bars and a minute's history.
import type { Usage } from "../../engine/containers/processes.ts";
import { type Command, type CommandContext, makeCommand } from "../command.ts";
import { allFlag, formatFlag, noTruncFlag } from "../format/format-flags.ts";
import { formatList, type ListShape } from "../format/list.ts";
import type { Fields } from "../format/template/values.ts";
import { formatBytes } from "../format/units.ts";
import { History, makeRates, type Rates } from "./usage-rates.ts";

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
    "On a terminal: a table that is drawn anew each second, with bars, and a minute of CPU and memory. " +
    "Elsewhere, or with --format: docker's table each second.",
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
  run: async (draft, names, context) => {
    const { readUsage } = await context.engine.containers();
    const read = () => readUsage(names, draft.all);
    const isLive = !draft.once && draft.format === undefined && process.stdout.isTTY;
    if (isLive) {
      const { showLive } = await import("./stats-live.ts");
      return showLive(read, INTERVAL_MS);
    }
    return printTables(read, draft, context);
  },
});

/** A percentage needs two looks: the first table comes after a moment. */
async function printTables(
  read: () => Usage[],
  draft: Draft,
  context: CommandContext,
): Promise<number> {
  const history = new History();
  history.add(read());
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
    const usages = read();
    const rows = usages.map((usage) => makeFields(usage, makeRates(usage, history), draft.noTrunc));
    history.add(usages);
    context.write(formatList(rows, statsShape, { format: draft.format }));
    if (draft.once) return 0;
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

function makeFields({ container, stats, network }: Usage, rates: Rates, isWhole: boolean): Fields {
  const { id, name } = container;
  const shown = isWhole ? id : id.slice(0, 12);
  const isUp = stats !== undefined;
  return {
    BlockIO: isUp
      ? `${formatBytes(rates.readBytes, 3)} / ${formatBytes(rates.writtenBytes, 3)}`
      : "--",
    CPUPerc: isUp ? `${rates.cpuPercent.toFixed(2)}%` : "--",
    Container: shown,
    ID: shown,
    MemPerc: isUp ? `${rates.memoryPercent.toFixed(2)}%` : "--",
    MemUsage: isUp
      ? `${formatBinary(rates.memoryBytes)} / ${formatBinary(rates.limitBytes)}`
      : "-- / --",
    Name: name,
    NetIO: isUp
      ? `${formatBytes(network.receivedBytes, 3)} / ${formatBytes(network.sentBytes, 3)}`
      : "--",
    PIDs: isUp ? String(stats.pids.current) : "--",
  };
}

const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

/** As docker prints memory: four digits, units of 1024. */
export function formatBinary(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < binaryUnits.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${Number(size.toPrecision(4))}${binaryUnits[unit]}`;
}
