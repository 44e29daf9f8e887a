// What `inspect` commands print: an indented JSON list, or a template of each object.
import { UserError } from "../../errors.ts";
import { executeTemplate } from "./template/execute.ts";
import { functionNames } from "./template/functions.ts";
import { parseTemplate } from "./template/parser.ts";
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
export function formatInspection(found: readonly Value[], format: string | undefined): string {
  if (format === undefined || format === "") {
    const list = JSON.stringify(found, undefined, 4);
    return `${list}\n`;
  }
  if (format === "json") return `${toJson(found)}\n`;
  const nodes = parseTemplate(format, functionNames);
  return found.map((value) => `${executeTemplate(nodes, value)}\n`).join("");
}

/**
 * Returns the text of the one object that there is.
 * @param typeName Go's name of its type, for messages
 * @throws UserError exit code 64 for a template that cannot be read, as docker has it
 */
export function formatObject(value: Value, format: string, typeName: string): string {
  if (format === "json") return `${toJson(value)}\n`;
  return `${executeTemplate(readTemplate(format), value, { typeName })}\n`;
}

function readTemplate(format: string): ReturnType<typeof parseTemplate> {
  try {
    return parseTemplate(format, functionNames);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, error.hint, 64);
  }
}

/** Prints an inspection; 1 where something was not found, with what was found printed first. */
export function printInspection(
  { found, missing }: Inspected,
  format: string | undefined,
  context: { write(text: string): void; writeError(text: string): void },
): number {
  if (format !== undefined && format !== "") parseTemplate(format, functionNames);
  const text = found.length === 0 && format ? "\n" : formatInspection(found, format);
  context.write(text);
  for (const message of missing) context.writeError(`bunker: ${message}\n`);
  return missing.length === 0 ? 0 : 1;
}
