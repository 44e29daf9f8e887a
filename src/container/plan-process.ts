// From a finished root to the user's program: limits, identity, capabilities, seccomp, execve. Pure.

import { capabilityBits, capabilityNames, capabilityNumber } from "../../ffi/capability.ts";
import { type Call, Slot, type Step, StringArray } from "../../ffi/call.ts";
import {
  ambientClear,
  ambientRaise,
  AT_FDCWD,
  capset,
  chdir,
  close,
  closeRange,
  execve,
  exitGroup,
  fchdir,
  openInRoot,
  prctl,
  seccompFilter,
  setgroups,
  setresgid,
  setresuid,
  setrlimit,
  umask,
} from "../../ffi/calls.ts";
import { O, PR, RLIMIT } from "../../ffi/constants.ts";
import { EINVAL } from "../../ffi/errno.ts";
import { type Capabilities, type Process, RLIM_INFINITY, type Rlimit } from "../oci/spec.ts";
import type { SeccompProgram } from "./request.ts";

/** The exit status of an init process whose program could not be executed; 127 as shells have it. */
export const EXEC_FAILED = 127;
const FIRST_FD = 3;

/** What can be done before the container is started: resource limits. */
export function planRlimits(rlimits: readonly Rlimit[]): Step[] {
  if (rlimits.length === 0) return [];
  const calls: Call[] = [];
  for (const rlimit of rlimits) calls.push(planRlimit(rlimit));
  return [{ why: "the resource limits of the process", calls }];
}

function planRlimit({ type, soft, hard }: Rlimit): Call {
  const limits: Readonly<Record<string, number>> = RLIMIT;
  return setrlimit(limits[type] ?? -1, type, limitValue(soft), limitValue(hard));
}

const limitValue = (limit: number): number => (limit >= RLIM_INFINITY ? Infinity : limit);

/**
 * The last batch: the process gets its identity and becomes the user's program. A call that fails
 * leads to exit_group at the end, so that no half-made process is ever left behind.
 */
export function planExec(
  process: Process,
  seccomp: SeccompProgram | undefined,
  preserveFds: readonly number[],
): Step[] {
  return exitOnFailure([...planBecome(process, seccomp, preserveFds), planProgram(process)]);
}

/** From a finished root to a process that may do just what the program may do. */
export function planBecome(
  process: Process,
  seccomp: SeccompProgram | undefined,
  preserveFds: readonly number[],
  hasCallers = preserveFds.length > 0,
): Step[] {
  return [
    {
      // Security: nothing of the host stays open, and before the working directory is entered: a
      // path such as /proc/self/fd/7 must not lead out (CVE-2024-21626).
      why: "no descriptor of the host is inherited",
      calls: planClose(preserveFds),
    },
    { why: "a new file's permissions", calls: [umask(process.user.umask ?? 0o022)] },
    ...(hasCallers
      ? [planEnter(process.cwd), ...planPrivileges({ ...process, cwd: "." }, seccomp)]
      : planPrivileges(process, seccomp)),
  ];
}

/**
 * Security: with descriptors of the caller's that stay open, a path such as /proc/self/fd/3 would lead
 * out of the container after all. Kernel: ELOOP for a magic link.
 */
function planEnter(cwd: string): Step {
  const folder = new Slot(cwd);
  return {
    why: "the working directory, which must be inside",
    calls: [
      openInRoot(AT_FDCWD, cwd, O.O_PATH | O.O_DIRECTORY, folder),
      fchdir(folder),
      close(folder),
    ],
    failure: () => "current working directory is outside of container mount namespace root",
  };
}

/** @param kept ascending: everything between them is closed as well */
function planClose(kept: readonly number[]): Call[] {
  const calls: Call[] = [];
  let first = FIRST_FD;
  for (const fd of kept) {
    if (fd > first) calls.push(closeRange(first, false, fd - 1));
    first = fd + 1;
  }
  return [...calls, closeRange(first, false)];
}

/** The execve(2) that ends it. */
export function planProgram(process: Process): Step {
  return { why: "become the program that was asked for", calls: planExecve(process) };
}

/**
 * Order: a filter without no_new_privs needs CAP_SYS_ADMIN, so it is loaded before that is gone;
 * with it, the filter comes last, so that it has to let through nothing but what it is asked for.
 */
function planPrivileges(process: Process, seccomp: SeccompProgram | undefined): Step[] {
  const filter: Step[] = seccomp === undefined ? [] : [planFilter(seccomp)];
  const outlive: Step = {
    why: "outlive the process that made the container",
    calls: [prctl(PR.PR_SET_PDEATHSIG, 0)],
  };
  const identity = planIdentity(process);
  if (process.noNewPrivileges !== true) return [...filter, ...identity, outlive];
  const noNewPrivileges = {
    why: "no program can gain privileges any more",
    calls: [prctl(PR.PR_SET_NO_NEW_PRIVS, 1)],
  };
  return [...identity, noNewPrivileges, outlive, ...filter];
}

/** The loading of a filter; its listener, if it has one, comes into its slot. */
export function planFilter({ program, flags, listenerSlot }: SeccompProgram): Step {
  const options = listenerSlot === undefined ? undefined : { into: listenerSlot };
  return {
    why: "the seccomp filter: system calls that a container has no business with",
    calls: [seccompFilter(program, flags, options)],
  };
}

function planIdentity({ user, capabilities, cwd }: Process): Step[] {
  const keeps = capabilities !== undefined;
  const steps: Step[] = [];
  const identity = (): Call[] => [
    prctl(PR.PR_SET_KEEPCAPS, 1),
    setgroups(user.additionalGids ?? []),
    setresgid(user.gid),
    setresuid(user.uid),
    prctl(PR.PR_SET_KEEPCAPS, 0),
  ];
  const after = identity();
  const before = [...identity(), chdir(cwd, { skipAfterSuccess: after.length })];
  steps.push({
    // Order: entered with root's capabilities, as a folder only root may enter is no obstacle to
    // runc either; where that fails, as the user, for file systems that only the user may enter.
    why: `the working directory, and the user and groups of the process: ${user.uid}:${user.gid}`,
    calls:
      user.uid === 0
        ? [chdir(cwd), ...after]
        : [chdir(cwd, { tolerate: "any", skipAfterSuccess: before.length }), ...before, ...after],
  });
  if (keeps) steps.push(planCapabilities(capabilities));
  return steps;
}

/**
 * Capabilities that no program of the container can ever have again.
 * Order: a part of the set-up, where a failure is told; nothing that comes after needs them.
 */
export function planBounding({ capabilities }: Process): Step[] {
  if (capabilities === undefined) return [];
  const { low, high } = capabilityBits(capabilities.bounding ?? []);
  const calls: Call[] = [];
  const count = capabilityNames().length;
  for (let number = 0; number < count; number++) {
    const kept = number < 32 ? (low >>> number) & 1 : (high >>> (number - 32)) & 1;
    // Kernel: EINVAL for a capability that an older kernel does not have yet.
    if (kept === 0) calls.push(prctl(PR.PR_CAPBSET_DROP, number, { tolerate: [EINVAL] }));
  }
  return [{ why: "drop every capability that was not asked for, for good", calls }];
}

function planCapabilities(sets: Capabilities): Step {
  const calls: Call[] = [
    capset(
      capabilityBits(sets.effective ?? []),
      capabilityBits(sets.permitted ?? []),
      capabilityBits(sets.inheritable ?? []),
    ),
  ];
  const ambient = sets.ambient ?? [];
  if (ambient.length > 0) {
    calls.push(ambientClear());
    for (const name of ambient) {
      const number = isRaisable(name, sets) ? capabilityNumber(name) : undefined;
      if (number !== undefined) calls.push(ambientRaise(number));
    }
  }
  return { why: "the capabilities of the process", calls };
}

/** Kernel: an ambient capability must be permitted and inheritable. capabilities(7) */
export function isRaisable(name: string, { permitted, inheritable }: Capabilities): boolean {
  return permitted?.includes(name) === true && inheritable?.includes(name) === true;
}

/**
 * Each place where the program may be, as execvp(3) would try them. Where one is there and cannot be
 * executed (E2BIG, ETXTBSY …), the next ones are tried as well, and the reason is told if none can.
 */
function planExecve({ args, env = [] }: Process): Call[] {
  const [name = ""] = args;
  const argv = new StringArray(args);
  const envp = new StringArray(env, true);
  const calls: Call[] = [];
  for (const path of executablePaths(name, env)) {
    calls.push(execve(path, argv, envp, { tolerate: "any" }));
  }
  return calls;
}

/** `name` itself where it has a slash, else `name` in each folder of the PATH of `env`. */
export function executablePaths(name: string, env: readonly string[]): string[] {
  if (name.includes("/")) return [name];
  let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const variable of env) if (variable.startsWith("PATH=")) path = variable.slice(5);
  const paths: string[] = [];
  for (const folder of path.split(":")) {
    paths.push(folder === "" ? `./${name}` : `${folder}/${name}`);
  }
  return paths;
}

/**
 * Every failure skips to a last call that ends the process; of calls that tolerate, they must
 * tolerate "any": a batch that stops would leave the process waiting for the next one.
 * @param last what it does before it ends
 */
export function exitOnFailure(steps: readonly Step[], last: readonly Step[] = []): Step[] {
  let remaining = 0;
  for (const step of steps) remaining += step.calls.length;
  const guarded: Step[] = [];
  for (const step of steps) {
    const guardedCalls: Call[] = [];
    for (const call of step.calls) {
      remaining -= 1;
      guardedCalls.push(
        call.tolerate === undefined
          ? { ...call, tolerate: "any", skipAfterError: remaining }
          : call,
      );
    }
    guarded.push({ ...step, calls: guardedCalls });
  }
  guarded.push(...last);
  guarded.push({ why: "it could not be executed: end", calls: [exitGroup(EXEC_FAILED)] });
  return guarded;
}
