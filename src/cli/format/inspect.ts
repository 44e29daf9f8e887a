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

/** Prints an inspection; 1 where something was not found, with what was found printed first. */
export function printInspection(
  { found, missing }: Inspected,
  format: string | undefined,
  context: { write(text: string): void; writeError(text: string): void },
): number {
  if (format !== undefined && format !== "") parseTemplate(format, functionNames);
  const text = found.length === 0 && format ? "\n" : formatInspection(found, format);
  context.write(text);
  if (missing.length === 0) return 0;
  throw new UserError(missing.join("\n"), undefined, 1);
}
