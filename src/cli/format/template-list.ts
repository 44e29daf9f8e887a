// A list by a template that has more than fields in it.
import { UserError } from "../../errors.ts";
import { chooseTemplate, type ListFormat, type ListShape } from "./list.ts";
import { alignColumns } from "./tab-writer.ts";
import { executeTemplate, type ExecutionOptions } from "./template/execute.ts";
import { functionNames, functions, type TemplateFunction } from "./template/functions.ts";
import { parseTemplate } from "./template/parser.ts";
import { isFields, rowToJson, toJson, type Fields } from "./template/values.ts";

/** As formatList(), at once, for who lists again and again. @throws UserError */
export function formatListNow(
  rows: readonly Fields[],
  shape: ListShape,
  wanted: ListFormat,
): string {
  const { template, isTable } = chooseTemplate(shape, wanted);
  const { parseWords, executeWords } = shape;
  const nodes = saying(parseWords, () => parseTemplate(template, functionNames));
  const body = saying(executeWords, () =>
    rows.map((row) => `${executeTemplate(nodes, row, rowOptions(row, shape))}\n`).join(""),
  );
  if (!isTable) return body;
  const header = executeTemplate(nodes, shape.headers, { functions: headerFunctions });
  return alignColumns(`${header}\n${body}`);
}

/** Some of docker's lists have words of their own for a bad template. */
function saying<T>(words: string | undefined, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof UserError) || words === undefined) throw error;
    const message = error.message.replace(/^template parsing error/, words);
    throw new UserError(message, error.hint, error.exitCode);
  }
}

/** `{{json .}}` of a row is not as `{{json .Field}}` is. */
function rowOptions(row: Fields, { typeName }: ListShape): ExecutionOptions {
  const json: TemplateFunction = {
    takes: [1, 1],
    call: (value) => (value === row ? rowToJson(row) : toJson(value)),
  };
  return { typeName, functions: { json } };
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
