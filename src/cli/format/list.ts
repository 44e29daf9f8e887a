// A list of things as `--format` asks for it: docker's tables, its JSON lines, or a template of the
// user's. What every `ls` command prints goes through here.
import { alignColumns } from "./tab-writer.ts";
import { executeTemplate, type ExecutionOptions } from "./template/execute.ts";
import { functionNames, functions, type TemplateFunction } from "./template/functions.ts";
import { parseTemplate } from "./template/parser.ts";
import { isFields, rowToJson, toJson, type Fields } from "./template/values.ts";

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
export function formatList(rows: readonly Fields[], shape: ListShape, wanted: ListFormat): string {
  const { template, isTable } = chooseTemplate(shape, wanted);
  const nodes = parseTemplate(template, functionNames);
  const body = rows
    .map((row) => `${executeTemplate(nodes, row, rowOptions(row, shape))}\n`)
    .join("");
  if (!isTable) return body;
  const header = executeTemplate(nodes, shape.headers, { functions: headerFunctions });
  return alignColumns(`${header}\n${body}`);
}

/** `{{json .}}` of a row is not as `{{json .Field}}` is. */
function rowOptions(row: Fields, { typeName }: ListShape): ExecutionOptions {
  const json: TemplateFunction = {
    takes: [1, 1],
    call: (value) => (value === row ? rowToJson(row) : toJson(value)),
  };
  return { typeName, functions: { json } };
}

function chooseTemplate(
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

const same: TemplateFunction = { takes: [1, Infinity], call: (...args) => args[0] };
const last: TemplateFunction = { takes: [1, Infinity], call: (...args) => args.at(-1) };

/** What docker's functions do to a column's heading: they leave it as it is. */
const headerFunctions: Readonly<Record<string, TemplateFunction>> = {
  json: { takes: [1, 1], call: (value) => (isFields(value) ? "" : value) },
  title: same,
  lower: same,
  upper: same,
  truncate: same,
  join: same,
  split: same,
  ...(functions["pad"] && { pad: functions["pad"] }),
  println: last,
};
