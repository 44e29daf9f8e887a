// Many containers at once: how long everything takes that is done to them, what watches over them weighs,
// and whether anything is left; beside docker and podman, one after the other. See README.md.

import { writeFileSync } from "node:fs";
import { cpus, loadavg, release } from "node:os";
import { judgeLoad, type LoadMeasured } from "./bars.ts";
import { type Engine, type EnginePlace, IMAGE, openEngine } from "./engines.ts";
import { APART } from "./isolate.ts";
import { atPlace } from "./engine-place.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, LOAD_USAGE } from "./options.ts";
import { formatTable, formatVerdicts } from "./report.ts";
import { leftOf, measureWatchers, takeTraces } from "./watchers.ts";

const COUNT = 200;
const AT_ONCE = 8;

/** Milliseconds of each thing that is done, in the order of doing. */
type Phases = Record<string, number>;

interface Outcome extends LoadMeasured {
  readonly phases: Phases;
}

const bench = (options: BenchOptions): Promise<number> =>
  atPlace(options, (place) => benchAt(place, options));

async function benchAt(place: EnginePlace, options: BenchOptions): Promise<number> {
  const before = loadavg()[0] ?? 0;
  const outcomes: Record<string, Outcome> = {};
  for (const name of ["bunker", "docker", "podman"] as const) {
    const outcome = await measureEngine(name, place, options.count ?? COUNT);
    if (outcome === undefined) process.stdout.write(`left out: ${name}: not installed\n`);
    else outcomes[name] = outcome;
  }
  process.stdout.write(
    `${cpus().length} CPUs, Linux ${release()}, ${AT_ONCE} commands at a time\n` +
      `load ${before.toFixed(2)} before, ${(loadavg()[0] ?? 0).toFixed(2)} after\n\n` +
      `${formatOutcomes(outcomes)}\n`,
  );
  const verdicts = judgeLoad(outcomes);
  process.stdout.write(formatVerdicts(verdicts));
  for (const { left } of Object.values(outcomes))
    for (const line of left) process.stdout.write(`left: ${line}\n`);
  if (options.json !== undefined) {
    writeFileSync(options.json, JSON.stringify({ outcomes, verdicts }, null, 2));
  }
  return options.check && !verdicts.every(({ cleared }) => cleared) ? 1 : 0;
}

async function measureEngine(
  name: Engine["name"],
  place: EnginePlace,
  count: number,
): Promise<Outcome | undefined> {
  using engine = await openEngine(name, place);
  if (engine === undefined) return undefined;
  // What is made once for all containers is no container's.
  engine.time("run", "--rm", "--network", "none", IMAGE, "true");
  const before = takeTraces([], []);
  const phases: Phases = {};
  const names = Array.from({ length: count }, (_, index) => `load-${index}`);
  phases["run -d"] = engine.crowd(names.map(runWords), AT_ONCE);
  const ids = engine.output("ps", "--quiet", "--no-trunc").split("\n").filter(Boolean);
  const bytes = measureWatchers();
  phases["ps"] = engine.time("ps");
  phases["stats --no-stream"] = engine.time("stats", "--no-stream");
  phases["exec"] = engine.crowd(
    names.map((each) => ["exec", each, "true"]),
    AT_ONCE,
  );
  phases["stop"] = engine.crowd(
    names.map((each) => ["stop", "-t", "0", each]),
    AT_ONCE,
  );
  phases["rm"] = engine.crowd(
    names.map((each) => ["rm", each]),
    AT_ONCE,
  );
  const totalMs = Object.values(phases).reduce((sum, ms) => sum + ms, 0);
  const left = leftOf(before, [...ids, ...names], engine.folders);
  return { count: ids.length, totalMs, psMs: phases["ps"], bytes, left, phases };
}

const runWords = (name: string): string[] => [
  "run",
  "-d",
  "--network",
  "none",
  "--name",
  name,
  IMAGE,
  "sleep",
  "1000",
];

function formatOutcomes(outcomes: Readonly<Record<string, Outcome>>): string {
  const columns = Object.values(outcomes);
  const row = (title: string, of: (outcome: Outcome) => string): string[] => [
    title,
    ...columns.map(of),
  ];
  const phases = Object.keys(columns[0]?.phases ?? {});
  return formatTable([
    ["", ...Object.keys(outcomes)],
    row("containers", ({ count }) => String(count)),
    ...phases.map((phase) =>
      row(`${phase}, ms`, (outcome) => (outcome.phases[phase] ?? 0).toFixed(0)),
    ),
    row("together, ms", ({ totalMs }) => totalMs.toFixed(0)),
    row("resident, MiB", ({ bytes }) => (bytes / MEBIBYTE).toFixed(1)),
    row("of that a container, MiB", ({ bytes, count }) => (bytes / count / MEBIBYTE).toFixed(2)),
  ]);
}

const MEBIBYTE = 1024 * 1024;

if (import.meta.main)
  process.exit(await startBench(process.argv.slice(2), { usage: LOAD_USAGE, apart: APART, bench }));
