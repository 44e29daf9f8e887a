// What the parser says, and tables of what it must say.

import { expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import { parseSpec } from "../../src/oci/parse.ts";
import { specWith } from "./minimal-spec.ts";

/** The message of the UserError, or "accepted"; any other error is thrown on. */
export function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  return "accepted";
}

/** What is put where in the minimal spec, and the one problem among those reported that it must be. */
export type RefusalRow = [path: string, value: unknown, problem: string];

/** A test a row. */
export function testRefusals(table: readonly RefusalRow[]): void {
  for (const [path, value, problem] of table) {
    const shown = JSON.stringify(value)?.slice(0, 60) ?? "missing";
    test(`${path} ${shown}`, () => {
      const message = refusal(() => parseSpec(specWith(path, value)));
      if (problem === "accepted") expect(message).toBe(problem);
      else expect(message.split(/\n {2}|is not valid: /).slice(1)).toContain(problem);
    });
  }
}
