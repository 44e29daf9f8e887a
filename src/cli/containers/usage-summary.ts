// The upper part of the live picture: one container, or all of them together, with a bar of what there is
// a limit to, and a minute's curve of each.
import type { Abilities } from "../live/place.ts";
import { drawBar, drawCurve } from "../live/pictures.ts";
import { type Line, type Piece, fit } from "../live/text.ts";
import { MINUTE, type Sample } from "./usage-rates.ts";
import { cpuShare, lookOf, memoryShare } from "./usage-table.ts";
import { formatRate, formatShort } from "./usage-words.ts";

const LABEL_WIDTH = 8;
const VALUE_WIDTH = 26;
const NARROW_VALUE_WIDTH = 12;
const BAR_WIDTH = 10;
/** Less than that tells nothing. */
const LEAST_CURVE = 8;

/** One line of it. */
interface Part {
  readonly label: string;
  readonly value: string;
  /** In little room. */
  readonly short: string;
  readonly share?: number;
  readonly values: readonly number[];
  /** What the top of the curve stands for. */
  readonly most?: number;
}

/** How many lines drawSummary() gives. */
export const SUMMARY_LINES = 4;

export function drawSummary(samples: readonly Sample[], width: number, place: Abilities): Line[] {
  return listParts(samples).map((part) => drawPart(part, width, place));
}

function listParts(samples: readonly Sample[]): Part[] {
  const last = samples.at(-1);
  if (last === undefined) return [];
  const { cpuPercent, memoryBytes, limitBytes, receivedRate, sentRate } = last;
  const cpu = `${cpuPercent.toFixed(1)}%`;
  const memory = formatShort(memoryBytes);
  return [
    {
      label: "CPU",
      value: cpu,
      short: cpu,
      share: cpuShare(last),
      values: samples.map((sample) => sample.cpuPercent),
      most: Math.max(100, ...samples.map((sample) => sample.cpuPercent)),
    },
    {
      label: "MEMORY",
      value: `${memory} of ${formatShort(limitBytes)}`,
      short: memory,
      share: memoryShare(last),
      values: samples.map((sample) => sample.memoryBytes),
    },
    {
      label: "NETWORK",
      value: `${formatRate(receivedRate)} in, ${formatRate(sentRate)} out`,
      short: formatRate(receivedRate + sentRate),
      values: samples.map((sample) => sample.receivedRate + sample.sentRate),
    },
    {
      label: "BLOCK",
      value: `${formatRate(last.readRate)} read, ${formatRate(last.writtenRate)} write`,
      short: formatRate(last.readRate + last.writtenRate),
      values: samples.map((sample) => sample.readRate + sample.writtenRate),
    },
  ];
}

/** Label, number, bar, curve: what there is no room for is left out, the bar first. */
function drawPart(part: Part, width: number, { isUnicode }: Abilities): Line {
  const isWide = width >= LABEL_WIDTH + VALUE_WIDTH + BAR_WIDTH + 2 * LEAST_CURVE;
  const valueWidth = isWide ? VALUE_WIDTH : NARROW_VALUE_WIDTH;
  const pieces: Piece[] = [
    { text: fit(part.label, LABEL_WIDTH), look: "dim" },
    { text: fit(isWide ? part.value : part.short, valueWidth), look: "bold" },
  ];
  let left = width - LABEL_WIDTH - valueWidth;
  if (left > BAR_WIDTH + LEAST_CURVE + 2) {
    const { share } = part;
    const bar = share === undefined ? " ".repeat(BAR_WIDTH) : drawBar(share, BAR_WIDTH, isUnicode);
    pieces.push({ text: bar, look: lookOf(share ?? 0) }, { text: "  " });
    left -= BAR_WIDTH + 2;
  }
  if (left >= LEAST_CURVE) {
    const { values, most } = part;
    const curve = drawCurve(values, Math.min(left, MINUTE), MINUTE, {
      isUnicode,
      ...(most === undefined ? {} : { most }),
    });
    pieces.push({ text: curve, look: "curve" });
  }
  return pieces;
}
