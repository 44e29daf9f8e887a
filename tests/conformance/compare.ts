// Compares the results of the suites, runtime by runtime, and judges bunker: it must pass every test
// that a peer passes, or the test stands with its reason in exceptions.txt.
//   bun compare.ts [--results FOLDER] [SUITE...]
// A suite is such as runc-trixie or crun-bookworm; all that have results, where none is named.
// Exit 0 where that holds, 1 where it does not, 2 where bunker was not measured.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Outcome, readRows, type Row } from "./results.ts";

/** A test that bunker need not pass; "*" stands for any suite, or for any test of the file. */
export interface Exception {
  readonly suite: string;
  readonly file: string;
  readonly test: string;
  readonly reason: string;
}

/** The exceptions of a text of lines `suite | file | test | reason`; `#` starts a comment. */
export function parseExceptions(text: string): Exception[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [suite = "", file = "", test = "", ...rest] = line
      .split(" | ")
      .map((part) => part.trim());
    const reason = rest.join(" | ");
    if (reason === "") {
      throw new Error(`exceptions.txt: not "suite | file | test | reason": ${line}`);
    }
    return { suite, file, test, reason };
  });
}

function covers(exception: Exception, suite: string, { file, test }: Named): boolean {
  const matches = (pattern: string, text: string): boolean => pattern === "*" || pattern === text;
  return (
    matches(exception.suite, suite) && exception.file === file && matches(exception.test, test)
  );
}

type Named = Pick<Row, "file" | "test">;
const keyOf = ({ file, test }: Named): string => `${file}\t${test}`;

/** A test that some peer passes. */
interface Passed extends Named {
  readonly peers: string[];
}

/** What the peers pass, in the order of files and names. */
export function passedByPeers(peers: ReadonlyMap<string, readonly Row[]>): Passed[] {
  const passed = new Map<string, Passed>();
  for (const [peer, rows] of peers) {
    for (const { file, test, outcome } of rows) {
      if (outcome !== "passed") continue;
      const entry = passed.get(keyOf({ file, test })) ?? { file, test, peers: [] };
      entry.peers.push(peer);
      passed.set(keyOf(entry), entry);
    }
  }
  return [...passed.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** What a suite's comparison found: the tests that bunker owes, excepted or not. */
export interface Verdict {
  readonly owed: string[];
  readonly excepted: string[];
  /** Exceptions for tests that bunker passes. */
  readonly needless: string[];
}

export function judge(
  suite: string,
  own: readonly Row[],
  passed: readonly Passed[],
  exceptions: readonly Exception[],
): Verdict {
  const rows = new Map(own.map((row) => [keyOf(row), row]));
  const verdict: Verdict = { owed: [], excepted: [], needless: [] };
  for (const test of passed) {
    const row = rows.get(keyOf(test));
    const exception = exceptions.find((candidate) => covers(candidate, suite, test));
    if (row?.outcome === "passed") {
      const isNeedless = exception !== undefined && exception.test !== "*";
      if (isNeedless) verdict.needless.push(`${test.file}: ${test.test}`);
      continue;
    }
    const how = `${row?.outcome ?? "not run"}; passed by ${test.peers.join(", ")}`;
    const line = `${test.file}: ${test.test} [${how}]`;
    if (exception !== undefined) verdict.excepted.push(`${line}: ${exception.reason}`);
    else verdict.owed.push(row?.reason ? `${line}\n            ${row.reason}` : line);
  }
  return verdict;
}

function readSuite(folder: string): Map<string, Row[]> {
  const files = readdirSync(folder).filter((name) => name.endsWith(".tsv"));
  return new Map(
    files.sort().map((file) => [file.slice(0, -".tsv".length), readRows(join(folder, file))]),
  );
}

function printTable(suite: string, results: ReadonlyMap<string, readonly Row[]>): void {
  console.log(`\n${suite}`);
  for (const [name, rows] of results) {
    const count = (wanted: Outcome): string =>
      `${String(rows.filter(({ outcome }) => outcome === wanted).length).padStart(4)} ${wanted}`;
    const cells = [count("passed"), count("failed"), count("skipped")].join(" ");
    console.log(`  ${name.padEnd(12)}${cells}`);
  }
}

function printVerdict({ owed, excepted, needless }: Verdict): void {
  for (const line of needless) console.log(`  needless  ${line}: excepted, and bunker passes it`);
  for (const line of excepted) console.log(`  excepted  ${line}`);
  for (const line of owed) console.log(`  OWED      ${line}`);
}

if (import.meta.main) {
  const { values, positionals: wanted } = parseArgs({
    allowPositionals: true,
    options: { results: { type: "string" } },
  });
  const folder = values.results ?? join(import.meta.dir, "../../.cache/conformance/results");
  const present = existsSync(folder) ? readdirSync(folder).sort() : [];
  const exceptions = parseExceptions(readFileSync(join(import.meta.dir, "exceptions.txt"), "utf8"));
  let owed = 0;
  let measured = 0;
  for (const suite of present.filter((name) => wanted.length === 0 || wanted.includes(name))) {
    const results = readSuite(join(folder, suite));
    printTable(suite, results);
    const own = results.get("bunker");
    if (own === undefined) continue;
    measured++;
    results.delete("bunker");
    const verdict = judge(suite, own, passedByPeers(results), exceptions);
    printVerdict(verdict);
    owed += verdict.owed.length;
  }
  console.log(`\n${owed} tests that a peer passes and bunker does not`);
  process.exitCode = owed > 0 ? 1 : measured === 0 ? 2 : 0;
}
