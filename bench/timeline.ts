// From a trace of one run to how long each of its phases took. Every boundary is something that the
// kernel saw: there is no clock in bunker.
//
//   bench    start ▶ fork                                                             end
//   bunker           exec ▶ mkdirat … memfd_create …                            … exit_group
//   agent                                         exec ▶ fork      … exit
//   init                                                  unshare … pivot_root … exec … exit

import { type SyscallName, syscallNameOf } from "../ffi/syscall-numbers.ts";

/** The system calls that bound a phase. */
export const MARKING_CALLS = [
  "mkdirat",
  "renameat2",
  "memfd_create",
  "unshare",
  "pivot_root",
  "exit_group",
] as const satisfies readonly SyscallName[];

export interface TraceLine {
  readonly us: number;
  readonly pid: number;
  /** A system call, or fork, exec, exit, mark. */
  readonly what: string;
  /** Of fork the child's pid; of a mark its text. */
  readonly detail: string;
}

const LINE = /^\s*.{1,16}-(\d+)\s+\[\d+\]\s+\S+\s+(\d+)\.(\d{6}): (\w+): (.*)$/;

/** The events of ftrace's text; lines of any other form are left out. */
export function parseTrace(text: string): TraceLine[] {
  const lines: TraceLine[] = [];
  for (const row of text.split("\n")) {
    const [, pid, seconds, micros, event = "", rest = ""] = LINE.exec(row) ?? [];
    if (pid === undefined || seconds === undefined) continue;
    const us = Number(seconds) * 1e6 + Number(micros);
    lines.push({ us, pid: Number(pid), ...nameEvent(event, rest) });
  }
  return lines;
}

function nameEvent(event: string, rest: string): Pick<TraceLine, "what" | "detail"> {
  switch (event) {
    case "sys_enter":
      return { what: syscallNameOf(Number(/NR (\d+)/.exec(rest)?.[1])) ?? "", detail: "" };
    case "sched_process_fork":
      return { what: "fork", detail: /child_pid=(\d+)/.exec(rest)?.[1] ?? "" };
    case "tracing_mark_write":
      return { what: "mark", detail: rest.trim() };
    default:
      return { what: event.replace("sched_process_", ""), detail: "" };
  }
}

/** What happened and the microseconds that it took, in order; together they are the whole run. */
export interface Phase {
  readonly title: string;
  readonly us: number;
}

/** The boundaries of a run of bunker: what each phase ends with. @throws where one is missing */
export function phasesOfRun(lines: readonly TraceLine[]): Phase[] {
  const find = finder(lines);
  const start = find("mark");
  const main = Number(find("fork", start.pid).detail);
  // Made, or taken from the last container: see src/engine/spare-folder.ts.
  const folder = find(FOLDER_CALLS, main);
  const agent = agentOf(lines, main);
  const made = find("fork", agent);
  const init = Number(made.detail);
  return between(start, [
    ["the program is started", find("exec", main)],
    ["runtime starts, command line parsed", folder],
    ["state folder, host facts, spec, plan", find("memfd_create", main, folder)],
    ["the agent is made and started", find("exec", agent)],
    ["namespaces and the init process", made],
    // Not on version 2, where init is born in its cgroup and in the namespace of it.
    ...optional("cgroup made, limits, joined", lines, "unshare", init),
    ["mounts, as far as pivot_root", find("pivot_root", init)],
    ["identity, seccomp, exec", find("exec", init)],
    ["the user's program runs", find("exit", init)],
    ["the agent ends", find("exit", agent)],
    ["clearing", find("exit_group", main)],
    ["the process ends", find("mark", start.pid, start)],
  ]);
}

/** The same for a program that does nothing: the runtime's share. */
export function phasesOfEmpty(lines: readonly TraceLine[]): Phase[] {
  const find = finder(lines);
  const start = find("mark");
  const main = Number(find("fork", start.pid).detail);
  return between(start, [
    ["the program is started", find("exec", main)],
    ["runtime starts and finds nothing to do", find("exit_group", main)],
    ["the process ends", find("mark", start.pid, start)],
  ]);
}

type End = readonly [title: string, end: TraceLine];

/** The end of a phase where there is one. */
function optional(title: string, lines: readonly TraceLine[], what: string, pid: number): End[] {
  const end = lines.find((line) => line.what === what && line.pid === pid);
  return end === undefined ? [] : [[title, end]];
}

const FOLDER_CALLS = ["mkdirat", "renameat2"] as const;

type Find = (what: string | readonly string[], pid?: number, after?: TraceLine) => TraceLine;

/** The first event of a kind, of a process, behind another. */
function finder(lines: readonly TraceLine[]): Find {
  return (wanted, pid, after) => {
    const kinds = typeof wanted === "string" ? [wanted] : wanted;
    const from = after === undefined ? 0 : lines.indexOf(after) + 1;
    const found = lines
      .slice(from)
      .find(({ what, pid: own }) => kinds.includes(what) && (pid === undefined || own === pid));
    if (found === undefined) {
      throw new Error(`no ${kinds.join(" or ")} of process ${pid} in the trace`);
    }
    return found;
  };
}

/** The child of bunker that executes a program of its own: its other children are threads. */
function agentOf(lines: readonly TraceLine[], main: number): number {
  const children = lines
    .filter(({ what, pid }) => what === "fork" && pid === main)
    .map(({ detail }) => Number(detail));
  const exec = lines.find(({ what, pid }) => what === "exec" && children.includes(pid));
  if (exec === undefined) throw new Error("no agent in the trace");
  return exec.pid;
}

function between(start: TraceLine, ends: readonly End[]): Phase[] {
  let last = start.us;
  return ends.map(([title, { us }]) => {
    const phase = { title, us: us - last };
    last = us;
    return phase;
  });
}
