// How long `run` takes beside crun, runc and the kernel itself, how much memory, and where bunker's
// own time goes. See README.md.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { judge } from "./bars.ts";
import { measurePeaks, type Peaks } from "./memory.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, USAGE } from "./options.ts";
import {
  conclude,
  formatMachine,
  formatPeaks,
  formatPhases,
  formatStarts,
  readLoad,
} from "./report.ts";
import { findBunker, findRootfs } from "./place.ts";
import { runRounds, type Samples } from "./rounds.ts";
import { medians } from "./statistics.ts";
import { listSubjects, type Place, type Subject } from "./subjects.ts";
import { type Phase, parseTrace, phasesOfEmpty, phasesOfRun } from "./timeline.ts";
import { Tracer } from "./tracefs.ts";

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

function makePlace(options: BenchOptions): Place {
  return {
    bunker: findBunker(options),
    rootfs: findRootfs(options),
    work: mkdtempSync(`${tmpdir()}/bunker-bench-`),
    state: mkdtempSync("/run/bunker-bench-"),
  };
}

async function measure(options: BenchOptions, place: Place): Promise<number> {
  const { subjects, absent } = await listSubjects(place);
  for (const reason of absent) print(`left out: ${reason}`);
  const before = readLoad();
  const samples = runRounds(subjects, options.rounds, options.pauseMs);
  print(formatMachine(`medians of ${options.rounds} rounds`, before));
  print(formatStarts(subjects, samples));
  const peaks = measurePeaks(place, subjects);
  print(formatPeaks(subjects, peaks));
  const phases = tracePhases(subjects);
  for (const [title, runs] of Object.entries(phases)) print(formatPhases(title, runs));
  const verdicts = judge(summarizeAll(samples, peaks));
  const status = conclude(options, verdicts, { samples, peaks, phases });
  print("");
  return status;
}

function summarizeAll(samples: Samples, { init, cli }: Peaks): Parameters<typeof judge>[0] {
  const { bunker } = cli;
  return {
    medianMs: medians(samples),
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
