// The end of a container: how it is learnt, and how it is brought about.

import { AGENT_PAGE, INIT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import { P_PID, W } from "../../ffi/constants.ts";
import { kill } from "../../ffi/signal.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { waitForEnd, waitid as waitForChild } from "../../ffi/wait.ts";

const SIGKILL = 9;

/** The results of a batch's calls, in order; undefined where one has not returned. */
export type Results = readonly (number | undefined)[];

export interface ExitStatus {
  readonly kind: "exited" | "killed" | "lost";
  /** The exit code, or the signal. */
  readonly value: number;
}

const SIGINFO_CODE_OFFSET = 8;
const SIGINFO_STATUS_OFFSET = 24;
const CLD_EXITED = 1;

/** What a siginfo of waitid(2) tells. */
export function readStatus(info: DataView): ExitStatus {
  const code = info.getInt32(SIGINFO_CODE_OFFSET, true);
  const value = info.getInt32(SIGINFO_STATUS_OFFSET, true);
  // The agent itself was killed before it could wait.
  if (code === 0) return { kind: "lost", value: SIGKILL };
  return { kind: code === CLD_EXITED ? "exited" : "killed", value };
}

/** Ends both processes of a failed or unwanted launch, and waits until they are gone. */
export function destroy(performer: Performer): void {
  for (const page of [INIT_PAGE, AGENT_PAGE]) {
    const pid = performer.pid(page);
    if (pid !== 0) killQuietly(pid);
  }
  reap(performer.pid(AGENT_PAGE));
}

function killQuietly(pid: number): void {
  try {
    kill(pid, SIGKILL);
  } catch (error) {
    if (!isSyscallError(error, "ESRCH")) throw error;
  }
}

/** Waits for a child of this process; one that is no child (any more) is no concern. */
export function reap(pid: number): void {
  if (pid !== 0) waitForEnd(pid);
}

/** Whether a child has ended, without waiting. */
export function hasEnded(pid: number): boolean {
  try {
    return waitForChild(P_PID, pid, W.WEXITED | W.WNOHANG | W.WNOWAIT) !== undefined;
  } catch (error) {
    if (isSyscallError(error, "ECHILD")) return true;
    throw error;
  }
}
