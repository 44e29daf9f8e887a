// From the kernel's trace to phases.

import { describe, expect, test } from "bun:test";
import { medianPhases, formatTable } from "../../bench/report.ts";
import { parseTrace, phasesOfEmpty, phasesOfRun } from "../../bench/timeline.ts";
import { syscallNumber, type SyscallName } from "../../ffi/syscall-numbers.ts";

let clock = 0;
/** A line as ftrace prints it, so many microseconds after the last. */
function line(us: number, task: string, event: string): string {
  clock += us;
  const seconds = `${Math.floor(clock / 1e6)}.${String(clock % 1e6).padStart(6, "0")}`;
  return `${task.padStart(23)}   [001] .N...  ${seconds}: ${event}`;
}

const enter = (name: SyscallName) => `sys_enter: NR ${syscallNumber(name)} (15, 0, 1ed, 0, 0, 0)`;
const fork = (child: number) =>
  `sched_process_fork: comm=bun pid=1 child_comm=bun child_pid=${child}`;
const exec = (file: string) => `sched_process_exec: filename=${file} pid=1 old_pid=1`;
const exit = "sched_process_exit: comm=x pid=1 prio=120 group_dead=true";

/** A run with its threads in between, as the kernel has recorded one. */
function traceOfRun(cgroup: boolean): string {
  clock = 6_653_999_990;
  return [
    "# tracer: nop",
    "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION",
    line(0, "bun-10", "tracing_mark_write: start"),
    line(1, "bun-10", fork(20)),
    line(4, "bunker-20", exec("/b/bunker")),
    line(50, "bunker-20", fork(21)),
    line(5, "JSC Warm-Up-21", enter("mkdirat")),
    line(5, "bunker-20", enter("mkdirat")),
    line(12, "bunker-20", enter("memfd_create")),
    line(1, "bunker-20", enter("memfd_create")),
    line(1, "bunker-20", fork(30)),
    line(5, "7-30", exec("/proc/self/fd/7")),
    line(1, "bunker-20", enter("mkdirat")),
    line(3, "7-30", fork(40)),
    ...(cgroup ? [line(8, "7-40", enter("unshare"))] : []),
    line(1, "7-40", enter("mkdirat")),
    line(9, "7-40", enter("pivot_root")),
    line(6, "true-40", exec("/bin/true")),
    line(2, "true-40", enter("exit_group")),
    line(1, "true-40", exit),
    line(2, "7-30", exit),
    line(7, "bunker-20", enter("exit_group")),
    line(1, "bunker-20", exit),
    line(8, "bun-10", "tracing_mark_write: end"),
    "",
  ].join("\n");
}

describe("phases of a run", () => {
  test("each takes the time from one boundary to the next, whatever threads do meanwhile", () => {
    expect(phasesOfRun(parseTrace(traceOfRun(true)))).toEqual([
      { title: "the program is started", us: 5 },
      { title: "runtime starts, command line parsed", us: 60 },
      { title: "state folder, host facts, spec, plan", us: 12 },
      { title: "the agent is made and started", us: 7 },
      { title: "namespaces and the init process", us: 4 },
      { title: "cgroup made, limits, joined", us: 8 },
      { title: "mounts, as far as pivot_root", us: 10 },
      { title: "identity, seccomp, exec", us: 6 },
      { title: "the user's program runs", us: 3 },
      { title: "the agent ends", us: 2 },
      { title: "clearing", us: 7 },
      { title: "the process ends", us: 9 },
    ]);
  });

  test("together they are the whole run", () => {
    const lines = parseTrace(traceOfRun(true));
    const total = phasesOfRun(lines).reduce((sum, { us }) => sum + us, 0);
    expect(total).toBe((lines.at(-1)?.us ?? 0) - (lines[0]?.us ?? 0));
  });

  test("joining is no phase where init is born in its cgroup", () => {
    const titles = phasesOfRun(parseTrace(traceOfRun(false))).map(({ title }) => title);
    expect(titles).not.toContain("cgroup made, limits, joined");
    expect(titles).toHaveLength(11);
  });

  test("a program that does nothing is started, runs and ends", () => {
    const phases = phasesOfEmpty(parseTrace(traceOfRun(true)));
    expect(phases.map(({ us }) => us)).toEqual([5, 119, 9]);
  });

  test.each([
    ["", "no mark of process undefined in the trace"],
    ["        bun-10   [001] .....  1.000001: tracing_mark_write: start", "no fork of process 10"],
    ["not a trace", "no mark of process undefined in the trace"],
  ])("refuses the trace %p", (text, message) => {
    expect(() => phasesOfRun(parseTrace(text))).toThrow(message);
  });

  test("a trace without an agent is none of bunker", () => {
    const text = traceOfRun(true)
      .split("\n")
      .filter((row) => !row.includes("/proc/self/fd/7"));
    expect(() => phasesOfRun(parseTrace(text.join("\n")))).toThrow("no agent in the trace");
  });

  test("of several runs each phase has its own median", () => {
    const run = (a: number, b: number) => [
      { title: "a", us: a },
      { title: "b", us: b },
    ];
    expect(medianPhases([run(1, 30), run(2, 10), run(3, 20)])).toEqual(run(2, 20));
  });
});

describe("tables of the bench", () => {
  test("figures stand in columns, below a rule", () => {
    const table = formatTable([
      ["what", "ms"],
      ["bunker", "7.10"],
      ["runc", "120.00"],
    ]);
    expect(table).toBe("what        ms\n--------------\nbunker    7.10\nrunc    120.00\n");
  });
});
