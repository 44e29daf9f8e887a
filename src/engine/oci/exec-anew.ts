// `exec` of a process that is planned here and now.

import type { Slot } from "../../../ffi/call.ts";
import { forwardSignals } from "../../../ffi/forward-signals.ts";
import { pidfd_open } from "../../../ffi/signal.ts";
import {
  type Entered,
  enterContainer,
  failedCall,
  leaveProcess,
  waitForProcess,
  watchProcess,
} from "../../container/enter.ts";
import { type ExitStatus, reap } from "../../container/end.ts";
import { type EnterPlan, planEnter } from "../../container/plan-enter.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import type { Step } from "../../../ffi/call.ts";
import type { Process, Spec } from "../../oci/spec.ts";
import { completeEnvironment } from "./environment.ts";
import { hasAttributes } from "./feature-needs.ts";
import { joinOf } from "./exec-cgroup.ts";
import { makeProcess } from "./exec-process.ts";
import { passOn } from "./inherited-fds.ts";
import { entryFlags } from "./namespaces.ts";
import type { ExecOptions, OciGlobals } from "./options.ts";
import { writePidFile } from "./pid-file.ts";
import { programError, setUpError } from "./program-error.ts";
import { type OciRecord, OciStore, stateOf } from "./store.ts";

/** What is to be run, and in what: the container is known to be there. */
export interface ExecRequest {
  readonly options: ExecOptions;
  readonly globals: OciGlobals;
  readonly record: OciRecord;
}

/**
 * @returns the process's exit code, 128 + the signal that killed it; 0 with --detach
 * @throws UserError for a program that cannot be had
 */
export async function execAnew({ options, globals, record }: ExecRequest): Promise<number> {
  const { spec, process, plan, listener } = await planExec(options, globals, record);
  if (process.user.uid !== 0 && process.terminal !== true) {
    const { giveStdio } = await import("./give-stdio.ts");
    giveStdio(process.user.uid, spec.linux ?? {}, options.detach);
  }
  // In runc's words, which its tests look for.
  globals.debug("nsexec container setup: the agent enters the namespaces");
  const entered = await enter(plan, listener, record, spec);
  globals.debug(`child process in init(): entered as pid ${entered.pid}`);
  globals.debug("setns_init: about to exec, or done so");
  using terminal = entered.terminal;
  refuseFailed(plan, entered, process, record);
  if (options.pidFile !== undefined) writePidFile(options.pidFile, entered.pid);
  if (options.pidfdSocket !== undefined) {
    (await import("./console.ts")).sendPidfd(entered.pid, options.pidfdSocket);
  }
  if (terminal !== undefined && options.consoleSocket !== undefined) {
    const { prepareTerminal, sendTerminal } = await import("./console.ts");
    prepareTerminal(terminal, process.consoleSize);
    sendTerminal(terminal, options.consoleSocket);
  }
  if (options.detach) {
    leaveProcess(entered);
    return 0;
  }
  return codeOf(await watch(entered, plan));
}

async function enter(
  plan: EnterPlan,
  listener: Slot | undefined,
  record: OciRecord,
  spec: Spec,
): Promise<Entered> {
  try {
    if (listener !== undefined) return await enterAsking(plan, listener, record, spec);
    return enterContainer(plan);
  } catch (error) {
    if (!isSyscallError(error) || !isOfCgroup(error.path ?? "")) throw error;
    // In runc's words, which its tests look for.
    const message = `${PREFIX}: error adding pid of the process to cgroups`;
    throw new UserError(message, undefined, 255, { cause: error });
  }
}

const PREFIX = "unable to start container process";
const isOfCgroup = (path: string): boolean =>
  path.endsWith("/cgroup.procs") || path.endsWith("/tasks");

function checkConsole(options: ExecOptions, process: Process, { name }: OciGlobals): void {
  const terminal = process.terminal === true;
  if (terminal && options.detach && options.consoleSocket === undefined) {
    const message = `cannot allocate tty if ${name} will detach without setting console socket`;
    throw new UserError(message, undefined, 255);
  }
  if (options.consoleSocket !== undefined && !(terminal && options.detach)) {
    const message = `cannot use console socket if ${name} will not detach or allocate tty`;
    throw new UserError(message, undefined, 255);
  }
}

export interface PlannedExec {
  readonly spec: Spec;
  readonly process: Process;
  readonly plan: EnterPlan;
  /** Where the filter asks somebody. */
  readonly listener?: Slot;
}

/** @param parentPid of this process */
export async function planExec(
  options: ExecOptions,
  globals: OciGlobals,
  record: OciRecord,
  parentPid = globalThis.process.pid,
): Promise<PlannedExec> {
  const spec = await new OciStore(globals.root).readSpec(options.id);
  const process = completeEnvironment(makeProcess(options, spec), `/proc/${record.initPid}/root`);
  checkConsole(options, process, globals);
  const namespaces = entryFlags(spec, record.initPid);
  const seccomp =
    spec.linux?.seccomp === undefined
      ? undefined
      : (await import("./seccomp.ts")).compileSpecSeccomp(spec);
  const request = {
    initPid: record.initPid,
    namespaces,
    cgroupJoin: joinOf(record, spec, options.cgroups),
    parentPid,
    before: await planBefore(process, spec, globals),
    attributes: await planExecAttributes(process, spec),
  };
  const plan = planEnter(
    request,
    process,
    seccomp,
    passOn(options.preserveFds, globals.inheritedFds ?? []),
  );
  const listener = seccomp?.listenerSlot;
  return { spec, process, plan, ...(listener === undefined ? {} : { listener }) };
}

/** With a filter that asks somebody: what the process does is held up until they have its listener. */
async function enterAsking(
  plan: EnterPlan,
  listener: Slot,
  record: OciRecord,
  spec: Spec,
): Promise<Entered> {
  const { SeccompAgent } = await import("./seccomp-notify.ts");
  using agent = new SeccompAgent(spec);
  const entered = enterContainer(plan, undefined, (performer) =>
    agent.hand(performer, listener, stateOf(record, "running")),
  );
  agent.settle(entered.performer, listener);
  return entered;
}

/** Start-up time: loaded only where there are any. */
async function planExecAttributes(process: Process, { linux = {} }: Spec): Promise<Step[]> {
  if (!hasAttributes(process, linux)) return [];
  const { loadAttributes } = await import("./load-attributes.ts");
  const { planAttributes, planLabels } = loadAttributes(process);
  return [...planLabels(process), ...planAttributes(process, linux)];
}

/** What the process has from its first moment on, before it is in the container's cgroup. */
async function planBefore(process: Process, spec: Spec, { debug }: OciGlobals): Promise<Step[]> {
  const oomScoreAdj = process.oomScoreAdj ?? spec.process?.oomScoreAdj;
  const steps: Step[] = [];
  if (oomScoreAdj !== undefined) {
    steps.push((await import("../../container/plan-oom-score.ts")).planOomScore(oomScoreAdj));
  }
  const { initial } = process.execCPUAffinity ?? {};
  if (initial === undefined) return steps;
  const { formatCpuMask, planAffinity } = await import("../../container/plan-affinity.ts");
  // In runc's words, which its tests look for.
  debug(`nsexec: affinity: ${formatCpuMask(initial)}`);
  return [...steps, planAffinity(initial, "the cpus of the process until it is in its cgroup")];
}

function refuseFailed(
  plan: EnterPlan,
  entered: Entered,
  process: Process,
  { initPid }: OciRecord,
): void {
  const failure = failedCall(plan.child, entered.results);
  if (failure === undefined) return;
  waitForProcess(entered, plan);
  if (failure.error !== undefined) throw setUpError(failure.error);
  throw programError(process.args[0] ?? "", failure.errnos, `/proc/${initPid}/root`);
}

async function watch(entered: Entered, plan: EnterPlan): Promise<ExitStatus> {
  const agentPid = entered.performer.pid(0);
  // Order: before the agent waits for it, so that it is there, be it as a zombie.
  passSignalsOn(entered.pid);
  const status = watchProcess(entered, plan);
  if (entered.terminal !== undefined) {
    const { joinTerminal } = await import("../terminal.ts");
    using joined = joinTerminal(entered.terminal, { interactive: true, callersNewlines: true });
    joined.pump(agentPid);
  }
  reap(agentPid);
  return status();
}

function passSignalsOn(pid: number): void {
  forwardSignals(pidfd_open(pid).release());
}

const codeOf = ({ kind, value }: ExitStatus): number => (kind === "exited" ? value : 128 + value);
