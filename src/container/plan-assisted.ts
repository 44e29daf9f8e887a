// A container that the agent assists. Where the init process is in a user namespace, the agent stays
// root of the host outside it, and does for it what only that may do: open the sources of binds, which
// may lie in folders that are closed to everybody else, and id-map mounts. Both have one table of
// descriptors (CLONE_FILES), so that what one opens the other has. Pure.
//
//   agent    joins namespaces · clone(CLONE_NEWUSER|CLONE_FILES|…) ──▶ init
//            ── the parent writes the maps of /proc/INIT ──
//   init     becomes root inside
//   agent    enters init's mount namespace
//   init     mounts …      agent   opens the next source, in its turn      init   attaches it …
//
// A user namespace that is joined is entered by a process in between, which makes the init process a
// child of the agent's (CLONE_PARENT) and ends:
//
//   agent    clone(CLONE_FILES) ──▶ between: setns(user) · clone(CLONE_PARENT|CLONE_FILES|…) ──▶ init

import { HOLDER_PAGE } from "../../ffi/agent/performer.ts";
import { AddressOf, type Argument, type Call, Slot, type Step } from "../../ffi/call.ts";
import {
  AT_FDCWD,
  clone,
  openat,
  prctl,
  setns,
  setresgid,
  setresuid,
  waitid,
} from "../../ffi/calls.ts";
import { CLONE, MS, O, P_PID, PR, W } from "../../ffi/constants.ts";
import { EINVAL, EPERM } from "../../ffi/errno.ts";
import { type NamespacePlan, planJoins } from "./plan-namespaces.ts";
import type { IdMap } from "./plan-bundle-mounts.ts";

const SIGCHLD = 17;
const SIGKILL = 9;
const SIGINFO_BYTES = 128;
const USERNS_FD_OFFSET = 24;

export interface AssistedPlan {
  /** Whether the init process is in a user namespace, and whether its maps are still to be written. */
  readonly user: "none" | "new" | "joined";
  /** What the agent does before anything else. */
  readonly first: readonly Step[];
  /** What each helper of the agent's does first. */
  readonly guard: readonly Step[];
  /** What it joins itself: all, but with a user namespace to join neither that nor a pid namespace. */
  readonly joined: NamespacePlan["joined"];
  /** Makes the init process, or the process between. */
  readonly birth: readonly Step[];
  readonly between?: Between;
  /** Filled once the mounts are planned. */
  readonly idMaps: readonly IdMap[];
  /** The process whose user namespace shows the ids of some mounts. */
  readonly holder: Slot;
}

/** The process that enters a user namespace for the init process. */
export interface Between {
  readonly pid: Slot;
  /** Done by it, on HOLDER_PAGE. */
  readonly steps: readonly Step[];
}

/**
 * Who does what.
 * @param planBirth makes the init process with these flags of clone(2)
 * @param agentCheck ends a process whose agent is gone
 */
export function planAssisted(
  namespaces: NamespacePlan,
  idMaps: readonly IdMap[],
  planBirth: (flags: number) => Step,
  agentCheck: Step,
): AssistedPlan {
  const { newUser, cloneFlags, joined } = namespaces;
  const flags = cloneFlags | CLONE.CLONE_FILES;
  const holder = new Slot("holder");
  const guard = [planHelperGuard(), agentCheck];
  const user = joined.find(({ type }) => type === "user");
  if (user === undefined) {
    const birth = [planBirth(newUser ? flags | CLONE.CLONE_NEWUSER : flags)];
    return { user: newUser ? "new" : "none", first: [], guard, joined, birth, idMaps, holder };
  }
  const others = joined.filter(({ type }) => type !== "user" && type !== "pid");
  const pids = joined.filter(({ type }) => type === "pid");
  const parts = planBetween(user.path, pids, planBirth(flags | CLONE.CLONE_PARENT));
  return { user: "joined", joined: others, guard, idMaps, holder, ...parts };
}

/** Race: whenever the agent is killed, its helpers end; the check that follows looks for one gone. */
function planHelperGuard(): Step {
  const calls = [prctl(PR.PR_SET_PDEATHSIG, SIGKILL)];
  return { why: "end with the agent", calls };
}

function planBetween(
  path: string,
  pids: NamespacePlan["joined"],
  birth: Step,
): Pick<AssistedPlan, "first" | "birth"> & { between: Between } {
  const pid = new Slot("between");
  const namespace = new Slot("user namespace");
  const open = openat(AT_FDCWD, path, O.O_RDONLY, { into: namespace });
  const enter = setns(namespace, CLONE.CLONE_NEWUSER, { path });
  const start = clone(CLONE.CLONE_FILES | SIGCHLD, HOLDER_PAGE, pid);
  return {
    first: [{ why: "the user namespace to join, while its path is in reach", calls: [open] }],
    birth: [{ why: "a process that enters it, so that this one need not", calls: [start] }],
    between: {
      pid,
      steps: [
        // Order: a pid namespace by this process, which stays out of it, so that it is told the pid
        // that the host knows the init process by; and before the user namespace, which may not be
        // the one it belongs to.
        ...planJoins(pids),
        { why: `join the user namespace of ${path}`, calls: [enter] },
        planBecomeNamespaceRoot(),
        birth,
      ],
    },
  };
}

/** Kernel: EINVAL where the namespace has no root; its capabilities are there all the same. */
export function planBecomeNamespaceRoot(): Step {
  const tolerate = [EINVAL, EPERM];
  const calls: Call[] = [
    { ...setresgid(0), tolerate },
    { ...setresuid(0), tolerate },
    prctl(PR.PR_SET_DUMPABLE, 0),
    // Order: again, as a change of user takes the signal away. prctl(2)
    prctl(PR.PR_SET_PDEATHSIG, SIGKILL),
  ];
  return { why: "become root of the user namespace, closed to others of its kind", calls };
}

/** Ends a helper of the agent's. */
export function planEnd(pid: Slot): Step {
  return {
    why: "it is not needed any more",
    calls: [
      { name: "kill", args: [pid, SIGKILL] },
      waitid(P_PID, pid, new Slot("siginfo", SIGINFO_BYTES), W.WEXITED),
    ],
  };
}

/** A process whose user namespace shows the ids of some mounts. */
export function planHold(holder: Slot): Step {
  return {
    why: "a user namespace whose ids the files of a mount are to show",
    calls: [clone(CLONE.CLONE_NEWUSER | SIGCHLD, HOLDER_PAGE, holder)],
  };
}

/** Its namespace becomes part of what the mounts are given. */
export function planTakeNamespace({ attributes }: IdMap, path: string): Step {
  return {
    why: "keep it by a descriptor",
    calls: [openat(AT_FDCWD, path, O.O_RDONLY, { into: attributes, intoOffset: USERNS_FD_OFFSET })],
  };
}

/** The agent sees the mounts as the init process makes them. setns(2) */
export function planEnterMounts(initPid: number | string): Step {
  const path = `/proc/${initPid}/ns/mnt`;
  const namespace = new Slot("mount namespace");
  return {
    why: "see the mounts as the init process makes them, as root of the host still",
    calls: [
      openat(AT_FDCWD, path, O.O_RDONLY, { into: namespace }),
      setns(namespace, CLONE.CLONE_NEWNS, { path }),
    ],
  };
}

/** A step, and what of it is the agent's to do before. */
export interface SharedStep {
  readonly agent: readonly Call[];
  readonly init: Step;
}

/**
 * Parts a step of an init process in a user namespace.
 *
 * The calls that open or reach a path of the host, those that id-map, and those that say so are the
 * agent's. Order: they come first, which within a step makes no difference: nothing in it reaches what they open.
 */
export function shareStep(step: Step): SharedStep {
  const isAgents = findAgentsCalls(step.calls);
  if (!isAgents.includes(true)) return { agent: [], init: step };
  const agent: Call[] = [];
  const init: Call[] = [];
  step.calls.forEach((call, i) => {
    const whose = isAgents[i] === true;
    // What is taken out of what a call skips, it need not skip any more.
    const left = (skip = 0): number =>
      isAgents.slice(i + 1, i + 1 + skip).filter((other) => other === whose).length;
    const shared = {
      ...call,
      skipAfterError: left(call.skipAfterError),
      skipAfterSuccess: left(call.skipAfterSuccess),
    };
    if (whose) agent.push(shared);
    else init.push(shared);
  });
  return { agent, init: { ...step, calls: init } };
}

function findAgentsCalls(calls: readonly Call[]): boolean[] {
  const opened = new Set<Argument | undefined>();
  return calls.map(({ name, args, into, outside }) => {
    if (outside === true) return true;
    if (name === "open_tree" && args[0] === AT_FDCWD) {
      opened.add(into);
      return true;
    }
    if (name === "move_mount") return args[2] === AT_FDCWD && opened.has(args[0]);
    if (name === "mount_setattr") return args[3] instanceof AddressOf;
    return name === "mount" && args[1] !== "/" && args[3] === MS.MS_PRIVATE;
  });
}
