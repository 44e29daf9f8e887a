// How long the verbs of the OCI runtime take beside crun's and runc's, and what a created container
// weighs. See README.md.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { judgeOci } from "./bars.ts";
import { expectSuccess, startProgram, waitForEnd } from "./child.ts";
import { startBench } from "./main.ts";
import {
  listOciSubjects,
  type OciPlace,
  type OciSubject,
  type Runtime,
  RuntimeAtWork,
  writeBundles,
} from "./oci-subjects.ts";
import { type BenchOptions, OCI_USAGE } from "./options.ts";
import { findBunker, findRootfs } from "./place.ts";
import { conclude, formatMachine, formatTable, formatVerbs, readLoad } from "./report.ts";
import { shuffle } from "./rounds.ts";
import { medians } from "./statistics.ts";

const PROJECT = new URL("..", import.meta.url).pathname;
/** podman's default profile, as it stands in config.json; beside the project where it was laid. */
const SECCOMP = `${PROJECT}../shared/bench/seccomp-oci.json`;

const CROWD = 100;
const AT_ONCE = 8;
/** A filter that was never seen is compiled: fewer rounds tell enough. */
const FIRST_ROUNDS = 10;

type Samples = Record<string, number[]>;

function bench(options: BenchOptions): number {
  const place: OciPlace = {
    bunker: findBunker(options),
    rootfs: findRootfs(options),
    work: mkdtempSync(`${tmpdir()}/bunker-bench-`),
    state: mkdtempSync("/run/bunker-bench-"),
    seccomp: JSON.parse(readFileSync(options.seccomp ?? SECCOMP, "utf8")),
  };
  try {
    return measure(options, place);
  } finally {
    rmSync(place.work, { recursive: true, force: true });
    rmSync(place.state, { recursive: true, force: true });
  }
}

function measure(options: BenchOptions, place: OciPlace): number {
  writeBundles(place);
  const runtimes = findRuntimes(place);
  using sleepers = new Sleepers(runtimes);
  const before = readLoad();
  const samples = runRounds(
    runtimes.flatMap((at) => listOciSubjects(at, sleepers.id(at))),
    options,
  );
  measureFirst(runtimes, samples);
  const crowds: Record<string, number> = {};
  for (const at of runtimes) crowds[at.runtime.name] = at.crowd(CROWD, AT_ONCE);
  const [bunker] = runtimes;
  const initBytes = bunker?.initBytes();
  print(formatMachine(`medians of ${options.rounds} rounds`, before));
  print(formatVerbs(TITLES, ["bunker", "crun", "runc"], samples, DIGITS));
  print(formatCrowds(crowds));
  const measured = {
    medianMs: medians(samples),
    crowdMs: crowds,
    ...(initBytes === undefined ? {} : { initBytes }),
  };
  const status = conclude(options, judgeOci(measured), { samples, crowds, initBytes });
  print("");
  return status;
}

/** bunker, and the peers that are installed. */
function findRuntimes(place: OciPlace): RuntimeAtWork[] {
  const runtimes: Runtime[] = [{ name: "bunker", command: [place.bunker, "oci"] }];
  for (const name of ["crun", "runc"] as const) {
    const path = Bun.which(name);
    if (path === null) print(`left out: ${name}: not installed`);
    else runtimes.push({ name, command: [path] });
  }
  return runtimes.map((runtime) => {
    const at = new RuntimeAtWork(place, runtime);
    mkdirSync(at.root, { recursive: true });
    return at;
  });
}

/** A container of each runtime that waits, for `exec`. */
class Sleepers implements Disposable {
  readonly #ids = new Map<RuntimeAtWork, string>();

  constructor(runtimes: readonly RuntimeAtWork[]) {
    for (const at of runtimes) {
      const id = at.newId();
      const program = at.program("run", "--detach", "--bundle", at.bundle("sleep"), id);
      expectSuccess(program, waitForEnd(startProgram(program)));
      this.#ids.set(at, id);
    }
  }

  id(at: RuntimeAtWork): string {
    return this.#ids.get(at) ?? "";
  }

  [Symbol.dispose](): void {
    for (const [at, id] of this.#ids) at.time("delete", "--force", id);
  }
}

/** In each round every verb of everybody once, in another order each time. */
function runRounds(subjects: readonly OciSubject[], { rounds, pauseMs }: BenchOptions): Samples {
  const samples: Samples = {};
  for (const { measure } of subjects) measure();
  for (let round = 0; round < rounds; round += 1) {
    for (const { key, measure } of shuffle(subjects, round)) {
      if (pauseMs > 0) Bun.sleepSync(pauseMs);
      (samples[key] ??= []).push(measure());
    }
  }
  return samples;
}

/** A filter that nobody has compiled yet. */
function measureFirst(runtimes: readonly RuntimeAtWork[], samples: Samples): void {
  for (let round = 0; round < FIRST_ROUNDS; round += 1) {
    for (const at of runtimes) {
      at.forgetFilters();
      const ms = at.time("run", "--bundle", at.bundle("seccomp"), at.newId());
      (samples[`${at.runtime.name}-first`] ??= []).push(ms);
    }
  }
}

const TITLES: Readonly<Record<string, string>> = {
  run: "run",
  seccomp: "run with podman's filter",
  first: "the same, the filter never seen",
  lifecycle: "create + start + delete",
  exec: "exec",
};

const DIGITS = { ms: 2, ratio: 2 } as const;

function formatCrowds(crowds: Readonly<Record<string, number>>): string {
  const title = `${CROWD} created and deleted, ${AT_ONCE} at a time, ms`;
  const rows = Object.entries(crowds).map(([name, ms]) => [name, ms.toFixed(0)]);
  return formatTable([[title, ""], ...rows]);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (import.meta.main)
  process.exit(await startBench(process.argv.slice(2), { usage: OCI_USAGE, bench }));
