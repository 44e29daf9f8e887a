// The kernel's own clock on a run: tracefs notes when the few system calls that mark a phase are
// made, at about a microsecond each. Nothing is added to bunker, and nothing stops as under strace.

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { mount } from "../ffi/mount.ts";
import { syscallNumber } from "../ffi/syscall-numbers.ts";
import { expectSuccess, type Program, startProgram, waitForEnd } from "./child.ts";
import { MARKING_CALLS } from "./timeline.ts";

/** A tracing instance of our own, apart from whatever else traces on this machine. */
export class Tracer implements Disposable {
  private constructor(private readonly folder: string) {}

  /** A tracer, or the reason why there is none. tracefs stays mounted in this mount namespace. */
  static open(): Tracer | string {
    const folder = `${TRACEFS}/instances/bunker-bench-${process.pid}`;
    try {
      if (!existsSync(`${TRACEFS}/instances`)) mount("tracefs", TRACEFS, "tracefs", 0, null);
      mkdirSync(folder);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return `no tracefs: ${error.message}`;
    }
    const tracer = new Tracer(folder);
    tracer.#prepare();
    return tracer;
  }

  #prepare(): void {
    const filter = MARKING_CALLS.map((name) => `id == ${syscallNumber(name)}`).join(" || ");
    this.#write("options/event-fork", "1");
    this.#write("set_event_pid", String(process.pid));
    this.#write("events/raw_syscalls/sys_enter/filter", filter);
    for (const event of EVENTS) this.#write(`events/${event}/enable`, "1");
  }

  #write(file: string, text: string): void {
    writeFileSync(`${this.folder}/${file}`, text);
  }

  /** The trace of one run, between two marks. */
  record(program: Program): string {
    // Kernel: what empties the buffer is open(2) with O_TRUNC, not a write.
    closeSync(openSync(`${this.folder}/trace`, "w"));
    const marker = openSync(`${this.folder}/trace_marker`, "w");
    try {
      writeSync(marker, "start");
      const status = waitForEnd(startProgram(program));
      writeSync(marker, "end");
      expectSuccess(program, status);
    } finally {
      closeSync(marker);
    }
    return readFileSync(`${this.folder}/trace`, "utf8");
  }

  [Symbol.dispose](): void {
    for (const event of EVENTS) this.#write(`events/${event}/enable`, "0");
    rmdirSync(this.folder);
  }
}

const TRACEFS = "/sys/kernel/tracing";
const EVENTS = [
  "raw_syscalls/sys_enter",
  "sched/sched_process_fork",
  "sched/sched_process_exec",
  "sched/sched_process_exit",
];
