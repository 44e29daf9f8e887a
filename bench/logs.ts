// The output of a container in the background: how fast it is written down and read back, with and without
// a terminal, beside docker (json-file) and podman (conmon, k8s-file); whether each line is there once and
// in order; and the same where bunker's guardian is killed five times meanwhile. See README.md.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { judgeLogs, type LogsMeasured } from "./bars.ts";
import { type Engine, type EngineName, type EnginePlace, IMAGE } from "./engines.ts";
import { APART } from "./isolate.ts";
import { atPlace, openEngines } from "./engine-place.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, LOGS_USAGE } from "./options.ts";
import { conclude, formatMachine, formatTable, readLoad } from "./report.ts";
import { median } from "./statistics.ts";

const MEGABYTES = 1000;
const LINE_BYTES = 100;
const KILLS = 5;
const KINDS = ["pipe", "terminal"] as const;
type Kind = (typeof KINDS)[number];
/** What is kept as files by everybody. */
const DRIVERS: Readonly<Record<EngineName, readonly string[]>> = {
  bunker: [],
  docker: ["--log-driver", "json-file"],
  podman: ["--log-driver", "k8s-file"],
};

/** What one container has told of an engine. */
interface Outcome {
  readonly title: string;
  readonly written: number;
  readonly readBack: number;
  /** "" where no line is missing. */
  readonly wrong: string;
}

const bench = (options: BenchOptions): Promise<number> =>
  atPlace(options, (place) => benchAt(place, options));

async function benchAt(place: EnginePlace, options: BenchOptions): Promise<number> {
  const before = readLoad();
  const lines = (options.count ?? MEGABYTES) * (1e6 / LINE_BYTES);
  writeLines(`${place.work}/lines`, lines);
  const { outcomes, measured } = await measure(place, lines, options.rounds);
  process.stdout.write(
    formatMachine(`${lines} lines of ${LINE_BYTES} bytes`, before) +
      `${formatOutcomes(outcomes)}\n`,
  );
  return conclude(options, judgeLogs(measured), { outcomes });
}

/** Written before, as nothing that a container has makes lines as fast as they are to be carried. */
function writeLines(path: string, lines: number): void {
  const file = openSync(path, "w");
  const filling = "x".repeat(LINE_BYTES - 12);
  for (let line = 1; line <= lines;) {
    let block = "";
    for (const end = Math.min(lines, line + 9999); line <= end; line++) {
      block += `${String(line).padStart(10, "0")} ${filling}\n`;
    }
    writeSync(file, block);
  }
  closeSync(file);
}

async function measure(place: EnginePlace, lines: number, rounds: number) {
  const outcomes: Outcome[] = [];
  const speeds: Record<string, number> = {};
  let lost = 0;
  let tailMs: number | undefined;
  let psMs: number | undefined;
  for await (using engine of openEngines(place)) {
    const { name } = engine;
    const writer = new Writer(engine, place, lines);
    for (const kind of KINDS) {
      const outcome = await writer.measure(kind, 0);
      speeds[`${name}-written-${kind}`] = outcome.written;
      speeds[`${name}-read-${kind}`] = outcome.readBack;
      outcomes.push(outcome);
      // What others lose is theirs.
      if (name !== "bunker") continue;
      const killed = await writer.measure(kind, KILLS);
      outcomes.push(killed);
      lost += [outcome, killed].filter(({ wrong }) => wrong !== "").length;
    }
    if (name === "bunker") ({ tailMs, psMs } = writer.measureTail(rounds));
    writer.remove();
  }
  const measured: LogsMeasured = {
    megabytesPerSecond: speeds,
    lost,
    ...(tailMs === undefined ? {} : { tailMs }),
    ...(psMs === undefined ? {} : { psMs }),
  };
  return { outcomes, measured };
}

/** Containers of one engine that write all the lines; the last of them is kept. */
class Writer {
  #name = "";

  constructor(
    private readonly engine: Engine,
    private readonly place: EnginePlace,
    private readonly lines: number,
  ) {}

  async measure(kind: Kind, kills: number): Promise<Outcome> {
    this.remove();
    this.#name = `lines-${kind}-${kills}`;
    const flags = ["--network", "none", "--name", this.#name, ...DRIVERS[this.engine.name]];
    const file = ["-v", `${this.place.work}/lines:/lines:ro`];
    const terminal = kind === "terminal" ? ["-t"] : [];
    const startMs = performance.now();
    this.engine.time("run", "-d", ...terminal, ...flags, ...file, IMAGE, "cat", "/lines");
    let killed = 0;
    for (; killed < kills && (await this.#killGuardian()); killed++);
    this.engine.time("wait", this.#name);
    const seconds = (performance.now() - startMs) / 1000;
    const megabytes = (this.lines * LINE_BYTES) / 1e6;
    const back = await this.#readBack(LINE_BYTES + terminal.length);
    const title = `${this.engine.name}, ${kind}${kills > 0 ? `, ${killed} kills` : ""}`;
    const wrong = killed < kills ? `only ${killed} kills: ended before` : back.wrong;
    const readBack = megabytes / back.seconds;
    return { title, written: megabytes / seconds, readBack, wrong };
  }

  /** SIGKILL for bunker's guardian; a command looks who has taken its place. False: it has ended. */
  async #killGuardian(): Promise<boolean> {
    await sleep(100);
    this.engine.time("ps");
    const id = this.engine.output("inspect", "-f", "{{.Id}}", this.#name).trim();
    try {
      const path = `${this.place.state}/bunker/containers/${id}/state.json`;
      const { agentPid } = JSON.parse(readFileSync(path, "utf8")) as { agentPid: number };
      process.kill(agentPid, "SIGKILL");
      return true;
    } catch {
      return false;
    }
  }

  /** Reads the log and looks at each line's number. */
  async #readBack(length: number): Promise<{ seconds: number; wrong: string }> {
    const startMs = performance.now();
    const { argv, env } = this.engine.program("logs", this.#name);
    const child = Bun.spawn([...argv], {
      env: Object.fromEntries(env.map((line) => line.split(/=(.*)/s).slice(0, 2))),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const check = new LineCheck(length);
    for await (const chunk of child.stdout) check.take(chunk);
    await child.exited;
    return { seconds: (performance.now() - startMs) / 1000, wrong: check.result(this.lines) };
  }

  measureTail(rounds: number): { tailMs: number; psMs: number } {
    const tail: number[] = [];
    const ps: number[] = [];
    for (let round = 0; round < rounds; round++) {
      tail.push(this.engine.time("logs", "--tail", "10", this.#name));
      ps.push(this.engine.time("ps", "--all"));
    }
    return { tailMs: median(tail), psMs: median(ps) };
  }

  remove(): void {
    if (this.#name !== "") this.engine.remove(this.#name);
    this.#name = "";
  }
}

/** Each number once, in order. */
class LineCheck {
  #expected = 1;
  #rest: Uint8Array = new Uint8Array(0);
  #wrong = "";

  constructor(private readonly length: number) {}

  take(chunk: Uint8Array): void {
    if (this.#wrong !== "") return;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (; at + this.length <= bytes.length && this.#wrong === ""; at += this.length) {
      let number = 0;
      for (let i = at; i < at + 10; i++) number = number * 10 + (bytes[i] ?? 0) - 48;
      if (number !== this.#expected || bytes[at + this.length - 1] !== 10) {
        this.#wrong = `line ${this.#expected}: ${Buffer.from(bytes).toString("latin1", at, at + 40)}`;
      }
      this.#expected += 1;
    }
    this.#rest = bytes.slice(at);
  }

  result(lines: number): string {
    if (this.#wrong !== "" || this.#expected === lines + 1) return this.#wrong;
    return `${this.#expected - 1} of ${lines} lines`;
  }
}

function formatOutcomes(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ title, written, readBack, wrong }) => [
    title,
    written.toFixed(0),
    readBack.toFixed(0),
    wrong === "" ? "whole" : `WRONG: ${wrong}`,
  ]);
  return formatTable([["", "written, MB/s", "read back, MB/s", "lines"], ...rows]);
}

process.exit(
  await startBench(process.argv.slice(2), { usage: LOGS_USAGE, rounds: 15, apart: APART, bench }),
);
