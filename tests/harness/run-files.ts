// Runs test files in a process of their own, shows what fails, and counts.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

export const PROJECT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What came of a run of tests, why some of it was skipped, and how long its files took. */
export interface Result extends Counts {
  readonly reasons: readonly string[];
  readonly times: readonly FileTime[];
}

/** How long one test file took, with the start of its process and the look for what it left. */
export interface FileTime {
  readonly file: string;
  readonly seconds: number;
}

export interface RunSettings {
  readonly env?: Readonly<Record<string, string>>;
  /** For each test that names no time of its own. */
  readonly timeoutMs: number;
  /** What starts the process, such as sudo. */
  readonly prefix?: readonly string[];
  /** Show nothing of it: for tests of this file. */
  readonly quiet?: boolean;
}

/** The counts of both. */
export function addResults(a: Result, b: Result): Result {
  return {
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    reasons: [...new Set([...a.reasons, ...b.reasons])],
    times: [...a.times, ...b.times],
  };
}

export const NOTHING: Result = { passed: 0, failed: 0, skipped: 0, reasons: [], times: [] };

/** `12 passed, 0 failed, 1 skipped`, the form of every line of counts. */
export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** The slowest files, a line each: where the time of a run goes. */
export function formatSlowest(times: readonly FileTime[], count: number): string[] {
  const slowest = [...times].sort((a, b) => b.seconds - a.seconds).slice(0, count);
  return slowest.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(6)} s  ${file}`);
}

/** The counts in a line of `formatCounts`; none where the text is something else. */
export function parseCounts(line: string): Counts | undefined {
  const [, passed, failed, skipped] =
    /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line.trim()) ?? [];
  if (skipped === undefined) return undefined;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}

/** Runs `files` by one `bun test`, its failures shown as they come. */
export async function runFiles(files: readonly string[], settings: RunSettings): Promise<Result> {
  // Not in the project, which guests that run side by side share: they have the same pids.
  const folder = mkdtempSync(`${tmpdir()}/tests-of-bunker-`);
  const report = `${folder}/report.xml`;
  const flags = ["--only-failures", "--reporter=junit", `--reporter-outfile=${report}`];
  const command = [process.execPath, "test", `--timeout=${settings.timeoutMs}`, ...flags];
  const { exitCode, lines } = await showLines(
    [...(settings.prefix ?? []), ...command, ...files.map((file) => `./${file}`)],
    settings.env ?? {},
    settings.quiet === true ? () => false : isWorthShowing,
  );
  const text = readIfThere(report);
  const counts = countsOf(text);
  rmSync(folder, { recursive: true });
  // A crash of the process, or an error outside of every test, is in no count.
  const crashed = exitCode !== 0 && counts.failed === 0;
  if (crashed && settings.quiet !== true)
    console.log(`bun test ${files.join(" ")} ended with ${exitCode}`);
  const given = new Set(lines.filter((line) => line.startsWith("skipped: ")));
  const reasons = given.size > 0 ? [...given] : skippedTests(text);
  return { ...NOTHING, ...counts, failed: counts.failed + (crashed ? 1 : 0), reasons };
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** The tests that were skipped without a reason: then at least their names are told. */
function skippedTests(report: string): readonly string[] {
  const cases = report.matchAll(/<testcase name="([^"]*)"[^>]*file="([^"]*)"[^>]*>\s*<skipped/g);
  return [...cases].map(([, name, file]) => `skipped: ${file}: ${name}`);
}

/** The counts of a JUnit report, as its first element has them; none where there is no report. */
function countsOf(report: string): Counts {
  const first = /<testsuites [^>]*>/.exec(report)?.[0] ?? "";
  const [tests, failed, skipped] = ["tests", "failures", "skipped"].map((name) =>
    Number(new RegExp(` ${name}="(\\d+)"`).exec(first)?.[1] ?? 0),
  );
  const [all = 0, bad = 0, left = 0] = [tests, failed, skipped];
  return { passed: all - bad - left, failed: bad, skipped: left };
}

/** What `bun test` says about files without a failure is left out, and so are its own counts. */
function isWorthShowing(line: string): boolean {
  if (line.trim() === "" || line.startsWith("skipped: ")) return false;
  return !/^(bun test v|\(skip\)|tests\/\S+\.test\.ts:$|Ran \d+ tests| +\d+ (pass|skip|fail)$| +\d+ (expect|snapshots))/.test(
    line,
  );
}

/** Runs a command, stdout and stderr as one; prints the lines that are worth it, returns all. */
export async function showLines(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  isShown: (line: string) => boolean,
): Promise<{ exitCode: number; lines: readonly string[] }> {
  const child = Bun.spawn(["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", ...command], {
    cwd: PROJECT,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const lines: string[] = [];
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    const pieces = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = pieces.pop() ?? "";
    for (const line of pieces) if (isShown(line)) console.log(line);
    lines.push(...pieces);
  }
  if (rest !== "") {
    lines.push(rest);
    if (isShown(rest)) console.log(rest);
  }
  return { exitCode: await child.exited, lines };
}
