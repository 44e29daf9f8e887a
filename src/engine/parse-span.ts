// A length of time as docker's flags have it: "1h30m". Pure.

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** @param perMs what a millisecond counts; undefined for what is no length of time */
export function parseSpan(text: string, perMs: number): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  return parts.reduce((sum, [, number, unit]) => {
    return sum + Number(number) * ((UNITS[unit ?? ""] ?? 0) * perMs);
  }, 0);
}
