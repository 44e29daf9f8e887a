// The results of the suites: TAP to rows, and the files that keep them, one for each runtime.
//   bun results.ts record FILE.tsv NAME FILE.tap [--partial]
// A row is: file of the tests, test, passed|failed|skipped, seconds, reason.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** What a test came to. */
export type Outcome = "passed" | "failed" | "skipped";

/** One test that was run: its file and name, what came of it, how long it took and why. */
export interface Row {
  readonly file: string;
  readonly test: string;
  readonly outcome: Outcome;
  readonly seconds: string;
  readonly reason: string;
}

const TAP_LINE =
  /^(not )?ok \d+ (?:- )?(.*?)(?: in (\d+)(ms|sec))?(?: ?# ?(skip|SKIP)(?: (.*))?)?$/;

/** The rows of a TAP output; the reason of a failure is the last thing that the test said. */
export function parseTap(file: string, text: string): Row[] {
  const rows: Row[] = [];
  let said: string[] = [];
  for (const line of text.split("\n")) {
    const match = TAP_LINE.exec(line.trimEnd());
    if (match === null) {
      if (line.startsWith("#")) said.push(line.slice(1).trim());
      continue;
    }
    amend(rows, said);
    said = [];
    const [, not, rawName, duration, unit, skip, why] = match;
    // bats prints the reason of a skip before the time that the test took.
    const [name = "", late] = (rawName ?? "").split(/ # skip ?/);
    const outcome =
      skip !== undefined || late !== undefined
        ? "skipped"
        : not === undefined
          ? "passed"
          : "failed";
    const seconds =
      duration === undefined ? "" : unit === "ms" ? (Number(duration) / 1000).toFixed(1) : duration;
    rows.push({ file, test: name.trim(), outcome, seconds, reason: why ?? late ?? "" });
  }
  amend(rows, said);
  return rows;
}

/** Gives the last row, if it failed, what was said after it as its reason. */
function amend(rows: Row[], said: readonly string[]): void {
  const last = rows.at(-1);
  if (last === undefined || last.outcome !== "failed" || said.length === 0) return;
  const reason = said
    .filter((line) => line !== "" && !line.startsWith("--- teardown"))
    .slice(0, 12)
    .join(" ⏎ ");
  rows[rows.length - 1] = { ...last, reason: reason.replaceAll("\t", " ").slice(0, 600) };
}

/** The rows of a results file; none where it is not there. */
export function readRows(path: string): Row[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return [];
  }
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [file = "", test = "", outcome = "", seconds = "", reason = ""] = line.split("\t");
      return {
        file,
        test,
        outcome: outcome === "passed" || outcome === "skipped" ? outcome : "failed",
        seconds,
        reason,
      };
    });
}

/** Writes a results file in the order of its keys, whole or not at all. */
function writeRows(path: string, rows: readonly Row[]): void {
  mkdirSync(dirname(path), { recursive: true });
  const lines = rows
    .map((row) => [row.file, row.test, row.outcome, row.seconds, row.reason].join("\t"))
    .toSorted();
  writeFileSync(`${path}.new`, lines.join("\n") + "\n");
  renameSync(`${path}.new`, path);
}

/** Puts the rows of one file of tests into a results file, in place of those it had. */
function record(path: string, file: string, tap: string, partial: boolean): void {
  const fresh = parseTap(file, readFileSync(tap, "utf8"));
  const names = new Set(fresh.map((row) => row.test));
  const kept = readRows(path).filter(
    (row) => row.file !== file || (partial && !names.has(row.test)),
  );
  writeRows(path, [...kept, ...fresh]);
  for (const row of fresh) {
    if (partial || row.outcome === "failed")
      console.log(`${row.outcome}\t${row.file}\t${row.test}`);
  }
}

if (import.meta.main) {
  const [command, path, file, tap, flag] = process.argv.slice(2);
  if (command !== "record" || path === undefined || file === undefined || tap === undefined) {
    console.error("usage: results.ts record FILE.tsv NAME FILE.tap [--partial]");
    process.exit(2);
  }
  record(path, file, tap, flag === "--partial");
}
