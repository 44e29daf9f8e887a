// The listener of a seccomp filter that asks somebody (SCMP_ACT_NOTIFY), on its way to that somebody.
// seccomp_unotify(2)
//
//   parent                        agent                    process
//                                 one table of descriptors (CLONE_FILES)
//   waits for the slot                                     seccomp() → listener, into a slot
//   pidfd_getfd(agent, listener)                           goes on: whatever of its calls is
//   sends it                                               notified waits for the answer
//                                 close(listener)          execve: a table of its own
//
// Nothing of it depends on a call that the process makes once its filter is in force.

import { AGENT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import { isProcessAlive } from "../../ffi/agent/alive.ts";
import type { Slot } from "../../ffi/call.ts";
import { close } from "../../ffi/calls.ts";
import type { Fd } from "../../ffi/fd.ts";
import { pidfd_getfd, pidfd_open } from "../../ffi/signal.ts";

const CHECK_INTERVAL_MS = 1;

/**
 * The listener, once there is one; undefined where the process has failed before.
 * @param page whose batch ends, or whose process does, where there will be none
 */
export function takeListener(performer: Performer, listener: Slot, page: number): Fd | undefined {
  while (performer.value(listener) === 0) {
    const pid = performer.pid(page);
    const isOver = performer.isDone(page) || (pid !== 0 && !isProcessAlive(pid));
    if (isOver && performer.value(listener) === 0) return undefined;
    performer.pause(listener, CHECK_INTERVAL_MS);
  }
  const number = performer.value(listener);
  if (number < 0) return undefined;
  using pidfd = pidfd_open(performer.pid(AGENT_PAGE));
  return pidfd_getfd(pidfd.number, number);
}

/**
 * Kernel: calls that nobody can answer any more fail with ENOSYS, but only once every copy of the
 * listener is closed: the agent's is not to outlive the answerer's.
 */
export function closeListener(performer: Performer, listener: Slot): void {
  if (performer.value(listener) <= 0) return;
  performer.perform(AGENT_PAGE, [
    {
      why: "the listener is with whoever answers",
      calls: [{ ...close(listener), tolerate: "any" }],
    },
  ]);
}
