// How long the commands of a container's life take beside docker's and podman's: from the start of the
// command to its end, on the same image. See README.md.

import { judgeLife, LIFE_BARS } from "./bars.ts";
import { atPlace, withEngines } from "./engine-place.ts";
import { type Engine, type EngineName, IMAGE } from "./engines.ts";
import { APART } from "./isolate.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, LIFE_USAGE } from "./options.ts";
import { conclude, formatMachine, formatVerbs, readLoad } from "./report.ts";
import { shuffle } from "./rounds.ts";
import { medians } from "./statistics.ts";

/** A container that runs all the while. */
const STANDING = "standing";
const ALONE = ["--network", "none"] as const;

/** It says so once it can be told to end; and one that does not listen, as pid 1 by itself does not. */
const OBEDIENT = "trap 'exit 0' TERM; echo up; while :; do sleep 1000 & wait; done";
const DEAF = "trap '' TERM; echo up; while :; do sleep 1000 & wait; done";

interface Verb {
  readonly title: string;
  /** What the container is to run that the command is for; none is made without. */
  readonly script?: string;
  /** The command whose time it is. @param name of the container */
  readonly words: (name: string) => readonly string[];
  /** Whether the command leaves the container. */
  readonly leaves?: true;
}

const VERBS: Readonly<Record<(typeof LIFE_BARS)[number]["verb"], Verb>> = {
  run: { title: "run --rm IMAGE true", words: () => ["run", "--rm", ...ALONE, IMAGE, "true"] },
  detach: {
    title: "run -d",
    words: (name) => ["run", "-d", ...ALONE, "--name", name, IMAGE, "sleep", "1000"],
    leaves: true,
  },
  exec: { title: "exec", words: () => ["exec", STANDING, "true"] },
  stop: { title: "stop", script: OBEDIENT, words: (name) => ["stop", name], leaves: true },
  "stop-deaf": {
    title: "stop -t 0, SIGTERM ignored",
    script: DEAF,
    words: (name) => ["stop", "-t", "0", name],
    leaves: true,
  },
  kill: { title: "kill", script: OBEDIENT, words: (name) => ["kill", name], leaves: true },
  "kill-deaf": {
    title: "kill, SIGTERM ignored",
    script: DEAF,
    words: (name) => ["kill", name],
    leaves: true,
  },
  rm: { title: "rm -f", script: OBEDIENT, words: (name) => ["rm", "-f", name] },
  "rm-deaf": {
    title: "rm -f, SIGTERM ignored",
    script: DEAF,
    words: (name) => ["rm", "-f", name],
  },
  ps: { title: "ps", words: () => ["ps"] },
  images: { title: "images", words: () => ["images"] },
  inspect: { title: "inspect", words: () => ["inspect", STANDING] },
  logs: { title: "logs", words: () => ["logs", STANDING] },
};

const DIGITS = { ms: 1, ratio: 3 } as const;

type Samples = Record<string, number[]>;

const bench = (options: BenchOptions): Promise<number> =>
  atPlace(options, (place) => withEngines(place, (engines) => measure(options, engines)));

function measure(options: BenchOptions, engines: readonly Engine[]): number {
  for (const engine of engines) startContainer(engine, STANDING, OBEDIENT);
  const before = readLoad();
  const samples = runRounds(engines, options);
  const titles = Object.fromEntries(
    Object.entries(VERBS).flatMap(([key, { title }]) =>
      isAskedFor(key, options.verbs) ? [[key, title]] : [],
    ),
  );
  process.stdout.write(
    formatMachine(`medians of ${options.rounds} rounds`, before) +
      `${formatVerbs(titles, ["bunker", "docker", "podman"], samples, DIGITS)}\n`,
  );
  return conclude(options, judgeLife(medians(samples), titles), { samples });
}

/** In each round every command of everybody once, in another order each time; the first does not count. */
function runRounds(engines: readonly Engine[], { rounds, pauseMs, verbs }: BenchOptions): Samples {
  const samples: Samples = {};
  const subjects = engines.flatMap((engine) =>
    Object.entries(VERBS).flatMap(([key, verb]) =>
      hasBar(engine.name, key) && isAskedFor(key, verbs) ? [{ engine, key, verb }] : [],
    ),
  );
  for (let round = -1; round < rounds; round += 1) {
    for (const { engine, key, verb } of shuffle(subjects, round)) {
      const ms = timeVerb(engine, `${key}-${round + 1}`, verb, pauseMs);
      if (round >= 0) (samples[`${engine.name}-${key}`] ??= []).push(ms);
    }
  }
  return samples;
}

const isAskedFor = (key: string, verbs: string | undefined): boolean =>
  verbs === undefined || verbs.split(",").includes(key);

function hasBar(name: EngineName, key: string): boolean {
  return LIFE_BARS.some(({ verb, peer }) => verb === key && (name === "bunker" || name === peer));
}

function timeVerb(engine: Engine, name: string, verb: Verb, pauseMs: number): number {
  if (verb.script !== undefined) startContainer(engine, name, verb.script);
  if (pauseMs > 0) Bun.sleepSync(pauseMs);
  const ms = engine.time(...verb.words(name));
  if (verb.leaves) engine.remove(name);
  return ms;
}

const POLL_MS = 20;
const POLLS = 500;

/** One whose script has begun, and has said so. */
function startContainer(engine: Engine, name: string, script: string): void {
  engine.time("run", "-d", ...ALONE, "--name", name, IMAGE, "sh", "-c", script);
  for (let poll = 0; poll < POLLS; poll += 1) {
    if (engine.output("logs", name) !== "") return;
    Bun.sleepSync(POLL_MS);
  }
  throw new Error(`${engine.name}: ${name} has not begun`);
}

if (import.meta.main)
  process.exit(await startBench(process.argv.slice(2), { usage: LIFE_USAGE, apart: APART, bench }));
