// Peak memory: of a command line over its whole life, and of a container's init process as it stands
// ready to become the user's program.
//
// Kernel: ru_maxrss is no use here. It begins with what the parent had when it spawned the program,
// which is this bench with its tens of megabytes.

import { readFileSync } from "node:fs";
import { syscallNumber } from "../ffi/syscall-numbers.ts";
import { expectSuccess, hasEnded, type Program, startProgram, waitForEnd } from "./child.ts";
import { bunkerProgram, type Place, type Subject } from "./subjects.ts";

/** Bytes; what could not be measured is missing. */
export interface Peaks {
  /** Of the processes named like the subjects. */
  readonly cli: Readonly<Record<string, number>>;
  /** Resident, shared pages included. */
  readonly init?: number;
  readonly agent?: number;
}

const RUNS = 5;

/** The largest peak of a few runs each. */
export function measurePeaks(place: Place, subjects: readonly Subject[]): Peaks {
  const cli: Record<string, number> = {};
  for (const { key, program } of subjects) {
    for (let run = 0; run < RUNS; run += 1) {
      cli[key] = Math.max(cli[key] ?? 0, measureCommandLine(program));
    }
  }
  return { cli, ...measureAtGate(place) };
}

/** Asks without pause, as the kernel forgets the figure when the process ends. */
export function measureCommandLine(program: Program): number {
  const pid = startProgram(program);
  let peak = 0;
  while (!hasEnded(pid)) peak = Math.max(peak, readPeak(pid));
  expectSuccess(program, waitForEnd(pid));
  return peak;
}

/**
 * Holds a run at its gate: the pid file is a pipe that nobody reads yet, and bunker writes it when
 * everything in the container is set up and before its program is executed.
 */
function measureAtGate(place: Place): { init?: number; agent?: number } {
  const pipe = `${place.work}/pid`;
  if (Bun.spawnSync(["mkfifo", pipe]).exitCode !== 0) return {};
  const program = bunkerProgram(place, "default", ["/bin/true"]);
  const argv = program.argv.toSpliced(2, 0, "--pidfile", pipe);
  const pid = startProgram({ ...program, argv });
  waitUntilBlocked(pid);
  const agent = childOf(pid);
  const init = agent === undefined ? undefined : childOf(agent);
  const peaks =
    agent === undefined || init === undefined
      ? {}
      : { init: readPeak(init), agent: readPeak(agent) };
  readFileSync(pipe);
  expectSuccess(program, waitForEnd(pid));
  return peaks;
}

const POLL_MS = 5;
const POLLS = 400;

/** Until the main thread is in open(2) and stays there. */
function waitUntilBlocked(pid: number): void {
  const opening = String(syscallNumber("openat"));
  let seen = 0;
  for (let poll = 0; poll < POLLS && seen < 3; poll += 1) {
    Bun.sleepSync(POLL_MS);
    const [number] = readText(`/proc/${pid}/syscall`).split(" ");
    seen = number === opening ? seen + 1 : 0;
  }
}

function childOf(pid: number): number | undefined {
  const first = /^\d+/.exec(readText(`/proc/${pid}/task/${pid}/children`));
  return first === null ? undefined : Number(first[0]);
}

// Kernel: since 6.2 the counters behind VmHWM may lag by some pages a CPU, which is all that a small
// process has; smaps_rollup counts them one by one.
function readPeak(pid: number): number {
  const highest = readKilobytes(`/proc/${pid}/status`, "VmHWM");
  const small = highest < 1024;
  const now = small ? readKilobytes(`/proc/${pid}/smaps_rollup`, "Rss") : 0;
  return Math.max(highest, now) * 1024;
}

function readKilobytes(path: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(readText(path));
  return Number(found?.[1] ?? 0);
}

/** "" where the process has gone meanwhile. */
function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
