// What `run --trace` prints: a line for each system call of the set-up, under the reason for it, and
// where the time went.

import { writeAll } from "../../ffi/files.ts";
import { type TraceEvent, TraceSink } from "../../ffi/trace.ts";

/** A trace on stderr; at the end of its scope the rest is told, and the summary. */
export interface Trace extends Disposable {
  readonly sink: TraceSink;
}

/** The trace of one run. */
export function openTrace(): Trace {
  const printer = new TracePrinter((text) => writeAll(2, text, "stderr"));
  const sink = new TraceSink((event) => printer.event(event));
  return {
    sink,
    [Symbol.dispose]() {
      sink.reportRest();
      printer.summarize();
    },
  };
}

const SLOWEST_COUNT = 5;
/** The steps that are shown one by one. */
const STEP_COUNT = 12;
const TIME_COLUMNS = 10;
const CALL_COLUMNS = 76;
const BAR_COLUMNS = 24;

const AGENT = "agent";
/** By control page. */
const WHO = [AGENT, "init", "program", "holder"];

interface StepTime {
  readonly who: string;
  readonly why: string;
  us: number;
  calls: number;
}

/** Prints events as they come, and at the end the slowest of them. */
export class TracePrinter {
  readonly #steps: StepTime[] = [];
  readonly #timed: { readonly call: string; readonly us: number }[] = [];

  /** @param print takes lines with their newline */
  constructor(private readonly print: (text: string) => void) {}

  event(event: TraceEvent): void {
    const { call, result, us } = event;
    const step = this.#stepOf(event);
    const time = us === undefined ? "" : `${us.toFixed(1)} µs`;
    this.print(`${time.padStart(TIME_COLUMNS)}  ${call.padEnd(CALL_COLUMNS)} = ${result}\n`);
    // The agent's last call lasts as long as the container: that is no time of the set-up.
    if (us === undefined || call.startsWith("waitid(")) return;
    step.us += us;
    step.calls += 1;
    this.#timed.push({ call, us });
  }

  /** The totals: to be called once, when nothing more can come. */
  summarize(): void {
    const total = this.#steps.reduce((sum, { us }) => sum + us, 0);
    if (total === 0) return;
    this.print(`\n${this.#timed.length} system calls in ${formatMs(total)}, by step:\n`);
    const sorted = this.#steps.toSorted((a, b) => b.us - a.us);
    for (const step of sorted.slice(0, STEP_COUNT)) this.#printStep(step, total);
    this.#printRest(sorted.slice(STEP_COUNT), total);
    this.print(`\nthe slowest calls:\n`);
    const slowest = this.#timed.toSorted((a, b) => b.us - a.us).slice(0, SLOWEST_COUNT);
    for (const { call, us } of slowest) {
      this.print(`${`${us.toFixed(1)} µs`.padStart(TIME_COLUMNS)}  ${call}\n`);
    }
  }

  /** The step that an event belongs to; a new one gets its heading. */
  #stepOf({ page, why }: TraceEvent): StepTime {
    const who = WHO[page] ?? AGENT;
    const last = this.#steps.at(-1);
    if (last?.who === who && last.why === why) return last;
    this.print(`${who}: ${why}\n`);
    const step = { who, why, us: 0, calls: 0 };
    this.#steps.push(step);
    return step;
  }

  #printRest(steps: readonly StepTime[], total: number): void {
    if (steps.length === 0) return;
    const us = steps.reduce((sum, step) => sum + step.us, 0);
    const calls = steps.reduce((sum, step) => sum + step.calls, 0);
    this.#printStep({ who: "all", why: `${steps.length} steps more`, us, calls }, total);
  }

  #printStep({ who, why, us, calls }: StepTime, total: number): void {
    if (calls === 0) return;
    const bar = "█".repeat(Math.round((us / total) * BAR_COLUMNS)).padEnd(BAR_COLUMNS);
    const percent = `${((us / total) * 100).toFixed(0)} %`.padStart(5);
    const time = `${us.toFixed(1)} µs`.padStart(TIME_COLUMNS);
    this.print(`${time} ${percent}  ${bar}  ${who}: ${why}\n`);
  }
}

const formatMs = (us: number): string => `${(us / 1000).toFixed(2)} ms`;
