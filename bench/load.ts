// Many containers at once: how long everything takes that is done to them, what watches over them weighs,
// and whether anything is left; beside docker and podman, one after the other. See README.md.

import { judgeLoad, type LoadMeasured } from "./bars.ts";
import { type Engine, type EnginePlace, IMAGE } from "./engines.ts";
import { APART } from "./isolate.ts";
import { atPlace, openEngines } from "./engine-place.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, LOAD_USAGE } from "./options.ts";
import { conclude, formatMachine, formatTable, readLoad } from "./report.ts";
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
  const before = readLoad();
  const outcomes: Record<string, Outcome> = {};
  for await (using engine of openEngines(place)) {
    outcomes[engine.name] = measureEngine(engine, options.count ?? COUNT);
  }
  process.stdout.write(
    formatMachine(`${AT_ONCE} commands at a time`, before) + `${formatOutcomes(outcomes)}\n`,
  );
  const status = conclude(options, judgeLoad(outcomes), { outcomes });
  for (const { left } of Object.values(outcomes))
    for (const line of left) process.stdout.write(`left: ${line}\n`);
  return status;
}

function measureEngine(engine: Engine, count: number): Outcome {
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
