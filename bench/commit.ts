// How long a commit of 20 MB takes, beside podman's and docker's: the three in turns, on containers of
// the same image whose file is another one each time. See README.md.

import { judgeCommit } from "./bars.ts";
import { atPlace, withEngines } from "./engine-place.ts";
import { type Engine, IMAGE } from "./engines.ts";
import { APART } from "./isolate.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, COMMIT_USAGE } from "./options.ts";
import { conclude, formatMachine, formatTable, readLoad } from "./report.ts";
import { shuffle } from "./rounds.ts";
import { medians, summarize } from "./statistics.ts";

const ROUNDS = 15;
const CONTAINER = "changed";
const WRITE = "head -c 20000000 /dev/urandom >/changed && sync";

const bench = (options: BenchOptions): Promise<number> =>
  atPlace(options, (place) => withEngines(place, (engines) => measure(options, engines)));

function measure(options: BenchOptions, engines: readonly Engine[]): number {
  const sleep = ["--network", "none", "--name", CONTAINER, IMAGE, "sleep", "100000"];
  for (const engine of engines) engine.time("run", "-d", ...sleep);
  const before = readLoad();
  const samples: Record<string, number[]> = {};
  for (let round = -1; round < options.rounds; round += 1) {
    for (const engine of shuffle(engines, round)) {
      engine.time("exec", CONTAINER, "sh", "-c", WRITE);
      if (options.pauseMs > 0) Bun.sleepSync(options.pauseMs);
      const ms = engine.time("commit", CONTAINER, `changed:${round + 1}`);
      if (round >= 0) (samples[engine.name] ??= []).push(ms);
    }
  }
  const rows = Object.entries(samples).map(([name, list]) => {
    const { median, p10, min, p90 } = summarize(list);
    return [name, ...[median, p10, min, p90].map((ms) => ms.toFixed(0))];
  });
  process.stdout.write(
    formatMachine(`medians of ${options.rounds} rounds`, before) +
      `${formatTable([["commit of 20 MB, ms", "median", "p10", "min", "p90"], ...rows])}\n`,
  );
  return conclude(options, judgeCommit(medians(samples)), { samples });
}

process.exit(
  await startBench(process.argv.slice(2), {
    usage: COMMIT_USAGE,
    rounds: ROUNDS,
    apart: APART,
    bench,
  }),
);
