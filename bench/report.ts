// What the benches tell: tables for people, as text, and all of it as JSON for programs.

import { writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { formatMegabytes, type Verdict } from "./bars.ts";
import type { Peaks } from "./memory.ts";
import type { BenchOptions } from "./options.ts";
import type { Samples } from "./rounds.ts";
import { median, pairedRatio, summarize } from "./statistics.ts";
import type { Subject } from "./subjects.ts";
import type { Phase } from "./timeline.ts";

type Titles = readonly Pick<Subject, "key" | "title">[];

/** The load average of the last minute. */
export const readLoad = (): number => loadavg()[0] ?? 0;

/** Where it was measured, and how. @param before the load then; its end is now */
export function formatMachine(how: string, before?: number): string {
  const first = before === undefined ? "" : `${before.toFixed(2)} before, `;
  const load = `load ${first}${readLoad().toFixed(2)} after`;
  return `${cpus().length} CPUs, Linux ${release()}, ${how}\n${load}\n\n`;
}

/**
 * How every bench ends: tells the verdicts, and writes the JSON file that was asked for.
 * Returns the exit status: 1 where a bar is missed and that was asked for.
 */
export function conclude(
  { json, check }: BenchOptions,
  verdicts: readonly Verdict[],
  data: Readonly<Record<string, unknown>>,
): number {
  process.stdout.write(formatVerdicts(verdicts));
  if (json !== undefined) writeFileSync(json, JSON.stringify({ ...data, verdicts }, null, 2));
  return check && !verdicts.every(({ cleared }) => cleared) ? 1 : 0;
}

/** Medians and ratios, a line a subject. */
export function formatStarts(subjects: Titles, samples: Samples): string {
  const rows = subjects.map(({ key, title }) => {
    const own = samples[key] ?? [];
    const { median, p10, min, p90 } = summarize(own);
    const times = [median, p10, min, p90].map((ms) => ms.toFixed(2));
    const suffix = key.endsWith("-open") ? "-open" : "";
    const ratios = ["crun", "runc"].map((peer) => formatRatio(own, samples[peer + suffix]));
    return [title, ...times, ...ratios, formatRatio(own, samples["floor"])];
  });
  const head = ["start to end, ms", "median", "p10", "min", "p90", "/ crun", "/ runc", "/ floor"];
  return formatTable([head, ...rows]);
}

/** Of two medians; behind it the median of the ratios within each round. */
function formatRatio(own: readonly number[], base: readonly number[] | undefined): string {
  if (base === undefined || base === own) return "";
  const ratio = median(own) / median(base);
  return `${ratio.toFixed(2)} (${pairedRatio(own, base).toFixed(2)})`;
}

/**
 * What verbs take of bunker and of its peers: a line for each of `NAME-VERB` that there are samples
 * of. @param names bunker's as well, in the order of the lines
 */
export function formatVerbs(
  titles: Readonly<Record<string, string>>,
  names: readonly string[],
  samples: Samples,
  digits: { readonly ms: number; readonly ratio: number },
): string {
  const rows: string[][] = [["start to end, ms", "", "median", "p10", "min", "p90", "of ours"]];
  for (const [verb, title] of Object.entries(titles)) {
    const ours = samples[`bunker-${verb}`] ?? [];
    for (const name of names) {
      const own = samples[`${name}-${verb}`];
      if (own === undefined) continue;
      const { median: middle, p10, min, p90 } = summarize(own);
      const times = [middle, p10, min, p90].map((ms) => ms.toFixed(digits.ms));
      const ratios = [median(ours) / middle, pairedRatio(ours, own)];
      const [ratio, paired] = ratios.map((value) => value.toFixed(digits.ratio));
      rows.push([title, name, ...times, name === "bunker" ? "" : `${ratio} (${paired})`]);
    }
  }
  return formatTable(rows);
}

/** Peaks of memory. */
export function formatPeaks(subjects: Titles, { cli, init, agent }: Peaks): string {
  const rows = subjects
    .filter(({ key }) => cli[key] !== undefined)
    .map(({ key, title }) => [title, formatMegabytes(cli[key] ?? 0)]);
  if (init !== undefined) rows.push(["bunker's init before exec", formatMegabytes(init)]);
  if (agent !== undefined) rows.push(["bunker's agent", formatMegabytes(agent)]);
  return formatTable([["peak memory (resident)", ""], ...rows]);
}

/** Medians over several runs, phase by phase. */
export function formatPhases(title: string, runs: readonly (readonly Phase[])[]): string {
  const phases = medianPhases(runs);
  const total = phases.reduce((sum, { us }) => sum + us, 0);
  const rows = phases.map(({ title, us }) => [title, us.toFixed(0), percent(us, total)]);
  return formatTable([[title, "µs", "share"], ...rows, ["together", total.toFixed(0), ""]]);
}

/** The median of each phase over runs of the same phases. */
export function medianPhases(runs: readonly (readonly Phase[])[]): Phase[] {
  return (runs[0] ?? []).map(({ title }, place) => ({
    title,
    us: median(runs.map((phases) => phases[place]?.us ?? 0)),
  }));
}

const percent = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(0)} %`;

/** The bars, and whether each is cleared. */
function formatVerdicts(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ title, got, limit, cleared }) => [
    title,
    got,
    limit,
    cleared ? "cleared" : "MISSED",
  ]);
  return formatTable([["bar", "got", "limit", ""], ...rows]);
}

/** Rows with their columns in line: the first to the left, the others to the right. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
  const rule = "-".repeat(lines[0]?.length ?? 0);
  return `${[lines[0], rule, ...lines.slice(1)].join("\n")}\n`;
}
