// How long `run` takes beside crun, runc and the kernel itself, how much memory, and where bunker's
// own time goes. See README.md.

import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir } from "node:os";
import { UserError } from "../src/errors.ts";
import { judge } from "./bars.ts";
import { measurePeaks, type Peaks } from "./memory.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, USAGE } from "./options.ts";
import { formatPeaks, formatPhases, formatStarts, formatVerdicts } from "./report.ts";
import { defaultRootfs } from "./place.ts";
import { runRounds, type Samples } from "./rounds.ts";
import { summarize } from "./statistics.ts";
import { listSubjects, type Place, type Subject } from "./subjects.ts";
import { type Phase, parseTrace, phasesOfEmpty, phasesOfRun } from "./timeline.ts";
import { Tracer } from "./tracefs.ts";

const PROJECT = new URL("..", import.meta.url).pathname;
/** Traced runs: the medians of phases need fewer than a comparison. */
const TRACED_RUNS = 20;

if (import.meta.main)
  process.exit(await startBench(process.argv.slice(2), { usage: USAGE, bench }));

async function bench(options: BenchOptions): Promise<number> {
  const place = makePlace(options);
  try {
    return await measure(options, place);
  } finally {
    rmSync(place.work, { recursive: true, force: true });
    rmSync(place.state, { recursive: true, force: true });
  }
}

function makePlace({ bunker, rootfs }: BenchOptions): Place {
  return {
    bunker: findFile(bunker ?? `${PROJECT}dist/bunker`, "build it with ./build.sh"),
    rootfs: findFile(rootfs ?? defaultRootfs(), "name another --rootfs"),
    work: mkdtempSync(`${tmpdir()}/bunker-bench-`),
    state: mkdtempSync("/run/bunker-bench-"),
  };
}

function findFile(path: string, hint: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw new UserError(`"${path}" does not exist`, hint);
  }
}

async function measure(options: BenchOptions, place: Place): Promise<number> {
  const { subjects, absent } = await listSubjects(place);
  for (const reason of absent) print(`left out: ${reason}`);
  const before = loadavg();
  const samples = runRounds(subjects, options.rounds, options.pauseMs);
  print(`${cpus().length} CPUs, Linux ${release()}, medians of ${options.rounds} rounds`);
  print(`load ${before[0]?.toFixed(2)} before, ${loadavg()[0]?.toFixed(2)} after\n`);
  print(formatStarts(subjects, samples));
  const peaks = measurePeaks(place, subjects);
  print(formatPeaks(subjects, peaks));
  const phases = tracePhases(subjects);
  for (const [title, runs] of Object.entries(phases)) print(formatPhases(title, runs));
  const verdicts = judge(summarizeAll(samples, peaks));
  print(formatVerdicts(verdicts));
  if (options.json !== undefined) {
    writeFileSync(options.json, JSON.stringify({ samples, peaks, phases, verdicts }, null, 2));
  }
  return options.check && !verdicts.every(({ cleared }) => cleared) ? 1 : 0;
}

function summarizeAll(samples: Samples, { init, cli }: Peaks): Parameters<typeof judge>[0] {
  const medianMs: Record<string, number> = {};
  for (const [key, list] of Object.entries(samples)) medianMs[key] = summarize(list).median;
  const { bunker } = cli;
  return {
    medianMs,
    ...(init === undefined ? {} : { initBytes: init }),
    ...(bunker === undefined ? {} : { cliBytes: bunker }),
  };
}

/** The phases of several runs by title; none where the kernel cannot trace. */
function tracePhases(subjects: readonly Subject[]): Record<string, Phase[][]> {
  const opened = Tracer.open();
  if (typeof opened === "string") {
    print(`left out: the phases: ${opened}\n`);
    return {};
  }
  using tracer = opened;
  const phases: Record<string, Phase[][]> = {};
  for (const { key, title, program } of subjects) {
    if (key !== "bunker" && key !== "empty") continue;
    const read = key === "empty" ? phasesOfEmpty : phasesOfRun;
    phases[title] = Array.from({ length: TRACED_RUNS }, () =>
      read(parseTrace(tracer.record(program))),
    );
  }
  return phases;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
