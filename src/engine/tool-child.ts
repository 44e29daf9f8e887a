// A namespace tool's child: an agent in the caller's own session, so that the terminal and its job
// control stay as they are. It sets itself up, or makes a child of its own, and becomes the program.
//
//   bunker            agent                           child
//   starts ─────────▶ unshare, setns, mount …
//                     clone, where a child is needed ─▶ mount, sethostname …
//   waits             waits (all signals blocked)      execve

import { AGENT_PAGE, INIT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import { startPerformer } from "../../ffi/agent/start-performer.ts";
import { Slot, type Step, Struct } from "../../ffi/call.ts";
import { clone, exitGroup, prctl, waitid } from "../../ffi/calls.ts";
import { P_PID, PR, W } from "../../ffi/constants.ts";
import { forwardSignals } from "../../ffi/forward-signals.ts";
import { ignoreSignals, pidfd_open } from "../../ffi/signal.ts";
import { type ChildStatus, shellStatus, waitid as waitForChild } from "../../ffi/wait.ts";
import { destroy } from "../container/launch.ts";
import { EXEC_FAILED } from "../container/plan-process.ts";
import { isTerminal } from "../../ffi/termios.ts";
import { type Program, planProgram, refuseIfNotExecuted } from "./program.ts";

const SIGINT = 2;
const SIGQUIT = 3;
const SIGKILL = 9;
const SIGCHLD = 17;
const SIGSET_BYTES = 8;
const SIG_BLOCK = 0;
const SIG_SETMASK = 2;
const SIGINFO_BYTES = 128;

/** An agent that has performed `steps`, and ends with this process until it is the program. */
export function startToolChild(steps: readonly Step[]): Performer {
  const guard: Step = {
    why: "end with the process that started it",
    calls: [prctl(PR.PR_SET_PDEATHSIG, SIGKILL)],
  };
  const performer = startPerformer({
    kind: "agent",
    firstSteps: [guard, ...steps],
    newSession: false,
  });
  return orDestroy(performer, () => {
    performer.finish(AGENT_PAGE);
    return performer;
  });
}

/** The value of `perform`; where it throws, nothing is left of the agent and its child. */
export function orDestroy<T>(performer: Performer, perform: () => T): T {
  try {
    return perform();
  } catch (error) {
    destroy(performer);
    throw error;
  }
}

/** The agent performs `steps`, becomes the program, and is waited for: its exit status. */
export function runInAgent(performer: Performer, steps: readonly Step[], program: Program): number {
  return orDestroy(performer, () => {
    performer.perform(AGENT_PAGE, steps);
    const pid = performer.pid(AGENT_PAGE);
    passSignals(pid);
    performer.post(AGENT_PAGE, planProgram(program));
    return statusOf(performer, AGENT_PAGE, program, waitForEnd(pid));
  });
}

/**
 * The agent makes a child in namespaces of `cloneFlags`, which performs `steps` and becomes the
 * program: its exit status.
 */
export function runInChild(
  performer: Performer,
  cloneFlags: number,
  steps: readonly Step[],
  program: Program,
): number {
  const child = new Slot("child");
  const info = new Slot("siginfo", SIGINFO_BYTES);
  return orDestroy(performer, () => {
    performer.perform(AGENT_PAGE, [planSignals(SIG_BLOCK, 0xff), planChild(cloneFlags, child)]);
    const pid = performer.value(child);
    performer.setPid(INIT_PAGE, pid);
    performer.perform(INIT_PAGE, [planSignals(SIG_SETMASK, 0), ...steps]);
    passSignals(pid);
    performer.post(AGENT_PAGE, [planWatch(child, info)]);
    performer.post(INIT_PAGE, planProgram(program));
    waitForEnd(performer.pid(AGENT_PAGE));
    return statusOf(performer, INIT_PAGE, program, readStatus(performer.channel.slotView(info)));
  });
}

function planChild(cloneFlags: number, child: Slot): Step {
  return {
    why: "the program's process, born in its namespaces",
    calls: [clone(cloneFlags | SIGCHLD, INIT_PAGE, child)],
  };
}

/** A signal of the terminal goes to all of its processes; what it means is the program's to say. */
function planSignals(how: number, fill: number): Step {
  const set = new Struct(new Uint8Array(SIGSET_BYTES).fill(fill), () =>
    fill === 0 ? "[]" : "~[]",
  );
  return {
    why: "signals are the program's own business",
    calls: [{ name: "rt_sigprocmask", args: [how, set, null, SIGSET_BYTES] }],
  };
}

function planWatch(child: Slot, info: Slot): Step {
  return {
    why: "wait for the program's end",
    calls: [waitid(P_PID, child, info, W.WEXITED), exitGroup(0)],
  };
}

/** The terminal sends its interrupts to the program itself; twice would be once too often. */
function passSignals(pid: number): void {
  forwardSignals(pidfd_open(pid).release());
  if (isTerminal(0)) ignoreSignals([SIGINT, SIGQUIT]);
}

function waitForEnd(pid: number): Pick<ChildStatus, "event" | "value"> {
  const status = waitForChild(P_PID, pid, W.WEXITED);
  return status ?? { event: "killed", value: SIGKILL };
}

function statusOf(
  performer: Performer,
  page: number,
  program: Program,
  status: Pick<ChildStatus, "event" | "value">,
): number {
  if (status.event === "exited" && status.value === EXEC_FAILED) {
    refuseIfNotExecuted(program, performer.results(page));
  }
  return shellStatus(status);
}

const CLD_EXITED = 1;
const CODE_OFFSET = 8;
const STATUS_OFFSET = 24;

/** What waitid(2) left in the shared memory; zeros where the agent was killed before. */
function readStatus(info: DataView): Pick<ChildStatus, "event" | "value"> {
  const code = info.getInt32(CODE_OFFSET, true);
  if (code === 0) return { event: "killed", value: SIGKILL };
  const value = info.getInt32(STATUS_OFFSET, true);
  return { event: code === CLD_EXITED ? "exited" : "killed", value };
}
