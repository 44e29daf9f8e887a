// `bunker ps` and `bunker container ls`
import type { ContainerRow } from "../../engine/containers/list.ts";
import type { ContainerSize } from "../../engine/containers/measure.ts";
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import { filterFlag } from "../format/filter.ts";
import {
  allFlag,
  formatFlag,
  type ListDraft,
  noTruncFlag,
  quietFlag,
  startList,
} from "../format/format-flags.ts";
import { formatList, type ListShape } from "../format/list.ts";
import type { formatListNow } from "../format/template-list.ts";
import type { Fields } from "../format/template/values.ts";
import { formatAge, formatBytes, formatDuration, formatGoTime } from "../format/units.ts";

interface Draft extends ListDraft {
  all: boolean;
  /** The last so many, in whatever state; -1: not asked for. */
  last: number;
  size: boolean;
  watch: boolean;
}

export const psCommand: Command = makeCommand<Draft>({
  name: "ps",
  summary: "List containers",
  usage: "[flags]",
  examples: [
    { does: "All of them, those that have ended as well", line: "bunker ps --all" },
    { does: "What runs, as it changes", line: "bunker ps --watch" },
    {
      does: "Names and ports, for a script",
      line: "bunker ps --filter label=app --format '{{.Names}} {{.Ports}}'",
    },
  ],
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
    size: {
      type: "bool",
      short: "s",
      group: "Flags",
      help: "Display total file sizes",
      set: (draft, value) => {
        draft.size = value;
      },
    },
    watch: {
      type: "bool",
      short: "w",
      group: "Flags",
      help: "Show it anew as it changes, until q or ctrl-c",
      set: (draft, value) => {
        draft.watch = value;
      },
    },
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ ...startList(), all: false, last: -1, size: false, watch: false }),
  run: async (draft, _operands, context) => {
    const { containerLister, listContainers, measureContainers } =
      await context.engine.containers();
    const filter = draft.filters.size > 0 ? await loadFilter() : undefined;
    const pick = (rows: readonly ContainerRow[]): ContainerRow[] =>
      choose(filter?.(rows, draft.filters) ?? rows, draft);
    const asksForSize = draft.size || draft.format?.includes(".Size") === true;
    if (draft.watch) {
      if (asksForSize) throw new UserError("--size takes too long to be watched");
      const { watchText } = await import("../live/watch-text.ts");
      const { formatListNow } = await import("../format/template-list.ts");
      const list = await containerLister();
      const read = () => {
        const rows = pick(list());
        return (columns: number): string => fitRows(rows, draft, columns, formatListNow);
      };
      return watchText(read, context);
    }
    const rows = pick(await listContainers());
    const sizes = asksForSize ? await measureContainers(rows) : undefined;
    const fields = rows.map((row) => makeContainerFields(row, draft.noTrunc, sizes?.get(row.id)));
    context.write(await formatList(fields, shapeOf(draft), draft));
    return 0;
  },
});

/** Start-up: loaded for who filters. */
const loadFilter = async () => (await import("./ps-filter.ts")).filterContainers;

/** The first of them that the window has room for. */
const NARROWER = [
  "table {{.ID}}\t{{.Image}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
  "table {{.Names}}\t{{.Image}}\t{{.Status}}",
  "table {{.Names}}\t{{.Status}}",
  "table {{.Names}}\t{{.State}}",
];

/** Columns that say less are left out where there is no room for all. */
function fitRows(
  rows: readonly ContainerRow[],
  draft: Draft,
  columns: number,
  formatNow: typeof formatListNow,
): string {
  const fields = rows.map((row) => makeContainerFields(row, draft.noTrunc));
  const isChosen = draft.quiet || (draft.format ?? "") !== "";
  let text = "";
  for (const format of [draft.format, ...(isChosen ? [] : NARROWER)]) {
    text = formatNow(fields, shapeOf(draft), { ...draft, format });
    if (text.split("\n").every((line) => line.length <= columns)) break;
  }
  return text;
}

const shapeOf = ({ size }: Draft): ListShape => (size ? shapeWithSize : containerShape);

function choose(rows: readonly ContainerRow[], { all, last, filters }: Draft): ContainerRow[] {
  const asksForState = filters.has("status") || filters.has("exited");
  const shown = rows.filter((row) => {
    const isUp = row.status === "running" || row.status === "paused" || row.status === "restarting";
    return all || last >= 0 || asksForState || isUp;
  });
  return last >= 0 ? shown.slice(0, last) : shown;
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
  parseWords: "failed to parse template",
  executeWords: "failed to execute template",
};

const shapeWithSize: ListShape = {
  ...containerShape,
  table: `${containerShape.table}\t{{.Size}}`,
};

const COMMAND_LENGTH = 20;
const MOUNT_LENGTH = 15;

function makeContainerFields(row: ContainerRow, isWhole: boolean, size?: ContainerSize): Fields {
  return {
    Command: () => {
      const command = formatCommand(row.command);
      return `"${isWhole ? command : shorten(command, COMMAND_LENGTH)}"`;
    },
    // Looked up only where it is asked for: the name of the time zone takes 10 ms to find.
    CreatedAt: () => formatGoTime(row.createdMs),
    ID: isWhole ? row.id : row.id.slice(0, 12),
    Image: row.image,
    Label: (name: unknown) => row.labels[String(name)] ?? "",
    Labels: () =>
      Object.entries(row.labels)
        .map(([key, value]) => `${key}=${value}`)
        .join(","),
    LocalVolumes: () => String(mountsOf(row).filter(({ type }) => type === "volume").length),
    Mounts: () => formatMounts(row, isWhole),
    Names: row.name,
    get Networks() {
      return row.networks.join(",");
    },
    // docker's is that of the image, where it has asked for one of several.
    Platform: null,
    get Ports() {
      return row.ports;
    },
    RunningFor: formatAge(row.createdMs, Date.now()),
    Size: size === undefined ? "0B" : formatSize(size),
    State: row.status,
    Status: formatStatus(row, Date.now()),
  };
}

/** docker's quotes: they say that there is a space, and no more. */
function formatCommand([path = "", ...args]: readonly string[]): string {
  return [path, ...args.map((arg) => (arg.includes(" ") ? `'${arg}'` : arg))].join(" ");
}

const mountsOf = (row: ContainerRow) => row.readDetails()?.mounts ?? [];

function formatMounts(row: ContainerRow, isWhole: boolean): string {
  const names = mountsOf(row).map(({ name, source }) => name ?? source);
  return names.map((name) => (isWhole ? name : shorten(name, MOUNT_LENGTH))).join(",");
}

/** docker's ellipsis is one sign of the length. */
const shorten = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;

/** docker's: what the container has written, and what that is with its image. */
function formatSize({ writtenBytes, totalBytes }: ContainerSize): string {
  const written = formatBytes(writtenBytes, 3);
  return totalBytes === 0 ? written : `${written} (virtual ${formatBytes(totalBytes, 3)})`;
}

function formatHealth({ health }: ContainerRow): string {
  if (health === undefined) return "";
  return health === "starting" ? " (health: starting)" : ` (${health})`;
}

/** docker's sentence: `Up 2 minutes (Paused)`, `Exited (0) 3 hours ago`. */
function formatStatus(row: ContainerRow, nowMs: number): string {
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
