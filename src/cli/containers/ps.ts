// `bunker ps` and `bunker container ls`
import type { ContainerRow } from "../../engine/containers/list.ts";
import { type Filters, matchesLabels } from "../../engine/filters.ts";
import { type Command, type CommandDefinition, makeCommand } from "../command.ts";
import { filterFlag, requireKeys } from "../format/filter.ts";
import {
  allFlag,
  formatFlag,
  type ListDraft,
  noTruncFlag,
  quietFlag,
  startList,
} from "../format/format-flags.ts";
import { formatList, type ListShape } from "../format/list.ts";
import type { Fields } from "../format/template/values.ts";
import { formatAge, formatGoTime, formatDuration } from "../format/units.ts";

interface Draft extends ListDraft {
  all: boolean;
  /** The last so many, in whatever state; -1: not asked for. */
  last: number;
}

const definition: CommandDefinition<Draft> = {
  name: "ps",
  summary: "List containers",
  usage: "[flags]",
  failureCode: 1,
  flags: {
    all: allFlag("Show all containers (default shows just running)"),
    filter: filterFlag("status=exited", "f"),
    format: formatFlag,
    last: {
      type: "int",
      short: "n",
      group: "Flags",
      fallback: "-1",
      help: "Show n last created containers (includes all states)",
      set: (draft, value) => {
        draft.last = value;
      },
    },
    latest: {
      type: "bool",
      short: "l",
      group: "Flags",
      help: "Show the latest created container (includes all states)",
      set: (draft, value) => {
        if (value) draft.last = 1;
      },
    },
    "no-trunc": noTruncFlag,
    quiet: quietFlag("Only display container IDs"),
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ ...startList(), all: false, last: -1 }),
  run: async (draft, _operands, context) => {
    const { filters } = draft;
    requireKeys(filters, ["ancestor", "exited", "id", "label", "label!", "name", "status"]);
    const { listContainers } = await context.engine.containers();
    const rows = choose(listContainers(), draft);
    const fields = rows.map((row) => makeContainerFields(row, draft.noTrunc));
    context.write(formatList(fields, containerShape, draft));
    return 0;
  },
};

export const psCommand: Command = makeCommand(definition);
export const containerListCommand: Command = makeCommand({ ...definition, name: "container ls" });

function choose(rows: readonly ContainerRow[], { all, last, filters }: Draft): ContainerRow[] {
  const asksForState = filters.has("status") || filters.has("exited");
  const shown = rows.filter((row) => {
    const isUp = row.status === "running" || row.status === "paused" || row.status === "restarting";
    return (all || last >= 0 || asksForState || isUp) && matches(row, filters);
  });
  return last >= 0 ? shown.slice(0, last) : shown;
}

function matches(row: ContainerRow, filters: Filters): boolean {
  const any = (key: string, test: (value: string) => boolean): boolean =>
    filters.get(key)?.some(test) ?? true;
  return (
    matchesLabels(row.labels, filters) &&
    any("id", (value) => row.id.startsWith(value)) &&
    any("name", (value) => row.name.includes(value)) &&
    any("status", (value) => row.status === value) &&
    any("exited", (value) => row.status === "exited" && row.exitCode === Number(value)) &&
    any("ancestor", (value) => row.image === value || row.imageId.includes(value))
  );
}

/** docker's columns of containers. */
const containerShape: ListShape = {
  headers: {
    Command: "COMMAND",
    CreatedAt: "CREATED AT",
    ID: "CONTAINER ID",
    Image: "IMAGE",
    Labels: "LABELS",
    LocalVolumes: "LOCAL VOLUMES",
    Mounts: "MOUNTS",
    Names: "NAMES",
    Networks: "NETWORKS",
    Ports: "PORTS",
    RunningFor: "CREATED",
    Size: "SIZE",
    State: "STATE",
    Status: "STATUS",
  },
  table: "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
  quiet: "{{.ID}}",
  typeName: "*formatter.ContainerContext",
};

const COMMAND_LENGTH = 20;

function makeContainerFields(row: ContainerRow, isWhole: boolean): Fields {
  const command = row.command.join(" ");
  const isCut = !isWhole && command.length > COMMAND_LENGTH;
  return {
    Command: `"${isCut ? `${command.slice(0, COMMAND_LENGTH - 1)}…` : command}"`,
    CreatedAt: formatGoTime(row.createdMs),
    ID: isWhole ? row.id : row.id.slice(0, 12),
    Image: row.image,
    Labels: Object.entries(row.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(","),
    LocalVolumes: "0",
    Mounts: "",
    Names: row.name,
    Networks: row.networks.join(","),
    Ports: row.ports,
    RunningFor: formatAge(row.createdMs, Date.now()),
    Size: "0B",
    State: row.status,
    Status: formatStatus(row, Date.now()),
  };
}

function formatHealth({ health }: ContainerRow): string {
  if (health === undefined) return "";
  return health === "starting" ? " (health: starting)" : ` (${health})`;
}

/** docker's sentence: `Up 2 minutes (Paused)`, `Exited (0) 3 hours ago`. */
export function formatStatus(row: ContainerRow, nowMs: number): string {
  const { status, startedMs, finishedMs, exitCode } = row;
  switch (status) {
    case "running":
      return `Up ${formatDuration(nowMs - startedMs)}${formatHealth(row)}`;
    case "paused":
      return `Up ${formatDuration(nowMs - startedMs)} (Paused)`;
    case "restarting":
      return `Restarting (${exitCode}) ${formatDuration(nowMs - finishedMs)} ago`;
    case "exited":
      return `Exited (${exitCode}) ${formatDuration(nowMs - finishedMs)} ago`;
    case "created":
      return "Created";
    case "removing":
      return "Removal In Progress";
  }
}
