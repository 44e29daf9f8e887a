// How long a pull takes, from nothing to unpacked layers, beside podman's and docker's: a Debian image
// of three layers and one of 20,000 small files, from a registry on loopback. See README.md.

import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { installPackages, Registry, run } from "../tests/conformance/images/tools.ts";
import { formatMegabytes, judgePulls } from "./bars.ts";
import { timeProgram } from "./child.ts";
import { measureCommandLine } from "./memory.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, PULL_USAGE } from "./options.ts";
import { findBunker } from "./place.ts";
import { makeBunker, makeDocker, makePodman, type Puller, pushImages } from "./pull-subjects.ts";
import { conclude, formatMachine, formatTable, readLoad } from "./report.ts";
import { shuffle } from "./rounds.ts";
import { medians, summarize } from "./statistics.ts";

const PROJECT = new URL("..", import.meta.url).pathname;
/** Each takes ten seconds and leaves 150 MB until the end. */
const ROUNDS = 15;
const PACKAGES = ["docker-registry", "podman", "skopeo", "tar", "umoci"] as const;

async function bench(options: BenchOptions): Promise<number> {
  installPackages(...PACKAGES);
  const work = mkdtempSync(`${tmpdir()}/bunker-bench-pull-`);
  try {
    mkdirSync(`${work}/registry`);
    using registry = await Registry.start(`${work}/registry`);
    const executable = findBunker(options);
    const pullers = [makeBunker(work, executable), makePodman(work), makeDocker(work)];
    const debian = options.rootfs ?? run(`${PROJECT}tests/harness/make-rootfs.sh`, "debian").trim();
    const images = pushImages(work, registry, debian);
    return await measure(
      options,
      pullers.filter((each) => each !== undefined),
      images,
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

type Samples = Record<string, number[]>;

async function measure(
  options: BenchOptions,
  pullers: readonly Puller[],
  images: readonly string[],
): Promise<number> {
  const before = readLoad();
  const samples: Samples = {};
  for (const image of images) {
    for (let round = 0; round < options.rounds; round += 1) {
      for (const puller of shuffle(pullers, round)) {
        const key = `${puller.name}-${shortName(image)}`;
        (samples[key] ??= []).push(await timePull(puller, image, options.pauseMs, nextStore()));
      }
    }
  }
  const [bunker] = pullers;
  const peakBytes = bunker === undefined ? undefined : await measurePeak(bunker, images);
  process.stdout.write(
    formatMachine(`medians of ${options.rounds} rounds`, before) + `${formatSamples(samples)}\n`,
  );
  if (peakBytes !== undefined) {
    process.stdout.write(`bunker's peak memory: ${formatMegabytes(peakBytes)}\n\n`);
  }
  const medianMs = medians(samples);
  const verdicts = judgePulls({ medianMs, ...(peakBytes !== undefined && { peakBytes }) });
  return conclude(options, verdicts, { samples, peakBytes });
}

const shortName = (image: string): string => /\/([^/:]+):[^/]*$/.exec(image)?.[1] ?? image;

let stores = 0;
const nextStore = (): number => (stores += 1);

/** What others have left to write goes to the disk first: nobody pays for his predecessor. */
async function timePull(
  puller: Puller,
  image: string,
  pauseMs: number,
  store: number,
): Promise<number> {
  using program = await puller.prepare(image, store);
  run("sync");
  if (pauseMs > 0) Bun.sleepSync(pauseMs);
  return timeProgram(program);
}

async function measurePeak(bunker: Puller, images: readonly string[]): Promise<number> {
  let peakBytes = 0;
  for (const image of images) {
    using program = await bunker.prepare(image, nextStore());
    peakBytes = Math.max(peakBytes, measureCommandLine(program));
  }
  return peakBytes;
}

function formatSamples(samples: Samples): string {
  const rows = Object.entries(samples).map(([key, list]) => {
    const { median, p10, min, p90 } = summarize(list);
    return [key, ...[median, p10, min, p90].map((ms) => ms.toFixed(0))];
  });
  return formatTable([["pull and unpack, ms", "median", "p10", "min", "p90"], ...rows]);
}

process.exitCode = await startBench(process.argv.slice(2), {
  usage: PULL_USAGE,
  rounds: ROUNDS,
  bench,
});
