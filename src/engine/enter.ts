// `bunker nsenter`: a program in namespaces that exist. This process enters them itself where the
// kernel lets a process with several threads do so; an agent enters user, time and pid namespaces.

import { Slot, type Step } from "../../ffi/call.ts";
import { AT_FDCWD, openat, setns as setnsCall, setresgid, setresuid } from "../../ffi/calls.ts";
import { CLONE, O } from "../../ffi/constants.ts";
import { EINVAL, EPERM } from "../../ffi/errno.ts";
import { open } from "../../ffi/fcntl.ts";
import type { Fd } from "../../ffi/fd.ts";
import { fileType, readLink } from "../../ffi/files.ts";
import { namespaceType } from "../../ffi/ioctl.ts";
import { setns, unshare } from "../../ffi/sched.ts";
import { pidfd_open } from "../../ffi/signal.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import type { EnterOptions, EnterTarget, NamespaceName } from "./tool-options.ts";
import { UserError } from "../errors.ts";
import { NAMESPACE_FLAG } from "./namespace-flags.ts";
import { becomeProgram, resolveProgram } from "./program.ts";
import { runInAgent, runInChild, startToolChild } from "./tool-child.ts";

/** What is to be entered: CLONE flags of a process, or of a namespace's file. */
interface Entry {
  readonly target: EnterTarget;
  readonly flags: number;
}

/** Kernel: refused to a process with several threads, or only for its children. */
const AGENT_ONLY = CLONE.CLONE_NEWUSER | CLONE.CLONE_NEWTIME | CLONE.CLONE_NEWPID;

/** The program's exit status. @throws SyscallError, UserError (126, 127) */
export async function enterNamespaces(options: EnterOptions): Promise<number> {
  const entries = options.targets
    .map((target) => findEntry(target, options.namespaces))
    .filter(({ flags }) => flags !== 0);
  const all = entries.reduce((flags, entry) => flags | entry.flags, 0);
  const program = resolveProgram(options.command);
  if ((all & AGENT_ONLY) === 0) {
    enterHere(entries, all);
    becomeProgram(program);
  }
  const agent = startToolChild(planEntries(entries, all));
  return (all & CLONE.CLONE_NEWPID) === 0
    ? runInAgent(agent, [], program)
    : runInChild(agent, 0, [], program);
}

function findEntry(target: EnterTarget, names: readonly NamespaceName[]): Entry {
  if (target.kind === "pid") return { target, flags: flagsOf(target.pid, names) };
  using file = open(target.path, O.O_RDONLY);
  try {
    return { target, flags: namespaceType(file.number) };
  } catch (error) {
    if (!isSyscallError(error, "ENOTTY")) throw error;
    throw new UserError(`"${target.path}" is not the file of a namespace`);
  }
}

/** The namespaces asked for, or all, that are not our own already: those cannot be entered again. */
function flagsOf(pid: number, names: readonly NamespaceName[]): number {
  if (readLink(`/proc/${pid}/ns/mnt`) === undefined) throw unreadable(pid);
  let flags = 0;
  for (const [name, flag] of Object.entries(NAMESPACE_FLAG)) {
    const wanted = names.length === 0 || names.some((asked) => asked === name);
    if (wanted && readLink(`/proc/${pid}/ns/${name}`) !== readLink(`/proc/self/ns/${name}`)) {
      flags |= flag;
    }
  }
  return flags;
}

/** Kernel: a process with more privileges than ours shows its namespaces to nobody like us. */
function unreadable(pid: number): UserError {
  if (fileType(`/proc/${pid}`) === 0) return new UserError(`no process ${pid}`);
  return new UserError(
    `cannot enter the namespaces of process ${pid}: permission denied`,
    "it is another user's, or has capabilities that bunker lacks",
  );
}

function enterHere(entries: readonly Entry[], all: number): void {
  // Order: everything is opened before the first step, which may take its path out of sight.
  const opened = entries.map(({ target, flags }) => ({ fd: openTarget(target), flags }));
  // Kernel: the threads share their root and working directory, which a mount namespace brings.
  if ((all & CLONE.CLONE_NEWNS) !== 0) unshare(CLONE.CLONE_FS);
  for (const { fd, flags } of opened) setns(fd.number, flags);
}

function openTarget(target: EnterTarget): Fd {
  return target.kind === "pid" ? pidfd_open(target.pid) : open(target.path, O.O_RDONLY);
}

function planEntries(entries: readonly Entry[], all: number): Step[] {
  const fds = entries.map(() => new Slot("namespace"));
  // Order: opened first, see above; then user namespaces, as they give the right to the others.
  const order = entries.keys().toArray();
  order.sort((a, b) => userFirst(entries[a]) - userFirst(entries[b]));
  const steps: Step[] = [
    {
      why: "the namespaces to enter",
      calls: entries.map(({ target }, i) => planOpen(target, fds[i] ?? new Slot(""))),
    },
    {
      why: "enter them",
      calls: order.map((i) => setnsCall(fds[i] ?? -1, entries[i]?.flags ?? 0)),
    },
  ];
  if ((all & CLONE.CLONE_NEWUSER) !== 0) steps.push(planBecomeRoot());
  return steps;
}

const userFirst = (entry: Entry | undefined): number =>
  ((entry?.flags ?? 0) & CLONE.CLONE_NEWUSER) === 0 ? 1 : 0;

function planOpen(target: EnterTarget, into: Slot) {
  return target.kind === "pid"
    ? ({ name: "pidfd_open", args: [target.pid, 0], into } as const)
    : openat(AT_FDCWD, target.path, O.O_RDONLY, { into });
}

/** Whoever enters a user namespace has every capability in it, but is nobody before this. */
function planBecomeRoot(): Step {
  const tolerate = [EINVAL, EPERM];
  return {
    why: "become root of the user namespace, where it has one",
    calls: [
      { ...setresgid(0), tolerate },
      { ...setresuid(0), tolerate },
    ],
  };
}
