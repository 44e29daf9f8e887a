// Tables of promises: what a parser makes of an input, and the exact words with which it refuses.
import { expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";

/** A test for each row: the input and the value that comes of it. */
export function acceptsEach<T>(
  what: string,
  parse: (text: string) => T,
  rows: readonly (readonly [text: string, value: T])[],
): void {
  for (const [text, value] of rows) {
    test(`${what} ${JSON.stringify(text)} is understood`, () => {
      expect(parse(text)).toEqual(value);
    });
  }
}

/** A test for each row: the input and the whole message of its refusal. */
export function refusesEach(
  what: string,
  parse: (text: string) => unknown,
  rows: readonly (readonly [text: string, message: string])[],
): void {
  for (const [text, message] of rows) {
    test(`${what} ${JSON.stringify(text)} is refused: ${message}`, () => {
      expect(refusalOf(() => parse(text)).message).toBe(message);
    });
  }
}

/** Returns the UserError that is thrown; anything else fails the test. */
export function refusalOf(act: () => unknown): UserError {
  let value: unknown;
  try {
    value = act();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error(`expected a refusal, got ${JSON.stringify(value)}`);
}
