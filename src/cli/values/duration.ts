// Durations as Go's time package reads them: `1h30m`, `1.5s`, `300ms`.
import { UserError } from "../../errors.ts";

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Returns milliseconds. Every number has a unit, except a lone 0; a sign may stand in front. */
export function parseDuration(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const rest = text.replace(/^[+-]/, "");
  if (rest === "0") return 0;
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/y;
  let total = 0;
  while (part.lastIndex < rest.length) {
    const match = part.exec(rest);
    if (match === null) throw invalid(text);
    total += Number(match[1]) * (unitMs[match[2] ?? ""] ?? NaN);
  }
  if (rest === "" || !Number.isFinite(total)) throw invalid(text);
  return total === 0 ? 0 : sign * total;
}

function invalid(text: string): UserError {
  return new UserError(
    `time: invalid duration ${JSON.stringify(text)}`,
    "a number and a unit, for example 90s or 1m30s",
  );
}
