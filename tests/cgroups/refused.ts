// Tables of refused inputs: each with the exact message.

import { expect } from "bun:test";
import { UserError } from "../../src/errors.ts";

/** Fails unless `act` throws a UserError with exactly `message`. */
export function expectRefusal(act: () => unknown, message: string): void {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    expect(error instanceof Error ? error.message : error).toBe(message);
    return;
  }
  throw new Error(`not refused; expected: ${message}`);
}
