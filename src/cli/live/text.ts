// Lines of a screen: pieces of text, each with a look of its own, cut to the width of the window.

/** How a piece looks. `good`, `warm` and `hot`: how near it is to its limit. */
export type Look = "plain" | "bold" | "dim" | "chosen" | "curve" | "good" | "warm" | "hot";

export interface Piece {
  readonly text: string;
  readonly look?: Look;
}

export type Line = readonly Piece[];

const CODES: Readonly<Record<Look, string>> = {
  plain: "",
  bold: "1",
  dim: "2",
  chosen: "7",
  curve: "36",
  good: "32",
  warm: "33",
  hot: "31",
};
/** Without colours only what is no colour. */
const UNCOLOURED: readonly Look[] = ["bold", "dim", "chosen"];

/** The line as it is written to a terminal. */
export function formatLine(line: Line, columns: number, hasColour: boolean): string {
  let left = columns;
  let text = "";
  for (const { text: whole, look = "plain" } of line) {
    const part = cut(whole, left);
    left -= part.length;
    const code = hasColour || UNCOLOURED.includes(look) ? CODES[look] : "";
    text += code === "" ? part : `\u001b[${code}m${part}\u001b[0m`;
    if (left === 0) break;
  }
  return text;
}

/** The beginning of a text; every character is one column wide here. */
function cut(text: string, columns: number): string {
  return text.length <= columns ? text : text.slice(0, columns);
}

/** A cell of a table, `width` wide: what does not fit ends in a sign that says so. */
export function fit(text: string, width: number, isUnicode = true): string {
  if (text.length <= width) return text.padEnd(width);
  return text.slice(0, Math.max(0, width - 1)) + (isUnicode ? "…" : ">");
}
