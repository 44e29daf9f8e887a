// The hooks of config.json: programs that are run at points of a container's life, with its state on
// their stdin. Specification: config.md "POSIX-platform Hooks", runtime.md "Lifecycle".
//
// Where each kind runs: prestart, createRuntime, poststart and poststop on the host; createContainer
// in the container's namespaces with the host's root; startContainer in those with its own root.

import { MFD, O, P_PID, W } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { readRest, writeAll } from "../../../ffi/files.ts";
import { memfd_create } from "../../../ffi/mman.ts";
import { poll, POLL } from "../../../ffi/poll.ts";
import { kill, pidfd_open } from "../../../ffi/signal.ts";
import { posix_spawn } from "../../../ffi/spawn.ts";
import { isSyscallError, SyscallError } from "../../../ffi/syscall-error.ts";
import { waitid } from "../../../ffi/wait.ts";
import { enterContainer, failedCall, watchProcess } from "../../container/enter.ts";
import { type ExitStatus, reap } from "../../container/end.ts";
import { planHookInside } from "../../container/plan-enter.ts";
import type { SeccompProgram } from "../../container/request.ts";
import { UserError } from "../../errors.ts";
import type { Hook, Hooks } from "../../oci/spec.ts";
import type { State } from "../../oci/state.ts";

const SIGKILL = 9;
const OUTPUT_SHOWN = 4096;

/** A container whose namespaces hooks are to be run in. */
export interface Inside {
  readonly initPid: number;
  /** CLONE_NEW bits. */
  readonly namespaces: number;
  /** Where they start. */
  readonly cwd: string;
  /** The container's filter, for hooks that it holds for. */
  readonly seccomp?: SeccompProgram;
}

/**
 * Runs the hooks of one kind, in order, up to the first that fails.
 * @param inside where they run in the container's namespaces
 * @throws UserError naming the hook, how it ended, and what it wrote
 */
export function runHooks(
  kind: keyof Hooks,
  hooks: Hooks | undefined,
  state: State,
  inside?: Inside,
): void {
  let index = 0;
  for (const hook of hooks?.[kind] ?? []) {
    const failure = runHook(hook, state, inside);
    if (failure !== undefined) {
      // In the words of runc 1.1 and of 1.2: callers look for either.
      const message = `error running hook: error running ${kind} hook #${index}: ${failure}`;
      throw new UserError(message, undefined, 1);
    }
    index += 1;
  }
}

/** What went wrong; undefined where nothing did. */
function runHook(hook: Hook, state: State, inside: Inside | undefined): string | undefined {
  using stdin = memfd_create("state", MFD.MFD_CLOEXEC);
  using stdout = memfd_create("stdout", MFD.MFD_CLOEXEC);
  using stderr = memfd_create("stderr", MFD.MFD_CLOEXEC);
  writeAll(stdin.number, JSON.stringify(state), "state");
  const streams = [openAgain(stdin), stdout, stderr] as const;
  using _ = streams[0];
  try {
    const perform = inside === undefined ? performOnHost : performInside;
    const failure = perform(hook, state, streams, inside);
    if (failure === undefined) return undefined;
    return `${failure}, stdout: ${readOutput(stdout)}, stderr: ${readOutput(stderr)}`;
  } catch (error) {
    if (error instanceof SyscallError) return `fork/exec ${hook.path}: ${error.message}`;
    throw error;
  }
}

/** A description of its own, that stands at the beginning and can only be read. */
function openAgain(file: Fd): Fd {
  return open(`/proc/self/fd/${file.number}`, O.O_RDONLY);
}

function readOutput(file: Fd): string {
  using fromStart = openAgain(file);
  return readRest(fromStart.number, "output", OUTPUT_SHOWN).slice(0, OUTPUT_SHOWN);
}

type Streams = readonly [Fd, Fd, Fd];

/** What a hook has that says nothing of its environment, as with runc and crun. */
function ownEnvironment(): string[] {
  return Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ""}`);
}

function performOnHost(hook: Hook, state: State, streams: Streams): string | undefined {
  const { path, args = [path], env = ownEnvironment() } = hook;
  const pid = posix_spawn(path, args, env, {
    fileActions: [
      ...streams.map((fd, to) => ({ kind: "dup2", from: fd.number, to }) as const),
      { kind: "chdir", path: state.bundle },
    ],
  });
  const inTime = waitInTime(pid, hook.timeout);
  if (!inTime) killQuietly(pid);
  const status = waitid(P_PID, pid, W.WEXITED);
  if (!inTime) return tooLong(hook);
  if (status === undefined) return undefined;
  const { event, value } = status;
  return describe({ kind: event === "exited" ? "exited" : "killed", value });
}

function performInside(
  hook: Hook,
  _state: State,
  streams: Streams,
  inside: Inside | undefined,
): string | undefined {
  const { path, args = [path], env = ownEnvironment() } = hook;
  const plan = planHookInside(
    {
      initPid: inside?.initPid ?? 0,
      namespaces: inside?.namespaces ?? 0,
      cgroupJoin: { how: "none" },
      parentPid: process.pid,
    },
    { path, args, env, cwd: inside?.cwd ?? "/" },
    inside?.seccomp,
  );
  const [stdin, stdout, stderr] = streams;
  const entered = enterContainer(plan, [stdin.number, stdout.number, stderr.number]);
  const failure = failedCall(plan.child, entered.results);
  const status = watchProcess(entered, plan);
  const agentPid = entered.performer.pid(0);
  const inTime = waitInTime(agentPid, hook.timeout);
  if (!inTime) killQuietly(entered.pid);
  reap(agentPid);
  if (!inTime) return tooLong(hook);
  if (failure === undefined) return describe(status());
  const [errno = 0] = failure.errnos;
  throw failure.error ?? new SyscallError("execve", errno, { path });
}

function waitInTime(pid: number, timeoutS: number | undefined): boolean {
  if (timeoutS === undefined) return true;
  using pidfd = pidfd_open(pid);
  const [ready = 0] = poll([{ fd: pidfd.number, events: POLL.POLLIN }], timeoutS * 1000);
  return ready !== 0;
}

function killQuietly(pid: number): void {
  try {
    kill(pid, SIGKILL);
  } catch (error) {
    if (!isSyscallError(error, "ESRCH")) throw error;
  }
}

const tooLong = ({ timeout }: Hook): string =>
  `hook ran past specified timeout of ${(timeout ?? 0).toFixed(1)}s`;

function describe({ kind, value }: ExitStatus): string | undefined {
  if (kind === "exited") return value === 0 ? undefined : `exit status ${value}`;
  return `signal: ${SIGNALS[value] ?? value}`;
}

/** As Go has them, for those that a hook may end by. */
const SIGNALS: Readonly<Record<number, string>> = {
  6: "aborted",
  9: "killed",
  11: "segmentation fault",
  13: "broken pipe",
  15: "terminated",
  31: "bad system call",
};
