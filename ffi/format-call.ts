// A call as a person reads it: strace's notation, flags and magic numbers by name.

import type { Channel } from "./agent/channel.ts";
import { type ArgumentFormat, argumentFormats, fd } from "./argument-formats.ts";
import { AddressOf, type Argument, type Call, Slot, StringArray, Struct } from "./call.ts";

/** Beyond this many characters a string is cut in what is printed. */
const STRING_LIMIT = 120;

function formatArgument(
  argument: Argument,
  format: ArgumentFormat | undefined,
  channel?: Channel,
): string {
  if (argument === null) return "NULL";
  if (typeof argument === "number") return format ? format(argument) : String(argument);
  if (typeof argument === "string") return quote(argument);
  if (argument instanceof Slot) {
    return channel === undefined ? `<${argument.label}>` : String(channel.slotValue(argument));
  }
  if (argument instanceof AddressOf) return `&${argument.slot.label}`;
  if (argument instanceof Struct) return argument.describe();
  return formatStrings(argument);
}

// Security: an environment may hold secrets, so only the names are ever printed.
function formatStrings({ strings, secret }: StringArray): string {
  if (secret) return `[${strings.map((text) => quote(`${text.split("=", 1)[0]}=…`)).join(", ")}]`;
  return `[${strings.map(quote).join(", ")}]`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > STRING_LIMIT ? `${text.slice(0, STRING_LIMIT)}…` : text);
}

/**
 * `mount("proc", "/proc", "proc", MS_NOSUID|MS_NODEV, NULL)`. With a channel, results of earlier
 * calls are shown as they were; without, as `<label>`.
 */
export function formatCall(call: Call, channel?: Channel): string {
  return `${call.name}(${formatArguments(call, channel).join(", ")})`;
}

/** The arguments of a call, each as formatCall() shows it; prctl's without the zeros at the end. */
export function formatArguments(call: Call, channel?: Channel): string[] {
  const formats = argumentFormats(call);
  let { args } = call;
  if (call.name === "prctl")
    args = args.slice(0, Math.max(2, args.findLastIndex((arg) => arg !== 0) + 1));
  return args.map((argument, i) => formatArgument(argument, formats[i], channel));
}

/** The flags of a call by name, for an error message; empty where it has none worth showing. */
export function callDetail(call: Call): string {
  const formats = argumentFormats(call);
  const parts: string[] = [];
  call.args.forEach((argument, i) => {
    if (argument instanceof Struct) parts.push(argument.describe());
    const format = formats[i];
    if (typeof argument !== "number" || format === undefined || format === fd) return;
    const text = format(argument);
    if (text !== "0") parts.push(text);
  });
  return parts.join(", ");
}
