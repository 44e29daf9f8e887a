// Performs a container's plan: starts the agent, does what only the parent can do (cgroup limits,
// id maps, terminal) while it works, and opens the gate. See plan.ts for the picture.

import {
  AGENT_PAGE,
  HOLDER_PAGE,
  INIT_PAGE,
  PROGRAM_PAGE,
  type Performer,
  PerformerDied,
  type Posted,
} from "../../ffi/agent/performer.ts";
import { startPerformer } from "../../ffi/agent/start-performer.ts";
import { Slot, type Step } from "../../ffi/call.ts";
import { exitGroup, prctl, waitid } from "../../ffi/calls.ts";
import { P_PID, PR, W } from "../../ffi/constants.ts";
import type { Fd } from "../../ffi/fd.ts";
import { writeText } from "../../ffi/files.ts";
import { pidfd_getfd, pidfd_open } from "../../ffi/signal.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";
import type { TraceSink } from "../../ffi/trace.ts";
import type { IdMapping, Spec } from "../oci/spec.ts";
import type { makeInit, performPart, prepareInit } from "./assist.ts";
import { destroy, type ExitStatus, readStatus, reap, type Results } from "./end.ts";
import type { ContainerPlan } from "./plan.ts";
import { planParentGuard } from "./plan-parent-guard.ts";
import type { MappedPlan } from "./plan-mapped.ts";
import type { ReaperPlan } from "./plan-reaper.ts";

export { destroy, type ExitStatus, hasEnded, readStatus, reap, type Results } from "./end.ts";

const SIGINFO_BYTES = 128;

/** Performs what an assisted plan needs besides: assist.ts, loaded only for those. */
export interface Assistance {
  readonly makeInit: typeof makeInit;
  readonly prepareInit: typeof prepareInit;
  readonly performPart: typeof performPart;
}

export interface LaunchOptions {
  /** Once the last batch runs: for a filter that asks somebody. */
  readonly onFilter?: (performer: Performer) => void;
  readonly assistance?: Assistance;
  readonly performer: "agent" | "process";
  readonly trace?: TraceSink;
  /** What the parent does while the agent makes the namespaces: cgroups, state. */
  readonly meanwhile: () => void;
  /** The init process must find its cgroup when it is born. */
  readonly cgroupFirst: boolean;
  /** Moves the init process into its cgroup from outside, where it cannot do so itself. */
  readonly joinFromOutside?: (pid: number) => void;
  /** Descriptors that the agent and the init process have as well. */
  readonly inherit?: readonly number[];
  /** Their standard streams, where those are not to be this process's own. */
  readonly streams?: readonly [stdin: number, stdout: number, stderr: number];
  /** Once there is an init process: what a crash from now on leaves can be found by its pid. */
  readonly onInit?: (pid: number) => void;
  /** While the init process is at work on its first batch: links. */
  readonly duringSetUp?: (pid: number) => void;
  /** When everything is mounted and the host's tree is still in reach: hooks. */
  readonly beforePivot?: (pid: number) => void;
}

/** A container whose init process waits at the gate. */
export interface Created {
  readonly performer: Performer;
  readonly plan: ContainerPlan;
  /** The last batch, written and ready. */
  readonly exec: Posted;
  readonly agentPid: number;
  readonly initPid: number;
  /** The master of the container's terminal. */
  readonly terminal?: Fd;
  /** Once the last batch runs: for a filter that asks somebody. */
  readonly onFilter?: (performer: Performer) => void;
  /** Set once the container has ended and its processes were waited for. */
  hasEnded: boolean;
}

/**
 * Everything up to the gate. On failure both processes are gone when it throws: SyscallError for
 * what the kernel refused.
 */
export function createContainer(spec: Spec, plan: ContainerPlan, options: LaunchOptions): Created {
  const { newUser } = plan.namespaces;
  if (options.cgroupFirst) options.meanwhile();
  const performer = startPerformer({
    kind: options.performer,
    firstSteps:
      newUser && plan.assisted === undefined
        ? plan.agentFirst
        : [...plan.agentFirst, ...plan.agentClone],
    // Race: whenever this process is killed, the init process must not be left waiting for it.
    childSteps:
      options.performer === "agent" ? [...plan.initGuard, plan.initCheck] : plan.initGuard,
    ...(plan.assisted?.between === undefined ? {} : { helperSteps: plan.assisted.guard }),
    ...(options.inherit === undefined ? {} : { inherit: options.inherit }),
    ...(options.streams === undefined ? {} : { streams: options.streams }),
    ...(options.trace === undefined ? {} : { trace: options.trace }),
  });
  try {
    if (!options.cgroupFirst) options.meanwhile();
    const written = plan.assisted === undefined ? writeAhead(plan, performer) : [];
    performer.finish(AGENT_PAGE);
    const agentPid = performer.pid(AGENT_PAGE);
    if (plan.assisted !== undefined) {
      options.assistance?.makeInit(plan.assisted, performer);
    } else if (plan.mapped !== undefined) {
      enterMapped(plan, plan.mapped, spec, performer);
    } else if (newUser) {
      writeIdMaps(agentPid, spec);
      performer.perform(AGENT_PAGE, [...plan.agentMapped, ...plan.agentClone]);
    }
    return setUpInit(spec, plan, written, options, performer);
  } catch (error) {
    findInit(performer, plan);
    destroy(performer);
    throw error;
  }
}

function enterMapped(
  plan: ContainerPlan,
  { hold, holder, enter }: MappedPlan,
  spec: Spec,
  performer: Performer,
): void {
  // Race: the holder ends with the agent, also where that is gone before the holder has asked for it.
  performer.post(HOLDER_PAGE, [planParentGuard(performer.pid(AGENT_PAGE))]);
  performer.perform(AGENT_PAGE, hold);
  const holderPid = performer.value(holder);
  writeIdMaps(holderPid, spec);
  const steps = [...enter(holderPid), ...plan.agentMapped, ...plan.agentClone];
  performer.perform(AGENT_PAGE, steps);
}

const PARTS_AHEAD = 2;

/** The first parts of the set-up, planned and written while the agent makes the namespaces. */
function writeAhead(plan: ContainerPlan, performer: Performer): Posted[] {
  const written: Posted[] = [];
  for (const part of plan.initSetup) {
    if (written.length === PARTS_AHEAD) break;
    written.push(performer.write(part()));
  }
  return written;
}

/** Race: what failed may have failed while the agent was still making the init process. */
function findInit(performer: Performer, { initPid }: ContainerPlan): void {
  // An offset of 0: the call that makes it has not even been written.
  if (performer.pid(INIT_PAGE) !== 0 || initPid.offset === 0) return;
  try {
    performer.finish(AGENT_PAGE);
  } catch (error) {
    if (!(error instanceof SyscallError || error instanceof PerformerDied)) throw error;
  }
  // Below 0 the call has failed; 1 is nobody whom we made.
  const pid = performer.value(initPid);
  if (pid > 1) performer.setPid(INIT_PAGE, pid);
}

function setUpInit(
  spec: Spec,
  plan: ContainerPlan,
  written: readonly Posted[],
  options: LaunchOptions,
  performer: Performer,
): Created {
  const agentPid = performer.pid(AGENT_PAGE);
  const initPid = performer.value(plan.initPid);
  performer.setPid(INIT_PAGE, initPid);
  options.onInit?.(initPid);
  options.joinFromOutside?.(initPid);
  const { beforePivot } = options;
  const { assisted } = plan;
  if (assisted !== undefined) options.assistance?.prepareInit(assisted, spec, performer);
  let index = 0;
  for (const part of plan.initSetup) {
    if (beforePivot !== undefined && index === plan.initSetup.length - 1) {
      performer.finish(INIT_PAGE);
      beforePivot(initPid);
    }
    if (assisted !== undefined) options.assistance?.performPart(assisted, part(), performer);
    else performer.start(INIT_PAGE, written[index] ?? performer.write(part()));
    if (index === 0) options.duringSetUp?.(initPid);
    index += 1;
  }
  if (plan.reaper !== undefined) writeReaper(plan.reaper, performer);
  const exec = performer.write(plan.initExec());
  const oomScoreAdj = spec.process?.oomScoreAdj;
  if (oomScoreAdj !== undefined) writeProc(initPid, "oom_score_adj", String(oomScoreAdj));
  performer.finish(INIT_PAGE);
  const { onFilter } = options;
  const created = { performer, plan, exec, agentPid, initPid, hasEnded: false };
  const asks = onFilter === undefined ? created : { ...created, onFilter };
  if (plan.terminal === undefined) return asks;
  using pidfd = pidfd_open(initPid);
  const terminal = pidfd_getfd(pidfd.number, performer.value(plan.terminal.master));
  return { ...asks, terminal };
}

/** Order: before the batch that makes the program's process, which starts on its page at once. */
function writeReaper({ memory, loop, program }: ReaperPlan, performer: Performer): void {
  performer.channel.writeApart(memory, () => loop(memory.offset));
  performer.post(PROGRAM_PAGE, program());
}

function writeProc(pid: number, file: string, value: string): void {
  writeText(`/proc/${pid}/${file}`, value, { existing: true });
}

/** user_namespaces(7): each map is one write; without privilege setgroups must be denied first. */
function writeIdMaps(pid: number, { linux }: Spec): void {
  writeProc(pid, "uid_map", formatIdMap(linux?.uidMappings ?? []));
  writeProc(pid, "gid_map", formatIdMap(linux?.gidMappings ?? []));
}

/** The lines of a map file. */
export function formatIdMap(mappings: readonly IdMapping[]): string {
  let text = "";
  for (const { containerID, hostID, size } of mappings) {
    text += `${containerID} ${hostID} ${size}\n`;
  }
  return text;
}

/** What is known of the container's end: filled by the kernel in the shared memory. */
export interface ExitWatch {
  /** The exit status once the agent has ended: code, or 128 + signal. */
  status(): ExitStatus;
}

/**
 * Lets the init process go on to the gate, where it waits without us.
 * @returns what its calls have brought, for who knows what they were to say
 */
export function leaveAtGate({ performer, exec, plan, onFilter }: Created): Results {
  if (plan.turn === undefined) throw new Error("the plan has no gate");
  performer.start(INIT_PAGE, exec);
  onFilter?.(performer);
  performer.awaitSlot(INIT_PAGE, plan.turn);
  return performer.results(INIT_PAGE);
}

/** Ends the agent: the init process is left to whoever takes care of orphans. */
export function dismissAgent({ performer }: Created): void {
  performer.post(AGENT_PAGE, [{ why: "all is made: end", calls: [exitGroup(0)] }]);
  reap(performer.pid(AGENT_PAGE));
}

/** Opens the gate: the init process becomes the user's program, the agent waits for its end. */
export function startContainer({ performer, plan, exec, onFilter }: Created): ExitWatch {
  const info = new Slot("siginfo", SIGINFO_BYTES);
  performer.start(INIT_PAGE, exec);
  onFilter?.(performer);
  const watch: Step = {
    why: "wait for the container's end, whatever becomes of the command line",
    calls: [
      prctl(PR.PR_SET_PDEATHSIG, 0),
      waitid(P_PID, plan.initPid, info, W.WEXITED),
      exitGroup(0),
    ],
  };
  performer.post(AGENT_PAGE, [watch]);
  return { status: () => readStatus(performer.channel.slotView(info)) };
}
