// What the bench prints: tables for people, as text.

import { formatMegabytes, type Verdict } from "./bars.ts";
import type { Peaks } from "./memory.ts";
import type { Samples } from "./rounds.ts";
import { median, pairedRatio, summarize } from "./statistics.ts";
import type { Subject } from "./subjects.ts";
import type { Phase } from "./timeline.ts";

type Titles = readonly Pick<Subject, "key" | "title">[];

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
export function formatVerdicts(verdicts: readonly Verdict[]): string {
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
