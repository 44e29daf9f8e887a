// `--filter key=value`: parsed as docker does, and matched.
import type { Filters } from "../../engine/filters.ts";
import { UserError } from "../../errors.ts";
import type { Flag } from "../flag.ts";

/** Adds one `--filter`. @throws UserError with the reason alone */
export function addFilter(filters: Map<string, string[]>, text: string): void {
  if (text === "") return;
  const equals = text.indexOf("=");
  if (equals < 0) throw new UserError("bad format of filter (expected name=value)");
  const key = text.slice(0, equals).trim().toLowerCase();
  const value = text.slice(equals + 1).trim();
  const values = filters.get(key);
  if (values === undefined) filters.set(key, [value]);
  else values.push(value);
}

/** Refuses keys that a command does not know. */
export function requireKeys(filters: Filters, known: readonly string[]): void {
  for (const key of filters.keys()) {
    if (known.includes(key)) continue;
    throw new UserError(`invalid filter '${key}'`, `it may be ${known.join(", ")}`, 1);
  }
}

/** The one boolean of a key; undefined where it was not given. */
export function readSwitch(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key);
  if (values === undefined) return undefined;
  const truths = values.map((value) => {
    if (value === "1" || value === "true") return true;
    if (value === "0" || value === "false") return false;
    throw new UserError(`invalid filter '${key}=[${values.join(" ")}]'`, undefined, 1);
  });
  return truths.includes(true);
}

/** Returns the `--filter` flag of a command whose draft has filters. */
export function filterFlag<D extends { readonly filters: Map<string, string[]> }>(
  example: string,
  short?: "f",
): Flag<D> {
  return {
    type: "list",
    ...(short !== undefined && { short }),
    group: "Flags",
    placeholder: "filter",
    help: `Provide filter values (e.g. "${example}")`,
    set: (draft, text) => addFilter(draft.filters, text),
  };
}
