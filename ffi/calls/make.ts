// What the builders of calls are made with.

import { type Argument, type Call, type Slot, Struct } from "../call.ts";

/** A descriptor: a number known beforehand, or the result of an earlier call. */
export type FdArgument = number | Slot;

/** What may be said about any call besides its arguments. */
export type CallOptions = Omit<Call, "name" | "args">;

/** A call of `name` with these arguments. */
export function call(name: Call["name"], args: readonly Argument[], options?: CallOptions): Call {
  return options === undefined ? { name, args } : { name, args, ...options };
}

/** A struct of 32-bit little-endian words, which is what nearly all of the kernel's are made of. */
export function words(values: readonly number[], describe: () => string): Struct {
  return new Struct(new Uint8Array(new Int32Array(values).buffer), describe);
}

/** How many bytes a text takes in UTF-8. */
export function utf8Length(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return new TextEncoder().encode(text).length;
  }
  return text.length;
}
