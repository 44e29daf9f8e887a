// Whether a process still runs.

import { readFileSync } from "node:fs";

/** False for a process that is gone, and for a zombie: it has ended, only nobody asked yet. */
export function isProcessAlive(pid: number): boolean {
  const state = processState(pid);
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The state letter of /proc/PID/stat (proc(5)), or undefined where there is no such process. */
export function processState(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name before it may hold spaces and parentheses, so the last parenthesis counts.
    return stat[stat.lastIndexOf(")") + 2];
  } catch {
    return undefined;
  }
}
