// `exec`: a further process in a running container: in its namespaces, its cgroup, under its limits.

import { detectControl } from "../../../cgroups/detect-control.ts";
import { capabilitiesIn, capget } from "../../../ffi/capability.ts";
import { AGENT_PAGE } from "../../../ffi/agent/performer.ts";
import { startPerformer } from "../../../ffi/agent/start.ts";
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
  failedCall,
  leaveProcess,
  waitForProcess,
  watchProcess,
} from "../../container/enter.ts";
import { type ExitStatus, reap } from "../../container/end.ts";
import { planDrain } from "../../container/plan-drain.ts";
import { type EnterPlan, planEnter } from "../../container/plan-enter.ts";
import type { SeccompProgram } from "../../container/request.ts";
import { UserError } from "../../errors.ts";
import type { Process, Spec } from "../../oci/spec.ts";
import { readContainerFile } from "../container-files.ts";
import { entryFlags } from "../oci/namespaces.ts";
import { tell } from "../events/tell.ts";
import { loadSeccomp } from "../load-seccomp.ts";
import { makeId } from "../names.ts";
import { readOwnSpec } from "../own-spec.ts";
import { addGroups, resolveUser } from "../resolve-user.ts";
import { runFolder } from "../run-folder.ts";
import type { UserOption } from "../run-options.ts";
import { chooseSeccomp } from "../spec-security.ts";
import { type ContainerRecord, StateStore } from "../state-store.ts";
import { notExecuted } from "../watch.ts";
import { DetachFilter, parseDetachKeys } from "./detach-keys.ts";
import { findKept } from "./find.ts";
import { KeptStore } from "./kept.ts";
import { lookAfter } from "./live.ts";
import { notRunning } from "../no-such.ts";

export interface ExecOptions {
  readonly command: readonly string[];
  readonly detach: boolean;
  readonly interactive: boolean;
  readonly tty: boolean;
  readonly env: readonly string[];
  readonly user?: UserOption;
  readonly workdir?: string;
  readonly privileged: boolean;
  readonly detachKeys?: string;
}

/** The exit code of the process; 0 with `detach`. @throws UserError */
export async function execInContainer(text: string, options: ExecOptions): Promise<number> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { status, record } = await lookAfter(container, kept);
  if (record === undefined) {
    throw notRunning(`container ${container.id} is not running`, text);
  }
  if (status === "paused") {
    throw new UserError(
      `container ${text} is paused, unpause the container before exec`,
      undefined,
      1,
    );
  }
  if (options.tty && options.interactive && !options.detach) {
    (await import("../terminal.ts")).requireTerminal();
  }
  const spec = readSpec(record);
  const process = makeProcess(options, spec, record);
  const security = options.privileged
    ? { ...container.options.security, privileged: true }
    : container.options.security;
  const made = { spec, seccomp: chooseSeccomp(security), init: false, warnings: [] };
  const seccomp = await loadSeccomp(made, `${runFolder(globalThis.process.env)}/seccomp`);
  const plan = planExec(record, spec, process, seccomp);
  const execID = makeId();
  // docker's: a space also where nothing follows.
  const [program = "", ...args] = options.command;
  const words = `${program} ${args.join(" ")}`;
  tell(`exec_create: ${words}`, container, { execID });
  tell(`exec_start: ${words}`, container, { execID });
  const left = (): void => tell("exec_detach", container, { execID });
  const exitCode = await perform(plan, process, options, left);
  if (!options.detach) tell("exec_die", container, { execID, exitCode: String(exitCode) });
  return exitCode;
}

function readSpec({ id }: ContainerRecord): Spec {
  const folder = new StateStore(runFolder(process.env)).containerFolder(id);
  const spec = readOwnSpec(folder);
  if (spec !== undefined) return spec;
  throw new UserError(
    `cannot enter container ${id.slice(0, 12)}: it was started without a record of how`,
    "a container of `run --rm` that is run often has none; leave --rm out, or use nsenter",
    1,
  );
}

/** The container's own process with other words; its user is looked up in the container's files. */
function makeProcess(options: ExecOptions, spec: Spec, record: ContainerRecord): Process {
  const own = spec.process ?? { user: { uid: 0, gid: 0 }, args: [], cwd: "/" };
  const capabilities = options.privileged ? everyCapability() : own.capabilities;
  return {
    ...own,
    terminal: options.tty,
    args: options.command,
    env: [...(own.env ?? []), ...(options.tty ? ["TERM=xterm"] : []), ...options.env],
    cwd: options.workdir ?? own.cwd,
    user: options.user === undefined ? own.user : findUser(options.user, record),
    ...(capabilities === undefined ? {} : { capabilities }),
  };
}

function findUser(user: UserOption, { initPid }: ContainerRecord): Process["user"] {
  const root = `/proc/${initPid}/root`;
  const passwd = readContainerFile(root, "etc/passwd");
  const group = readContainerFile(root, "etc/group");
  const { uid, gid, additionalGids } = addGroups(resolveUser(user, passwd, group), [], group);
  return { uid, gid, additionalGids };
}

function everyCapability(): Process["capabilities"] {
  const all = capabilitiesIn(capget(0).permitted);
  return { bounding: all, effective: all, permitted: all };
}

function planExec(
  record: ContainerRecord,
  spec: Spec,
  process: Process,
  seccomp: SeccompProgram | undefined,
): EnterPlan {
  const cgroups = detectControl();
  return planEnter(
    {
      initPid: record.initPid,
      namespaces: entryFlags(spec, record.initPid),
      cgroupJoin: cgroups.join(record.cgroupsPath),
      parentPid: globalThis.process.pid,
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
    throw failure.error ?? notExecuted(process.args[0] ?? "", failure.errnos);
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
