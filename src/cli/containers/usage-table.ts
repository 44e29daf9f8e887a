// The lower part of the live picture: a row for each container, with as many columns as the window is
// wide enough for, and curves that take the room that is left.
import type { Abilities } from "../live/place.ts";
import { drawBar, drawCurve } from "../live/pictures.ts";
import { fit, type Line, type Look, type Piece } from "../live/text.ts";
import type { SortKey } from "./top.ts";
import { formatRate, formatShort } from "./usage-words.ts";
import { MINUTE, type Sample } from "./usage-rates.ts";

/** A container as the table shows it. */
export interface UsageRow {
  readonly id: string;
  readonly name: string;
  /** The newest last; none: it does not run, or was not looked at twice yet. */
  readonly samples: readonly Sample[];
}

/** What can be seen of a sample, by the column that it is sorted by. */
const VALUES: Readonly<Record<Exclude<SortKey, "name">, (sample: Sample) => number>> = {
  cpu: ({ cpuPercent }) => cpuPercent,
  memory: ({ memoryBytes }) => memoryBytes,
  network: ({ receivedRate, sentRate }) => receivedRate + sentRate,
  block: ({ readRate, writtenRate }) => readRate + writtenRate,
  pids: ({ pids }) => pids,
};

/** The greatest first; names by the alphabet. @param isReversed the other way round */
export function sortRows<R extends UsageRow>(
  rows: readonly R[],
  key: SortKey,
  isReversed: boolean,
): readonly R[] {
  const byName = (a: UsageRow, b: UsageRow): number => (a.name < b.name ? -1 : 1);
  const valueOf = (row: UsageRow): number => {
    const sample = row.samples.at(-1);
    return key === "name" || sample === undefined ? -1 : VALUES[key](sample);
  };
  const sorted = [...rows].sort((a, b) => valueOf(b) - valueOf(a) || byName(a, b));
  return isReversed ? sorted.reverse() : sorted;
}

interface Column {
  readonly title: string;
  readonly width: number;
  /** Takes its part of the room that is left, up to this. */
  readonly most?: number;
  readonly key?: SortKey;
  readonly draw: (sample: Sample, row: UsageRow, width: number, place: Abilities) => Piece;
}

const MOST_NAME = 24;
const LEAST_NAME = 8;

const value = (
  title: string,
  key: SortKey,
  width: number,
  format: (s: Sample) => string,
): Column => ({
  title,
  key,
  width,
  draw: (sample) => ({ text: format(sample).padStart(width) }),
});

const curve = (key: Exclude<SortKey, "name">): Column => ({
  title: "",
  width: 6,
  most: MINUTE,
  draw: (_sample, { samples }, width, { isUnicode }) => {
    const values = samples.map(VALUES[key]);
    return { text: drawCurve(values, width, MINUTE, { isUnicode }), look: "curve" };
  },
});

const bar = (share: (sample: Sample) => number): Column => ({
  title: "",
  width: 4,
  most: 10,
  draw: (sample, _row, width, { isUnicode }) => ({
    text: drawBar(share(sample), width, isUnicode),
    look: lookOf(share(sample)),
  }),
});

/** Green, yellow, red: how near a share is to the whole. */
export function lookOf(share: number): Look {
  if (share >= 0.9) return "hot";
  return share >= 0.7 ? "warm" : "good";
}

const hostCpus = (): number => Math.max(1, navigator.hardwareConcurrency);
export const cpuShare = ({ cpuPercent }: Sample): number => cpuPercent / (100 * hostCpus());
export const memoryShare = ({ memoryPercent }: Sample): number => memoryPercent / 100;

const cpu = value("CPU %", "cpu", 6, ({ cpuPercent }) => `${cpuPercent.toFixed(1)}%`);
const memory = value("MEM", "memory", 8, ({ memoryBytes }) => formatShort(memoryBytes));
const network = value("NET", "network", 8, (sample) => formatRate(VALUES.network(sample)));
const block = value("BLOCK", "block", 8, (sample) => formatRate(VALUES.block(sample)));
const pids = value("PIDS", "pids", 5, (sample) => String(sample.pids));

/** In the order on the screen; the number says which of them are there first. */
const COLUMNS: readonly (readonly [order: number, column: Column])[] = [
  [1, cpu],
  [8, bar(cpuShare)],
  [3, curve("cpu")],
  [2, memory],
  [9, bar(memoryShare)],
  [4, curve("memory")],
  [5, network],
  [7, curve("network")],
  [6, block],
  [8, curve("block")],
  [6, pids],
];

interface Layout {
  readonly nameWidth: number;
  readonly columns: readonly Column[];
}

/** The columns that there is room for, as wide as they may be. */
function layOut(rows: readonly UsageRow[], width: number): Layout {
  const longest = Math.max(LEAST_NAME, ...rows.map(({ name }) => name.length));
  const nameWidth = Math.min(longest, MOST_NAME, Math.max(LEAST_NAME, Math.floor(width / 4)));
  let left = width - nameWidth;
  const chosen = new Set<Column>();
  for (const [, column] of COLUMNS.toSorted(([a], [b]) => a - b)) {
    if (column.width + 1 > left) break;
    left -= column.width + 1;
    chosen.add(column);
  }
  const columns = COLUMNS.flatMap(([, column]) => (chosen.has(column) ? [column] : []));
  return { nameWidth, columns: widen(columns, left) };
}

/** A character for each in turn, as long as there is one to be given. */
function widen(columns: readonly Column[], room: number): Column[] {
  const widths = columns.map(({ width }) => width);
  for (let left = room; left > 0;) {
    const before = left;
    for (const [index, { most = 0 }] of columns.entries()) {
      if (left === 0 || (widths[index] ?? 0) >= most) continue;
      widths[index] = (widths[index] ?? 0) + 1;
      left -= 1;
    }
    if (left === before) break;
  }
  return columns.map((column, index) => ({ ...column, width: widths[index] ?? column.width }));
}

interface TableChoice {
  readonly sort: SortKey | undefined;
  /** The id of the row that is marked. */
  readonly chosen: string | undefined;
  readonly place: Abilities;
}

/** The heading, and a line for each row. */
export function drawTable(
  rows: readonly UsageRow[],
  width: number,
  { sort, chosen, place }: TableChoice,
): Line[] {
  const { nameWidth, columns } = layOut(rows, width);
  const heading: Piece[] = [title("NAME", nameWidth, sort === "name")];
  for (const column of columns) {
    heading.push({ text: " " }, title(column.title, column.width, sort === column.key, column.key));
  }
  return [heading, ...rows.map((row) => drawRow(row))];

  function drawRow(row: UsageRow): Line {
    const name = fit(row.name, nameWidth, place.isUnicode);
    const sample = row.samples.at(-1);
    const look = row.id === chosen ? "chosen" : "bold";
    if (sample === undefined)
      return [
        { text: name, look },
        { text: "     --", look: "dim" },
      ];
    const cells = columns.flatMap((column): Piece[] => [
      { text: " " },
      column.draw(sample, row, column.width, place),
    ]);
    return [{ text: name, look }, ...cells];
  }
}

/** Above a number it stands at the right, as the number does. */
function title(text: string, width: number, isSorted: boolean, key?: SortKey): Piece {
  const isRight = key !== undefined;
  const aligned = isRight ? text.padStart(width) : text.padEnd(width);
  return { text: aligned, look: isSorted && text !== "" ? "chosen" : "dim" };
}
