// sys/wait.h: waiting for children, and what their status says.

import { rawCall } from "./syscall.ts";
import { P_PID, W } from "./constants.ts";
import { ECHILD, EINTR } from "./errno.ts";
import { errno, scratch } from "./library.ts";
import { SIGINFO } from "./struct-tables.ts";
import { structReader } from "./structs.ts";
import { SyscallError } from "./syscall-error.ts";

/** What became of a child. */
export interface ChildStatus {
  readonly pid: number;
  /** The child's real user. */
  readonly uid: number;
  readonly event: "exited" | "killed" | "dumped" | "stopped" | "trapped" | "continued";
  /** The exit code of one that exited, else the signal's number. */
  readonly value: number;
}

// The values of si_code for SIGCHLD count from 1 in this order (asm-generic/siginfo.h).
const EVENTS = ["exited", "killed", "dumped", "trapped", "stopped", "continued"] as const;

/**
 * The next child that changed as `options` (W) ask, or undefined with WNOHANG when none did.
 * waitid(2), again after EINTR; ECHILD where there is no such child. `idType` is P_ALL, P_PID,
 * P_PIDFD (5.4). Blocks this thread.
 */
export function waitid(idType: number, id: number, options: number): ChildStatus | undefined {
  const info = scratch(SIGINFO.byteLength);
  while (rawCall("waitid", idType, id, info.address, options, 0) === -1) {
    const number = errno();
    if (number !== EINTR) throw new SyscallError("waitid", number, { detail: `id ${id}` });
  }
  const read = structReader(SIGINFO, info.bytes);
  const event = EVENTS[read("si_code") - 1];
  if (read("si_pid") === 0 || event === undefined) return undefined;
  return { pid: read("si_pid"), uid: read("si_uid"), event, value: read("si_status") };
}

/**
 * Waits until a child has ended. False where there is no such child. Start-up: on the way of every
 * run, and nobody asks how it ended.
 */
export function waitForEnd(pid: number): boolean {
  while (rawCall("waitid", P_PID, pid, 0, W.WEXITED, 0) === -1) {
    const number = errno();
    if (number === ECHILD) return false;
    if (number !== EINTR) throw new SyscallError("waitid", number, { detail: `id ${pid}` });
  }
  return true;
}

/** The exit status as shells count it: the code, or 128 + the signal's number. */
export function shellStatus({ event, value }: Pick<ChildStatus, "event" | "value">): number {
  return event === "exited" ? value : 128 + value;
}

/** The 16-bit status of wait4(2) and /proc/PID/stat, taken apart. */
export function decodeWaitStatus(status: number): Pick<ChildStatus, "event" | "value"> {
  const low = status & 0x7f;
  const high = (status >> 8) & 0xff;
  if (status === 0xffff) return { event: "continued", value: 18 };
  if (low === 0x7f) return { event: "stopped", value: high };
  if (low === 0) return { event: "exited", value: high };
  return { event: (status & 0x80) !== 0 ? "dumped" : "killed", value: low };
}
