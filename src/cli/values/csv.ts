// One line of comma separated fields as Go's encoding/csv reads it: docker's quoting in `--mount`.
import { UserError } from "../../errors.ts";

/** Returns the fields; one that begins with `"` ends at the next single `"`, and `""` is one `"`. */
export function splitCsv(line: string): string[] {
  const fields: string[] = [];
  let index = 0;
  for (;;) {
    const field = line[index] === '"' ? readQuoted(line, index) : readBare(line, index);
    fields.push(field.text);
    if (field.end >= line.length) return fields;
    index = field.end + 1;
  }
}

interface Field {
  readonly text: string;
  /** Where the comma after it is, or the line's length. */
  readonly end: number;
}

function readBare(line: string, start: number): Field {
  const comma = line.indexOf(",", start);
  const end = comma < 0 ? line.length : comma;
  const quote = line.indexOf('"', start);
  if (quote >= 0 && quote < end) refuse(quote, 'bare " in non-quoted-field');
  return { text: line.slice(start, end), end };
}

function readQuoted(line: string, start: number): Field {
  let text = "";
  for (let index = start + 1; ;) {
    const quote = line.indexOf('"', index);
    if (quote < 0) refuse(line.length, 'extraneous or missing " in quoted-field');
    text += line.slice(index, quote);
    const next = line[quote + 1];
    if (next === undefined || next === ",") return { text, end: quote + 1 };
    if (next !== '"') refuse(quote, 'extraneous or missing " in quoted-field');
    text += '"';
    index = quote + 2;
  }
}

function refuse(index: number, reason: string): never {
  throw new UserError(`parse error on line 1, column ${index + 1}: ${reason}`);
}
