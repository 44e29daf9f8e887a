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
 * Returns what makes a text of a value. Start-up: templates are loaded for who has one.
 * @throws UserError with docker's exit code of a template that cannot be read
 */
async function parse(format: string, typeName?: string): Promise<(value: Value) => string> {
  const { executeTemplate } = await import("./template/execute.ts");
  const { functionNames } = await import("./template/functions.ts");
  const { parseTemplate } = await import("./template/parser.ts");
  try {
    const nodes = parseTemplate(format, functionNames);
    return (value) => executeTemplate(nodes, value, typeName === undefined ? {} : { typeName });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, error.hint, 64);
  }
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
  const print = await parse(format, typeName);
  return `${print(value)}\n`;
}

/** Prints an inspection; 1 where something was not found, with what was found printed first. */
export async function printInspection(
  { found, missing }: Inspected,
  format: string | undefined,
  context: { write(text: string): void; writeError(text: string): void },
): Promise<number> {
  const problems = [...missing];
  const text = await formatInspection(found, format, problems);
  // docker's: a template that has printed nothing has printed an empty line.
  context.write(format && text === "" ? "\n" : text);
  for (const problem of problems) context.writeError(`bunker: ${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

/** @param problems gets a message for each that the template does not fit */
async function formatInspection(
  found: readonly Value[],
  format: string | undefined,
  problems: string[],
): Promise<string> {
  if (format === undefined || format === "") return `${JSON.stringify(found, undefined, 4)}\n`;
  if (format === "json") return found.length === 0 ? "" : `${toJson(found)}\n`;
  const print = await parse(format);
  let text = "";
  for (const value of found) {
    try {
      text += `${print(value)}\n`;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      problems.push(error.message);
    }
  }
  return text;
}
