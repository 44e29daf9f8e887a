// `bunker unshare`: a program in new namespaces. This process makes them itself where the kernel lets
// a process with several threads do so; user and time namespaces are made by an agent.

import { writeText } from "../../ffi/files.ts";
import type { Step } from "../../ffi/call.ts";
import { mount as mountCall, mountPropagation, unshare as unshareCall } from "../../ffi/calls.ts";
import { CLONE, MS } from "../../ffi/constants.ts";
import { getegid, geteuid } from "../../ffi/identity.ts";
import { mount } from "../../ffi/mount.ts";
import { AGENT_PAGE } from "../../ffi/agent/performer.ts";
import { unshare as unshareHere } from "../../ffi/sched.ts";
import type { UnshareOptions } from "./tool-options.ts";
import { NAMESPACE_FLAG } from "./namespace-flags.ts";
import { becomeProgram, type Program, resolveProgram } from "./program.ts";
import { orDestroy, runInAgent, runInChild, startToolChild } from "./tool-child.ts";

const PROC_FLAGS = MS.MS_NOSUID | MS.MS_NODEV | MS.MS_NOEXEC;

/** The program's exit status. @throws SyscallError, UserError (126, 127) */
export async function unshare(options: UnshareOptions): Promise<number> {
  let flags = 0;
  for (const name of options.namespaces) flags |= NAMESPACE_FLAG[name];
  const program = resolveProgram(options.command);
  if ((flags & (CLONE.CLONE_NEWUSER | CLONE.CLONE_NEWTIME)) !== 0) {
    return unshareInAgent(flags, options, program);
  }
  unshareHere(flags & ~CLONE.CLONE_NEWPID);
  if ((flags & CLONE.CLONE_NEWNS) !== 0) cutPropagation();
  if (options.fork || (flags & CLONE.CLONE_NEWPID) !== 0) {
    // Kernel: were this thread's children born into another pid namespace, it could make no thread
    // any more, and the engine aborts where it cannot; so that is left to the agent's clone(2).
    const agent = startToolChild([]);
    return runInChild(agent, flags & CLONE.CLONE_NEWPID, planProc(options), program);
  }
  if (options.mountProc) mount("proc", "/proc", "proc", PROC_FLAGS, null);
  becomeProgram(program);
}

/** What is mounted from now on stays in the new mount namespace. */
function cutPropagation(): void {
  mount("none", "/", null, MS.MS_REC | MS.MS_PRIVATE, null);
}

/** Order: the user namespace first, as it gives the right to make the others. */
function unshareInAgent(flags: number, options: UnshareOptions, program: Program): number {
  const agent = startToolChild(planUnshare(flags & CLONE.CLONE_NEWUSER));
  if (options.mapRootUser) orDestroy(agent, () => mapRootUser(agent.pid(AGENT_PAGE)));
  const others = flags & ~(CLONE.CLONE_NEWUSER | CLONE.CLONE_NEWPID);
  const steps = planUnshare(others);
  if ((others & CLONE.CLONE_NEWNS) !== 0) steps.push(planPropagation());
  const proc = planProc(options);
  // Kernel: a time namespace, too, is for children only.
  const needsChild = options.fork || (flags & (CLONE.CLONE_NEWPID | CLONE.CLONE_NEWTIME)) !== 0;
  if (!needsChild) return runInAgent(agent, [...steps, ...proc], program);
  orDestroy(agent, () => agent.perform(AGENT_PAGE, steps));
  return runInChild(agent, flags & CLONE.CLONE_NEWPID, proc, program);
}

function planUnshare(flags: number): Step[] {
  return flags === 0 ? [] : [{ why: "new namespaces", calls: [unshareCall(flags)] }];
}

function planPropagation(): Step {
  return {
    why: "what is mounted stays in the mount namespace",
    calls: [mountPropagation("/", MS.MS_PRIVATE)],
  };
}

function planProc({ mountProc }: UnshareOptions): Step[] {
  const calls = [mountCall("proc", "/proc", "proc", PROC_FLAGS, null)];
  return mountProc ? [{ why: "/proc of the new pid namespace", calls }] : [];
}

/** user_namespaces(7): without privilege one id can be mapped, and groups no longer be changed. */
function mapRootUser(pid: number): void {
  writeText(`/proc/${pid}/setgroups`, "deny", { existing: true });
  writeText(`/proc/${pid}/uid_map`, `0 ${geteuid()} 1\n`, { existing: true });
  writeText(`/proc/${pid}/gid_map`, `0 ${getegid()} 1\n`, { existing: true });
}
