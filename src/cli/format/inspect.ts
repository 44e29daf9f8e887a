// What `inspect` commands print: an indented JSON list, or a template of each object.
import { UserError } from "../../errors.ts";
import { toJson, type Value } from "./template/values.ts";

/** What `inspect` found, and what it did not. */
export interface Inspected {
  readonly found: readonly Value[];
  /** A message for each name that leads nowhere. */
  readonly missing: readonly string[];
}

/**
 * Returns the text of what was found.
 * @throws UserError exit code 1 for a template that does not fit
 */
export async function formatInspection(
  found: readonly Value[],
  format: string | undefined,
): Promise<string> {
  if (format === undefined || format === "") {
    const list = JSON.stringify(found, undefined, 4);
    return `${list}\n`;
  }
  if (format === "json") return `${toJson(found)}\n`;
  const print = await parse(format);
  return found.map((value) => `${print(value)}\n`).join("");
}

/** What makes a text of a value. Start-up: templates are loaded for who has one. */
async function parse(format: string, typeName?: string): Promise<(value: Value) => string> {
  const { executeTemplate } = await import("./template/execute.ts");
  const { functionNames } = await import("./template/functions.ts");
  const { parseTemplate } = await import("./template/parser.ts");
  const nodes = parseTemplate(format, functionNames);
  return (value) => executeTemplate(nodes, value, typeName === undefined ? {} : { typeName });
}

/**
 * Returns the text of the one object that there is.
 * @param typeName Go's name of its type, for messages
 * @throws UserError exit code 64 for a template that cannot be read, as docker has it
 */
export async function formatObject(
  value: Value,
  format: string,
  typeName: string,
): Promise<string> {
  if (format === "json") return `${toJson(value)}\n`;
  const print = await parseWhole(format, typeName);
  return `${print(value)}\n`;
}

async function parseWhole(format: string, typeName: string): ReturnType<typeof parse> {
  try {
    return await parse(format, typeName);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, error.hint, 64);
  }
}

/** Prints an inspection; 1 where something was not found, with what was found printed first. */
export async function printInspection(
  { found, missing }: Inspected,
  format: string | undefined,
  context: { write(text: string): void; writeError(text: string): void },
): Promise<number> {
  if (format !== undefined && format !== "") await parse(format);
  const text = found.length === 0 && format ? "\n" : await formatInspection(found, format);
  context.write(text);
  for (const message of missing) context.writeError(`bunker: ${message}\n`);
  return missing.length === 0 ? 0 : 1;
}
