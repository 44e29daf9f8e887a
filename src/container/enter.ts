// Performs the plan of a process that enters a container (plan-enter.ts): starts an agent, which
// makes it, and finds out whether it has become its program.

import { AGENT_PAGE, INIT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import { startPerformer } from "../../ffi/agent/start-performer.ts";
import type { Step } from "../../ffi/call.ts";
import { exitGroup } from "../../ffi/calls.ts";
import type { Fd } from "../../ffi/fd.ts";
import { pidfd_getfd, pidfd_open } from "../../ffi/signal.ts";
import { SyscallError } from "../../ffi/syscall-error.ts";
import { destroy, type ExitStatus, readStatus, reap, type Results } from "./end.ts";
import { type EnterPlan, makeInfoSlot, planWaitForChild } from "./plan-enter.ts";

/** A process that has entered a container. */
export interface Entered {
  readonly performer: Performer;
  readonly pid: number;
  /** What its calls have brought: the steps of `plan.child` in order. */
  readonly results: Results;
  readonly terminal?: Fd;
}

/** What the process has as its standard streams; the caller's own unless said. */
export type Streams = readonly [stdin: number, stdout: number, stderr: number];

/**
 * The process, being its program or having failed to: see failedCall().
 * @param onFilter while the process gets its filter: for one that asks somebody
 * @throws SyscallError where it could not even be made; then nothing is left
 */
export function enterContainer(
  plan: EnterPlan,
  streams?: Streams,
  onFilter?: (performer: Performer) => void,
): Entered {
  const performer = startPerformer({
    kind: "agent",
    firstSteps: plan.agent,
    childSteps: plan.child,
    ...(streams === undefined ? {} : { streams }),
  });
  try {
    onFilter?.(performer);
    performer.finish(AGENT_PAGE);
  } catch (error) {
    destroy(performer);
    throw error;
  }
  const pid = performer.value(plan.childPid);
  const entered = { performer, pid, results: performer.results(INIT_PAGE) };
  if (plan.terminal === undefined) return entered;
  using pidfd = pidfd_open(performer.pid(AGENT_PAGE));
  const terminal = pidfd_getfd(pidfd.number, performer.value(plan.terminal.master));
  return { ...entered, terminal };
}

/** The process is left to whoever takes care of orphans. */
export function leaveProcess({ performer }: Entered): void {
  performer.post(AGENT_PAGE, [{ why: "the process runs: end", calls: [exitGroup(0)] }]);
  reap(performer.pid(AGENT_PAGE));
}

/** From now on the agent waits for the process, and ends with it; `status` once it has ended. */
export function watchProcess({ performer }: Entered, plan: EnterPlan): () => ExitStatus {
  const info = makeInfoSlot();
  performer.post(AGENT_PAGE, [planWaitForChild(plan.childPid, info)]);
  return () => readStatus(performer.channel.slotView(info));
}

/** What became of the process, which is waited for. */
export function waitForProcess(entered: Entered, plan: EnterPlan): ExitStatus {
  const status = watchProcess(entered, plan);
  reap(entered.performer.pid(AGENT_PAGE));
  return status();
}

/** The errnos of the attempts to execute, or the call that failed before; neither: it runs. */
export interface Failure {
  readonly errnos: readonly number[];
  readonly error?: SyscallError;
}

/**
 * Why a process has not become its program; undefined where it has, as far as its calls tell.
 * @param steps those of which `results` tell, as exitOnFailure() made them
 */
export function failedCall(steps: readonly Step[], results: Results): Failure | undefined {
  const errnos: number[] = [];
  let index = 0;
  for (const { calls, failure } of steps) {
    for (const call of calls) {
      const result = results[index];
      index += 1;
      if (call.name === "execve") {
        // This one never came back.
        if (result === undefined) return undefined;
        errnos.push(-result);
      } else if (result !== undefined && result < 0 && (call.skipAfterError ?? 0) > 0) {
        const context = {
          ...(call.path === undefined ? {} : { path: call.path }),
          ...(failure === undefined ? {} : { failure: failure(-result) }),
        };
        return { errnos, error: new SyscallError(call.name, -result, context) };
      }
    }
  }
  return errnos.length === 0 ? undefined : { errnos };
}
