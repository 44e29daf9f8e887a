// `--filter` as the verbs understand it: keys, each with the values that were given.

import { UserError } from "../errors.ts";
import { parseSpan } from "./parse-span.ts";

/** Filters by key, each with the values that were given for it. */
export type Filters = ReadonlyMap<string, readonly string[]>;

type Labels = Readonly<Record<string, string>>;

/** Whether the labels have all of `label=` and none of `label!=`. */
export function matchesLabels(labels: Labels, filters: Filters): boolean {
  const has = (wanted: string): boolean => {
    const equals = wanted.indexOf("=");
    const key = equals < 0 ? wanted : wanted.slice(0, equals);
    if (!Object.hasOwn(labels, key)) return false;
    return equals < 0 || labels[key] === wanted.slice(equals + 1);
  };
  if (!(filters.get("label") ?? []).every(has)) return false;
  return !(filters.get("label!") ?? []).some(has);
}

/** docker's: the text itself, or a regular expression that is found in it. */
export function matchesPattern(text: string, pattern: string): boolean {
  if (text === pattern) return true;
  try {
    return new RegExp(pattern).test(text);
  } catch {
    return false;
  }
}

/**
 * The moment of `until=`: a time (`2026-01-31T12:00:00Z`, seconds since 1970) or how long ago
 * (`1h30m`), in milliseconds since 1970. @throws UserError
 */
export function parseMoment(text: string, nowMs: number): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const span = parseSpan(text, 1);
  if (span !== undefined) return nowMs - span;
  const moment = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(moment)) return moment;
  throw new UserError(
    `failed to parse value as time or duration: "${text}"`,
    "a time such as 2026-01-31T12:00:00, or how long ago, such as 24h",
    1,
  );
}
