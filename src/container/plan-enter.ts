// A process that enters a running container: `exec`, and hooks in the container's namespaces. Pure.
//
//   agent   opens what it needs of the host · joins the cgroup · enters the namespaces
//           opens a terminal there, if one is wanted
//           clone(CLONE_VFORK) ──▶ child: session, limits, identity, filter, execve
//           goes on once the child has become its program, or has failed
//
// CLONE_VFORK is what tells the two apart: the kernel holds the agent until the child has called
// execve or ended, and no filter of the child's can take that away.

import { type Call, Slot, type Step, StringArray } from "../../ffi/call.ts";
import {
  AT_FDCWD,
  chdir,
  cloneIntoCgroup,
  closeRange,
  execve,
  exitGroup,
  openat,
  prctl,
  setns,
  waitid,
} from "../../ffi/calls.ts";
import { INIT_PAGE } from "../../ffi/agent/performer.ts";
import { CLONE, O, P_PID, PR, W } from "../../ffi/constants.ts";
import type { CgroupJoin } from "../../cgroups/manager.ts";
import type { Process } from "../oci/spec.ts";
import { planAffinity, planAnyCpu } from "./plan-affinity.ts";
import { birthplace, planCgroupJoin } from "./plan-cgroup.ts";
import { planBecomeRoot } from "./plan-namespaces.ts";
import {
  exitOnFailure,
  planBecome,
  planBounding,
  planFilter,
  planProgram,
  planRlimits,
} from "./plan-process.ts";
import { openTerminal, planSession, resizeTerminal, type TerminalSlots } from "./plan-terminal.ts";
import type { SeccompProgram } from "./request.ts";
import { planParentGuard } from "./plan-parent-guard.ts";

const SIGCHLD = 17;
const SIGKILL = 9;
const SIGINFO_BYTES = 128;

export interface EnterRequest {
  /** The container's init process, as the agent sees it. */
  readonly initPid: number;
  /** CLONE_NEW bits of the namespaces that differ from ours. */
  readonly namespaces: number;
  readonly cgroupJoin: CgroupJoin;
  readonly parentPid: number;
  /** Calls of the agent before anything is entered: oom_score_adj, affinity. */
  readonly before?: readonly Step[];
  /** What the process is besides its user and its limits. */
  readonly attributes?: readonly Step[];
}

export interface EnterPlan {
  /** Ends with the child being its program, or being dead. */
  readonly agent: readonly Step[];
  readonly child: readonly Step[];
  readonly childPid: Slot;
  readonly terminal?: TerminalSlots;
}

/** The plan of `exec`. */
export function planEnter(
  request: EnterRequest,
  process: Process,
  seccomp: SeccompProgram | undefined,
  preserveFds: readonly number[],
): EnterPlan {
  const terminal =
    process.terminal === true
      ? { master: new Slot("pty master"), slave: new Slot("pty slave") }
      : undefined;
  const { final } = process.execCPUAffinity ?? {};
  const pidfd = new Slot("init");
  const child = exitOnFailure([
    planChildGuard(),
    ...planCgroupNamespace(request, pidfd),
    // Order: in its cgroup, whose cpus are the ones it can have.
    final === undefined ? planAnyCpu() : planAffinity(final, "the cpus of the process"),
    ...planSession(terminal),
    ...planRlimits(process.rlimits ?? []),
    ...planBounding(process),
    // Order: at last, as a policy may leave the process next to no time.
    ...(request.attributes ?? []),
    ...planBecome(process, seccomp, preserveFds),
    planProgram(process),
  ]);
  const inside = terminal === undefined ? [] : planTerminalInside(terminal, process);
  const plan = planEntry(request, pidfd, inside, child, seccomp?.listenerSlot !== undefined);
  return terminal === undefined ? plan : { ...plan, terminal };
}

/**
 * The plan of a hook: a program in the container's namespaces, as root, as it stands.
 * @param seccomp the container's filter, where that holds for the hook
 */
export function planHookInside(
  request: EnterRequest,
  program: { readonly path: string } & Required<Pick<Process, "args" | "env" | "cwd">>,
  seccomp?: SeccompProgram,
): EnterPlan {
  const filter: Step[] = seccomp === undefined ? [] : [planFilter(seccomp)];
  const pidfd = new Slot("init");
  const child = exitOnFailure([
    planChildGuard(),
    ...planCgroupNamespace(request, pidfd),
    {
      why: "no descriptor of the host is inherited",
      calls: [closeRange(3, false), chdir(program.cwd)],
    },
    ...filter,
    {
      why: "become the hook",
      calls: [
        execve(program.path, new StringArray(program.args), new StringArray(program.env, true), {
          tolerate: "any",
        }),
      ],
    },
  ]);
  return planEntry(request, pidfd, [], child);
}

function planEntry(
  request: EnterRequest,
  pidfd: Slot,
  inside: readonly Step[],
  child: readonly Step[],
  sharesFiles = false,
): EnterPlan {
  const childPid = new Slot("process");
  const flags = CLONE.CLONE_VFORK | (sharesFiles ? CLONE.CLONE_FILES : 0);
  const enter = planJoin(request, pidfd, flags);
  const agent = [
    planParentGuard(request.parentPid),
    ...(request.before ?? []),
    ...planCgroupJoin(request.cgroupJoin),
    enter.open,
    enter.step,
    ...((request.namespaces & CLONE.CLONE_NEWUSER) === 0
      ? []
      : // Order: the guard once more, as a change of user takes its signal away (prctl(2)).
        [planBecomeRoot(), planParentGuard(request.parentPid)]),
    ...inside,
    planBirth(enter.cgroup, childPid, flags),
  ];
  return { agent, child, childPid };
}

function planJoin(request: EnterRequest, pidfd: Slot, flags: number) {
  const { initPid, namespaces, cgroupJoin } = request;
  const birth = planCgroupBirth(cgroupJoin, flags);
  const ours = entersCgroupsLate(request) ? namespaces & ~CLONE.CLONE_NEWCGROUP : namespaces;
  const open: Step = {
    why: "the container's init process, which has its namespaces",
    calls: [{ name: "pidfd_open", args: [initPid, 0], into: pidfd }, ...birth.open],
  };
  const step: Step = {
    // Security: no process of the container can look into this one or stop it (CVE-2016-9962).
    why: "enter the container's namespaces, closed to its processes",
    calls: [prctl(PR.PR_SET_DUMPABLE, 0), setns(pidfd, ours)],
  };
  return { open, step, cgroup: birth.clone };
}

/**
 * Kernel: with cgroup2's `nsdelegate`, a cgroup namespace is a boundary: who has entered it, and is in
 * a cgroup outside, cannot give birth to anybody inside (ENOENT). So the child enters it, born there.
 */
function entersCgroupsLate({ namespaces, cgroupJoin }: EnterRequest): boolean {
  return (namespaces & CLONE.CLONE_NEWCGROUP) !== 0 && birthplace(cgroupJoin) !== undefined;
}

function planCgroupNamespace(request: EnterRequest, pidfd: Slot): Step[] {
  if (!entersCgroupsLate(request)) return [];
  return [
    {
      why: "see the container's cgroups as it does",
      calls: [setns(pidfd, CLONE.CLONE_NEWCGROUP)],
    },
  ];
}

/** Order: the cgroup is opened while the host's tree is in sight. */
function planCgroupBirth(
  join: CgroupJoin,
  flags: number,
): { open: readonly Call[]; clone: Call | undefined } {
  const directory = birthplace(join);
  if (directory === undefined) return { open: [], clone: undefined };
  const place = new Slot("process");
  const [open, clone] = cloneIntoCgroup(flags, SIGCHLD, directory, INIT_PAGE, place);
  return { open: open === undefined ? [] : [open], clone };
}

function planBirth(intoCgroup: Call | undefined, childPid: Slot, flags: number): Step {
  const why = "the process; this one waits until it has become its program";
  if (intoCgroup !== undefined) return { why, calls: [{ ...intoCgroup, into: childPid }] };
  return {
    why,
    calls: [
      {
        name: "clone",
        args: [flags | SIGCHLD, null, null, null, null],
        childPage: INIT_PAGE,
        into: childPid,
      },
    ],
  };
}

/** Whatever becomes of the agent: a half-made process must not stay. */
function planChildGuard(): Step {
  return {
    why: "end with the agent, and be closed to others until the program runs",
    calls: [prctl(PR.PR_SET_PDEATHSIG, SIGKILL), prctl(PR.PR_SET_DUMPABLE, 0)],
  };
}

/** The agent stands in the container's root by now. */
function planTerminalInside(slots: TerminalSlots, { user, consoleSize }: Process): Step[] {
  const root = new Slot("/");
  return [
    {
      why: "a terminal of the container's own",
      calls: [
        openat(AT_FDCWD, "/", O.O_PATH | O.O_DIRECTORY, { into: root }),
        ...openTerminal(root, slots, user),
        // Order: before there is a program that could ask for it.
        ...(consoleSize === undefined ? [] : [resizeTerminal(slots, consoleSize)]),
      ],
    },
  ];
}

/** The agent's last batch where the caller waits: the exit status comes into `info`. */
export function planWaitForChild(childPid: Slot, info: Slot): Step {
  return {
    why: "wait for the process's end, whatever becomes of the command line",
    calls: [prctl(PR.PR_SET_PDEATHSIG, 0), waitid(P_PID, childPid, info, W.WEXITED), exitGroup(0)],
  };
}

export const makeInfoSlot = (): Slot => new Slot("siginfo", SIGINFO_BYTES);
