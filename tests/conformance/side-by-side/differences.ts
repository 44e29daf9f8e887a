// The list of what may differ: differences.txt.
import type { Stream } from "./side.ts";

/** A line of the table with what may differ in it, and why. */
export interface Difference {
  readonly group: string;
  readonly line: string;
  readonly streams: readonly Stream[];
  readonly reason: string;
}

const HEAD =
  /^\[(?<group>\w+) (?<streams>(?:exit|stdout|stderr)(?:,(?:exit|stdout|stderr))*)\] (?<line>.+)$/;

/** Lines that stand together have one reason, below them. @throws Error for one without */
export function parseDifferences(text: string): Difference[] {
  const found: Difference[] = [];
  for (const block of text.split(/\n{2,}/)) {
    const lines = block.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    const isReason = (line: string): boolean => line.startsWith("    ");
    const reason = lines
      .filter(isReason)
      .map((line) => line.trim())
      .join(" ");
    const heads = lines.filter((line) => !isReason(line));
    if (heads.length > 0 && reason === "") throw new Error(`no reason: ${heads.join(" ")}`);
    found.push(...heads.map((head) => ({ ...parseHead(head), reason })));
  }
  return found;
}

function parseHead(text: string): Omit<Difference, "reason"> {
  const { group = "", streams = "", line = "" } = HEAD.exec(text)?.groups ?? {};
  if (line === "") throw new Error(`not "[GROUP STREAM,...] LINE": ${text}`);
  return { group, line, streams: streams.split(",") as Stream[] };
}
