// Whether a process still runs.

import { readTextIfThere } from "../files.ts";
import { isSyscallError } from "../syscall-error.ts";

/** False for a process that is gone, and for a zombie: it has ended, only nobody asked yet. */
export function isProcessAlive(pid: number): boolean {
  const state = processState(pid);
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The state letter of /proc/PID/stat (proc(5)), or undefined where there is no such process. */
export function processState(pid: number): string | undefined {
  return processStat(pid)?.[0];
}

/**
 * The fields of /proc/PID/stat from the state letter on (field 3 of proc(5) is at index 0), or
 * undefined where there is no such process.
 */
export function processStat(pid: number): string[] | undefined {
  let stat: string | undefined;
  try {
    stat = readTextIfThere(`/proc/${pid}/stat`);
  } catch (error) {
    // Race: it ended while it was read.
    if (isSyscallError(error, "ESRCH")) return undefined;
    throw error;
  }
  return stat === undefined ? undefined : splitStat(stat);
}

/** The name before it may hold spaces and parentheses, so the last parenthesis counts. */
const splitStat = (stat: string): string[] => stat.slice(stat.lastIndexOf(")") + 2).split(" ");

const START_TIME_INDEX = 22 - 3;

/** When a process started, in clock ticks since boot; "" for one that is gone or a zombie. */
export function processStart(pid: number): string {
  return readProcess(pid).start;
}

/** Who a process is, by the beginning of its /proc/PID/stat. */
export const parseStat = (stat: string): { readonly pid: number; readonly start: string } => ({
  pid: parseInt(stat, 10) || 0,
  start: splitStat(stat)[START_TIME_INDEX] ?? "",
});

/** Whether the process that was recorded is still there; one that had ended by then has no start. */
export function isSameProcess(pid: number, start: string): boolean {
  return start !== "" && processStart(pid) === start;
}

/** Its state letter as well, at one reading. */
export function readProcess(pid: number): { readonly state: string; readonly start: string } {
  const fields = processStat(pid);
  const state = fields?.[0] ?? "";
  const isGone = state === "Z" || state === "X";
  return { state, start: isGone ? "" : (fields?.[START_TIME_INDEX] ?? "") };
}
