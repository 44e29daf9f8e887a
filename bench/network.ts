// How long a run in a network takes: beside the same without one, with one and with twenty published
// ports, as the 200th of a network, and beside podman and docker. See README.md.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { judgeNetworks } from "./bars.ts";
import { runOnce, timeProgram } from "./child.ts";
import { removeFolder } from "./isolate.ts";
import {
  listBunkerSubjects,
  listDockerSubjects,
  listPodmanSubjects,
  measureCrowd,
  type NetworkPlace,
  type NetworkSubject,
  startDocker,
} from "./network-subjects.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, NETWORK_USAGE } from "./options.ts";
import { findBunker, findRootfs } from "./place.ts";
import { conclude, formatMachine, formatTable, readLoad } from "./report.ts";
import { shuffle } from "./rounds.ts";
import { medians, pairedDifference, summarize } from "./statistics.ts";

async function bench(options: BenchOptions): Promise<number> {
  const folder = mkdtempSync(`${tmpdir()}/bunker-bench-network-`);
  try {
    Bun.spawnSync(["ip", "link", "set", "lo", "up"]);
    const place = {
      folder,
      bunker: findBunker(options),
      rootfs: findRootfs(options),
    };
    using docker = await startDocker(place);
    const subjects = [
      ...listBunkerSubjects(place),
      ...listPodmanSubjects(place),
      ...(docker === undefined ? [] : listDockerSubjects(place, docker)),
    ];
    return measure(options, place, subjects);
  } finally {
    removeFolder(folder);
  }
}

type Samples = Record<string, readonly number[]>;

function measure(
  options: BenchOptions,
  place: NetworkPlace,
  subjects: readonly NetworkSubject[],
): number {
  for (const { programs } of subjects) programs.forEach(runOnce);
  const before = readLoad();
  const samples: Samples = { ...runAll(subjects, options), ...measureCrowd(place) };
  process.stdout.write(
    formatMachine(`medians of ${options.rounds} rounds`, before) +
      `${formatSamples(subjects, samples)}\n`,
  );
  const { bridge = [], "one-port": one = [], "twenty-ports": twenty = [] } = samples;
  const verdicts = judgeNetworks({
    medianMs: medians(samples),
    portMs: pairedDifference(one, bridge),
    portsMs: pairedDifference(twenty, one),
  });
  return conclude(options, verdicts, { samples });
}

function runAll(subjects: readonly NetworkSubject[], { rounds, pauseMs }: BenchOptions): Samples {
  const samples: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const { key, programs } of shuffle(subjects, round)) {
      if (pauseMs > 0) Bun.sleepSync(pauseMs);
      const ms = programs.reduce((sum, program) => sum + timeProgram(program), 0);
      (samples[key] ??= []).push(ms);
    }
  }
  return samples;
}

function formatSamples(subjects: readonly NetworkSubject[], samples: Samples): string {
  const titles = new Map(subjects.map(({ key, title }) => [key, title]));
  const rows = Object.entries(samples).map(([key, list]) => {
    const { median, p10, min, p90 } = summarize(list);
    return [titles.get(key) ?? key, ...[median, p10, min, p90].map((ms) => ms.toFixed(1))];
  });
  return formatTable([["start to end, ms", "median", "p10", "min", "p90"], ...rows]);
}

process.exitCode = await startBench(process.argv.slice(2), {
  usage: NETWORK_USAGE,
  apart: ["--net"],
  bench,
});
