// The line format that docker's `--env-file` and `--label-file` share: KEY=VALUE or a bare KEY,
// `#` begins a comment line, blanks in front are dropped, blanks behind belong to the value.
import { UserError } from "../../errors.ts";

/** Returns the lines that say something, each with a key. A byte order mark is dropped. */
export function parseKeyFile(content: string): string[] {
  const lines: string[] = [];
  const text = content.startsWith("\uFEFF") ? content.slice(1) : content;
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.replace(/\r$/, "").trimStart();
    // The decoder has put this character in place of each byte that is no UTF-8.
    if (line.includes("\uFFFD")) throw new UserError(`invalid utf8 bytes at line ${index + 1}`);
    if (line === "" || line.startsWith("#")) continue;
    checkKey(line);
    lines.push(line);
  }
  return lines;
}

function checkKey(line: string): void {
  const equals = line.indexOf("=");
  const key = equals < 0 ? line : line.slice(0, equals);
  if (key === "") throw new UserError(`no variable name on line '${line}'`);
  if (/[ \t]/.test(key)) throw new UserError(`variable '${key}' contains whitespaces`);
}
