// Runs the table on both sides at the same time, and says of each line whether what came of it is the
// same, differs as differences.txt has it, or fails: main.ts FOLDER [--show] [GROUP...], called by
// side-by-side.sh. A listed difference that is none (any more) is a failure as well.
import { readFileSync } from "node:fs";
import { type Difference, parseDifferences } from "./differences.ts";
import { differingStreams, type Outcome, Side, type Stream } from "./side.ts";
import { table } from "./table.ts";

const LIST = new URL("differences.txt", import.meta.url).pathname;
const CLEAN = "docker ps -aq | xargs -r docker rm -fv";

interface Pair {
  readonly docker: Outcome;
  readonly bunker: Outcome;
}

interface GroupRun {
  readonly outcomes: readonly Outcome[];
  readonly seconds: number;
}

async function runGroup(lines: readonly string[], side: Side): Promise<GroupRun> {
  const startMs = performance.now();
  const outcomes: Outcome[] = [];
  for (const line of lines) outcomes.push(await side.run(line));
  await side.run(CLEAN);
  return { outcomes, seconds: Math.round((performance.now() - startMs) / 1000) };
}

class Report {
  #passed = 0;
  #failed = 0;
  readonly #seen = new Set<Difference>();

  constructor(
    private readonly listed: readonly Difference[],
    private readonly showsAll: boolean,
  ) {}

  add(group: string, line: string, pair: Pair): void {
    const streams = differingStreams(pair.docker, pair.bunker);
    const entry = this.listed.find((one) => one.group === group && one.line === line);
    const isAsListed = streams.every((stream) => entry?.streams.includes(stream));
    if (entry !== undefined && streams.join() === entry.streams.join()) this.#seen.add(entry);
    if (isAsListed) this.#passed += 1;
    else this.#failed += 1;
    const note = streams.length > 0 && isAsListed ? ` (${streams}: ${entry?.reason})` : "";
    console.log(`${isAsListed ? "ok   " : "FAIL "} ${group}: ${line}${note}`);
    if (this.showsAll || !isAsListed)
      show(pair, this.showsAll ? ["exit", "stdout", "stderr"] : streams);
  }

  /** What is listed must be so. */
  finish(groups: readonly string[]): void {
    for (const entry of this.listed) {
      if (!groups.includes(entry.group) || this.#seen.has(entry)) continue;
      this.#failed += 1;
      console.log(`FAIL  listed, and not so: [${entry.group} ${entry.streams}] ${entry.line}`);
    }
    console.log(
      `${this.#passed} passed, ${this.#failed} failed, ${this.#seen.size} of them differ as listed`,
    );
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

function show({ docker, bunker }: Pair, streams: readonly Stream[]): void {
  for (const [name, outcome] of Object.entries({ docker, bunker })) {
    for (const stream of streams) {
      const text = stream === "exit" ? `${outcome.exitCode}` : outcome[stream];
      for (const line of text.trimEnd().split("\n"))
        console.log(`      ${name} ${stream}| ${line}`);
    }
  }
}

async function main(folder: string, words: readonly string[]): Promise<void> {
  const asked = words.filter((word) => !word.startsWith("--"));
  const groups = asked.length > 0 ? asked : Object.keys(table);
  const report = new Report(parseDifferences(readFileSync(LIST, "utf8")), words.includes("--show"));
  const docker = new Side(`${folder}/docker`, "10.77");
  const bunker = new Side(`${folder}/bunker`, "10.87");
  for (const group of groups) {
    const lines = table[group];
    if (lines === undefined) throw new Error(`no such group: ${group}`);
    const [one, other] = await Promise.all([runGroup(lines, docker), runGroup(lines, bunker)]);
    console.log(
      `# ${group}: ${lines.length} lines, docker ${one.seconds} s, bunker ${other.seconds} s`,
    );
    lines.forEach((line, index) => {
      const [left, right] = [one.outcomes[index], other.outcomes[index]];
      if (left !== undefined && right !== undefined)
        report.add(group, line, { docker: left, bunker: right });
    });
  }
  report.finish(groups);
}

const [folder = "", ...words] = process.argv.slice(2);
await main(folder, words);
