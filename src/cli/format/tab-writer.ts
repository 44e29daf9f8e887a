// Columns aligned as Go's text/tabwriter does for docker: a column is a run of lines that have a cell
// there with another after it, so a line's last cell never widens anything. Why no
// library does it: docs/decisions/output-as-docker.md

/** docker's settings of its writer. */
const leastWidth = 10;
const padding = 3;

/** Returns the text with the tabs of each line replaced by spaces; every line ends with a newline. */
export function alignColumns(text: string): string {
  if (text === "") return "";
  const lines = text.replace(/\n$/, "").split("\n");
  const cells = lines.map((line) => line.split("\t"));
  const widths = cells.map((): number[] => []);
  measure(cells, widths, 0, 0, cells.length);
  return cells.map((row, index) => `${joinRow(row, widths[index] ?? [])}\n`).join("");
}

/** Gives each line between `from` and `to` the width of its column and of those to the right. */
function measure(
  cells: readonly (readonly string[])[],
  widths: readonly number[][],
  column: number,
  from: number,
  to: number,
): void {
  const hasCell = (line: number) => line < to && column < (cells[line]?.length ?? 0) - 1;
  for (let line = from; line < to; line++) {
    if (!hasCell(line)) continue;
    const start = line;
    let width = leastWidth;
    for (; hasCell(line); line++) {
      width = Math.max(width, countCharacters(cells[line]?.[column] ?? "") + padding);
    }
    for (let one = start; one < line; one++) widths[one]?.push(width);
    measure(cells, widths, column + 1, start, line);
  }
}

function joinRow(row: readonly string[], widths: readonly number[]): string {
  let line = "";
  row.forEach((cell, column) => {
    const width = widths[column] ?? 0;
    line += cell + " ".repeat(Math.max(0, width - countCharacters(cell)));
  });
  return line;
}

/** Go counts code points. */
function countCharacters(text: string): number {
  return Array.from(text).length;
}
