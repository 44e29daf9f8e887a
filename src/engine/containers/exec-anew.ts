// `exec` of a process that is planned here and now.

import { detectControl } from "../../../cgroups/detect-control.ts";
import { capabilitiesIn, capget } from "../../../ffi/capability.ts";
import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import { startPerformer } from "../../../ffi/agent/start-performer.ts";
import type { Slot } from "../../../ffi/call.ts";
import { prctl } from "../../../ffi/calls.ts";
import { O, PR } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { forwardSignals } from "../../../ffi/forward-signals.ts";
import { pidfd_open } from "../../../ffi/signal.ts";
import {
  type Entered,
  enterContainer,
  type Failure,
  failedCall,
  leaveProcess,
  waitForProcess,
  watchProcess,
} from "../../container/enter.ts";
import { errnoMessage } from "../../../ffi/errno.ts";
import { type ExitStatus, reap } from "../../container/end.ts";
import { planDrain } from "../../container/plan-drain.ts";
import { type EnterPlan, planEnter } from "../../container/plan-enter.ts";
import type { SeccompProgram } from "../../container/request.ts";
import { UserError } from "../../errors.ts";
import type { Process, Spec } from "../../oci/spec.ts";
import { readDetails } from "../container-details.ts";
import { readContainerFile } from "../container-files.ts";
import type { ResolvedUser } from "../host-facts.ts";
import { joinRunning } from "../oci/exec-cgroup.ts";
import { entryFlags } from "../oci/namespaces.ts";
import { loadSeccomp } from "../load-seccomp.ts";
import { readOwnSpec } from "../own-spec.ts";
import { resolveUser } from "../resolve-user.ts";
import { runFolder } from "../run-folder.ts";
import { chooseSeccomp } from "../spec-security.ts";
import type { ContainerRecord } from "../state-store.ts";
import { notExecuted } from "../watch.ts";
import { DetachFilter, parseDetachKeys } from "./detach-keys.ts";
import { KeptStore } from "./kept.ts";
import type { ExecOptions, ExecRequest } from "./exec.ts";
import { stateFolder } from "./running-record.ts";

/** The exit code of the process; 0 with `detach`. @throws UserError for a program that cannot be had */
export async function execAnew(
  request: ExecRequest,
  begins: () => void,
  left: () => void,
): Promise<number> {
  const { options } = request;
  if (options.tty && options.interactive && !options.detach) {
    (await import("../terminal.ts")).requireTerminal();
  }
  const { process, plan } = await planExec(request);
  begins();
  return await perform(plan, process, options, left);
}

/** @param parentPid whose end is the end of what enters: this process's unless said */
export async function planExec(
  { container, record, options }: ExecRequest,
  parentPid: number = globalThis.process.pid,
): Promise<{ readonly process: Process; readonly plan: EnterPlan }> {
  const spec = readSpec(record);
  const { Env: given = container.options.env } =
    readDetails(new KeptStore().folder(container.id))?.config ?? {};
  const process = makeProcess(options, spec, record, given);
  const security = options.privileged
    ? { ...container.options.security, privileged: true }
    : container.options.security;
  const made = { spec, seccomp: chooseSeccomp(security), init: false, warnings: [] };
  const seccomp = await loadSeccomp(made, `${runFolder(globalThis.process.env)}/seccomp`);
  return { process, plan: planEntry(record, spec, process, seccomp, parentPid) };
}

function readSpec({ id }: ContainerRecord): Spec {
  const folder = stateFolder(id);
  const spec = readOwnSpec(folder);
  if (spec !== undefined) return spec;
  throw new UserError(
    `cannot enter container ${id.slice(0, 12)}: it was started without a record of how`,
    "a container of `run --rm` that is run often has none; leave --rm out, or use nsenter",
    1,
  );
}

/** The container's own process with other words; its user is looked up in the container's files. */
function makeProcess(
  options: ExecOptions,
  spec: Spec,
  record: ContainerRecord,
  given: readonly string[],
): Process {
  const own = spec.process ?? { user: { uid: 0, gid: 0 }, args: [], cwd: "/" };
  const user = options.user && findUser(options.user, record);
  // Another user has another home, but where the container was given one.
  const keepsHome = user === undefined || given.some((entry) => entry.startsWith("HOME="));
  const home = keepsHome ? [] : [`HOME=${user.home || "/"}`];
  const capabilities = options.privileged ? everyCapability() : own.capabilities;
  return {
    ...own,
    terminal: options.tty,
    args: options.command,
    env: mergeEnv(own.env ?? [], [...home, ...(options.tty ? ["TERM=xterm"] : []), ...options.env]),
    cwd: options.workdir ?? own.cwd,
    user: user === undefined ? own.user : pickIds(user),
    ...(capabilities === undefined ? {} : { capabilities }),
  };
}

/** A variable that is set again has its later value alone. */
function mergeEnv(own: readonly string[], later: readonly string[]): string[] {
  const nameOf = (entry: string): string => entry.replace(/=.*/s, "");
  const names = new Set(later.map(nameOf));
  return [...own.filter((entry) => !names.has(nameOf(entry))), ...later];
}

/** docker's: the own group is among the further ones, or a file could deny it (CVE-2022-36109). */
function pickIds({ uid, gid, additionalGids }: ResolvedUser): Process["user"] {
  return { uid, gid, additionalGids: [...new Set([gid, ...additionalGids])] };
}

/** @throws UserError with docker's exit code of a process that could not be started */
function findUser(
  user: NonNullable<ExecOptions["user"]>,
  { initPid }: ContainerRecord,
): ResolvedUser {
  const root = `/proc/${initPid}/root`;
  const passwd = readContainerFile(root, "etc/passwd");
  const group = readContainerFile(root, "etc/group");
  try {
    return resolveUser(user, passwd, group);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(error.message, error.hint, NOT_EXECUTABLE);
  }
}

function everyCapability(): Process["capabilities"] {
  const all = capabilitiesIn(capget(0).permitted);
  return { bounding: all, effective: all, permitted: all };
}

function planEntry(
  record: ContainerRecord,
  spec: Spec,
  process: Process,
  seccomp: SeccompProgram | undefined,
  parentPid: number,
): EnterPlan {
  return planEnter(
    {
      initPid: record.initPid,
      namespaces: entryFlags(spec, record.initPid),
      cgroupJoin: joinRunning(detectControl(), record, spec),
      parentPid,
    },
    process,
    seccomp,
    [],
  );
}

async function perform(
  plan: EnterPlan,
  process: Process,
  options: ExecOptions,
  left: () => void,
): Promise<number> {
  using nothing = options.interactive || options.tty ? undefined : open("/dev/null", O.O_RDONLY);
  const entered = enterContainer(plan, nothing && [nothing.number, 1, 2]);
  using _terminal = entered.terminal;
  const failure = failedCall(plan.child, entered.results);
  if (failure !== undefined) {
    waitForProcess(entered, plan);
    throw notStarted(failure, process, options);
  }
  if (options.detach) {
    if (plan.terminal === undefined) leaveProcess(entered);
    else leaveWithTerminal(entered, plan.terminal.master);
    return 0;
  }
  forwardSignals(pidfd_open(entered.pid).release());
  const status = await watch(entered, plan, options, left);
  return status.kind === "exited" ? status.value : 128 + status.value;
}

const NOT_EXECUTABLE = 126;

/** docker's exit codes: 126 or 127, but 1 where nobody waits for the process. */
function notStarted(
  { error, errnos }: Failure,
  { args, cwd }: Process,
  { detach }: ExecOptions,
): Error {
  if (error !== undefined && error.syscall !== "chdir") return error;
  const { message, hint, exitCode } =
    error === undefined
      ? notExecuted(args[0] ?? "", errnos)
      : new UserError(
          `chdir to cwd ("${cwd}") set in config.json failed: ${errnoMessage(error.errno)}`,
          undefined,
          NOT_EXECUTABLE,
        );
  return new UserError(message, hint, detach ? 1 : exitCode);
}

async function watch(
  entered: Entered,
  plan: EnterPlan,
  { interactive, detachKeys }: ExecOptions,
  left: () => void,
): Promise<ExitStatus> {
  const agentPid = entered.performer.pid(0);
  const status = watchProcess(entered, plan);
  if (entered.terminal !== undefined) {
    const { joinTerminal } = await import("../terminal.ts");
    using joined = joinTerminal(entered.terminal, { interactive });
    const keys = interactive ? new DetachFilter(parseDetachKeys(detachKeys)) : undefined;
    if (joined.pump(agentPid, keys)) {
      leaveTerminal(entered.terminal);
      left();
      throw new UserError("read escape sequence", undefined, 1);
    }
  }
  reap(agentPid);
  return status();
}

/** To somebody who reads it, as the agent that holds it as well only waits. */
function leaveTerminal({ number: master }: Fd): void {
  const performer = startPerformer({ kind: "agent", firstSteps: [], inherit: [master] });
  performer.finish(AGENT_PAGE);
  performer.post(AGENT_PAGE, [planDrain(master)]);
}

/** To its own agent, once that outlives us. */
function leaveWithTerminal({ performer }: Entered, master: Slot): void {
  const why = "outlive the command line";
  performer.perform(AGENT_PAGE, [{ why, calls: [prctl(PR.PR_SET_PDEATHSIG, 0)] }]);
  performer.post(AGENT_PAGE, [planDrain(master)]);
}
