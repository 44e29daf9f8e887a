// Lines of text for a terminal: broken at its width, bold and dim where it knows them.

export interface Style {
  heading(text: string): string;
  why(text: string): string;
  note(text: string): string;
}

const ESCAPE = "\x1b[";

/** Bold, cyan and dim; or nothing of that kind. */
export function makeStyle(styled: boolean): Style {
  const as = (code: string) => (text: string) =>
    styled && text !== "" ? `${ESCAPE}${code}m${text}${ESCAPE}0m` : text;
  return { heading: as("1"), why: as("36"), note: as("2") };
}

/**
 * `text` in lines of at most `columns` characters, broken at spaces; a word that is longer than a
 * line stays whole. The first line is indented by `indent`, the others by `hanging`.
 */
export function wrap(text: string, columns: number, indent: number, hanging: number): string[] {
  const lines: string[] = [];
  let line = " ".repeat(indent);
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = " ".repeat(hanging) + word;
    } else {
      line += isEmpty ? word : ` ${word}`;
    }
    isEmpty = false;
  }
  lines.push(line);
  return lines;
}
