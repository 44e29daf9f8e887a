// The keys that leave a container running: docker's ctrl-p,ctrl-q unless said.

import { UserError } from "../../errors.ts";

const DEFAULT = "ctrl-p,ctrl-q";
const CONTROL_MASK = 0x1f;

/** The bytes that a terminal sends for them. @throws UserError in docker's words */
export function parseDetachKeys(text: string = DEFAULT): readonly number[] {
  return (text === "" ? DEFAULT : text).split(",").map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
    if (control === undefined) throw new UserError(`Unknown character: '${key}'`, undefined, 1);
    return control.charCodeAt(0) & CONTROL_MASK;
  });
}

/** Looks for the keys in what is typed. Those that may yet become the whole are held back. */
export class DetachFilter {
  #matched = 0;

  constructor(private readonly keys: readonly number[]) {}

  /** What is to be passed on, and whether the keys were typed. */
  pass(typed: Uint8Array): { readonly bytes: Uint8Array; readonly isDetached: boolean } {
    const passed: number[] = [];
    for (const byte of typed) {
      if (byte === this.keys[this.#matched]) {
        this.#matched += 1;
        if (this.#matched < this.keys.length) continue;
        return { bytes: Uint8Array.from(passed), isDetached: true };
      }
      passed.push(...this.keys.slice(0, this.#matched));
      this.#matched = byte === this.keys[0] ? 1 : 0;
      if (this.#matched === 0) passed.push(byte);
    }
    return { bytes: Uint8Array.from(passed), isDetached: false };
  }
}
