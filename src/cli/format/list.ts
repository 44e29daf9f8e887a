// A list of things as `--format` asks for it: docker's tables, its JSON lines, or a template of the
// user's. What every `ls` command prints goes through here.
import { alignColumns } from "./tab-writer.ts";
import type { Fields, Value } from "./template/values.ts";

/** What a list is made of. */
export interface ListShape {
  /** The fields of a row and the headings of their columns. */
  readonly headers: Readonly<Record<string, string>>;
  /** The template of `table` alone, without the word. */
  readonly table: string;
  /** The template with `--quiet`. */
  readonly quiet: string;
  /** The template of docker's `raw`. */
  readonly raw?: string;
  /** Go's name of a row's type, for messages. */
  readonly typeName: string;
  /** What a template that cannot be read, or does not fit, is called; docker's usual words unless said. */
  readonly parseWords?: string;
  readonly executeWords?: string;
}

/** How the user wants it. */
export interface ListFormat {
  /** What `--format` said; "" or undefined is `table`. */
  readonly format?: string | undefined;
  readonly quiet?: boolean;
}

/**
 * Returns the text of a list, each row on lines of its own.
 * @throws UserError exit code 1 for a template that cannot be parsed or executed
 */
export async function formatList(
  rows: readonly Fields[],
  shape: ListShape,
  wanted: ListFormat,
): Promise<string> {
  const { template, isTable } = chooseTemplate(shape, wanted);
  const plain = fillIn(parsePlain(template, shape), rows, shape);
  if (plain === undefined) {
    return (await import("./template-list.ts")).formatListNow(rows, shape, wanted);
  }
  return isTable ? alignColumns(plain.header + plain.body) : plain.body;
}

/** A list before its columns are aligned. */
interface ListText {
  readonly header: string;
  readonly body: string;
}

/** A text, and the field that follows it; "" at the end. */
interface Piece {
  readonly text: string;
  readonly field: string;
}

/**
 * The pieces of a template that has nothing but fields in it, as docker's own have; undefined for any
 * other. Start-up: what parses and executes templates takes as long to load as all else that lists.
 */
function parsePlain(template: string, { headers }: ListShape): Piece[] | undefined {
  const pieces: Piece[] = [];
  let at = 0;
  for (;;) {
    const open = template.indexOf("{{", at);
    if (open < 0) return [...pieces, { text: template.slice(at), field: "" }];
    const close = template.indexOf("}}", open);
    const field = template.slice(open + 3, close);
    if (close < 0 || template[open + 2] !== "." || !Object.hasOwn(headers, field)) return undefined;
    pieces.push({ text: template.slice(at, open), field });
    at = close + 2;
  }
}

/** undefined where a value is not a text: how Go prints those, templates know. */
function fillIn(
  pieces: readonly Piece[] | undefined,
  rows: readonly Fields[],
  { headers }: ListShape,
): ListText | undefined {
  if (pieces === undefined) return undefined;
  let header = "";
  for (const { text, field } of pieces) header += text + (headers[field] ?? "");
  let body = "";
  for (const row of rows) {
    for (const { text, field } of pieces) {
      const value = field === "" ? "" : textOf(row[field]);
      if (value === undefined) return undefined;
      body += text + value;
    }
    body += "\n";
  }
  return { header: `${header}\n`, body };
}

function textOf(value: Value): string | undefined {
  const plain = typeof value === "function" && value.length === 0 ? value() : value;
  return typeof plain === "string" ? plain : undefined;
}

export function chooseTemplate(
  shape: ListShape,
  { format = "", quiet }: ListFormat,
): { readonly template: string; readonly isTable: boolean } {
  const asked = format.trim();
  if (asked === "json") return { template: "{{json .}}", isTable: false };
  if (asked === "raw" && shape.raw !== undefined) {
    return { template: quiet === true ? `${shape.quiet}` : shape.raw, isTable: false };
  }
  if (asked === "" || asked === "table") {
    if (quiet === true) return { template: shape.quiet, isTable: false };
    return { template: shape.table, isTable: true };
  }
  const isTable = /^table(\s|\\t|$)/.test(asked);
  const template = (isTable ? asked.slice("table".length) : asked).trim();
  return { template: resolveEscapes(template), isTable };
}

/** docker's: a backslash and a letter in the format are the sign, as shells pass them on. */
function resolveEscapes(template: string): string {
  return template.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}
