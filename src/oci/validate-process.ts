// The rules of `process` that hold between its fields. Range and type of each have been seen to.
// man 2 setrlimit, sched_setattr.

import { quote } from "./quote.ts";
import type { Process, Rlimit, Scheduler } from "./spec.ts";

/**
 * Adds a line for each rule that the process breaks.
 * @param prefix where it stands: "process." in config.json, "" in a file of its own
 */
export function validateProcess(process: Process, prefix: string, problems: string[]): void {
  if (process.args.length === 0) problems.push(`${prefix}args: must not be empty`);
  const { cwd } = process;
  if (cwd === "") problems.push(`${prefix}cwd: must not be empty`);
  else if (!cwd.startsWith("/")) {
    problems.push(`${prefix}cwd: must be an absolute path: got ${quote(cwd)}`);
  }
  if (process.env !== undefined) validateEnv(process.env, prefix, problems);
  if (process.rlimits !== undefined) validateRlimits(process.rlimits, prefix, problems);
  if (process.scheduler !== undefined) validateScheduler(process.scheduler, prefix, problems);
}

function validateEnv(env: readonly string[], prefix: string, problems: string[]): void {
  for (let index = 0; index < env.length; index++) {
    const entry = env[index];
    if (entry === undefined || entry === "" || entry.indexOf("=") > 0) continue;
    problems.push(`${prefix}env[${index}]: must be NAME=value: got ${quote(entry)}`);
  }
}

function validateRlimits(rlimits: readonly Rlimit[], prefix: string, problems: string[]): void {
  for (let index = 0; index < rlimits.length; index++) {
    const rlimit = rlimits[index];
    if (rlimit === undefined) continue;
    const at = `${prefix}rlimits[${index}]`;
    const { type, soft, hard } = rlimit;
    if (type !== "" && isRepeated(type, rlimits, index)) {
      problems.push(`${at}.type: ${type} is given twice`);
    }
    if (soft > hard) {
      problems.push(`${at}.soft: must be at most the hard limit ${hard}: got ${soft}`);
    }
  }
}

function isRepeated(type: string, rlimits: readonly Rlimit[], index: number): boolean {
  for (let before = 0; before < index; before++) if (rlimits[before]?.type === type) return true;
  return false;
}

function validateScheduler(scheduler: Scheduler, prefix: string, problems: string[]): void {
  const { policy, nice = 0, priority = 0 } = scheduler;
  const at = `${prefix}scheduler`;
  const nicePolicy = policy === "SCHED_OTHER" || policy === "SCHED_BATCH";
  if (nicePolicy && (nice < -20 || nice > 19)) {
    problems.push(`${at}.nice: must be between -20 and 19: got ${nice}`);
  }
  if (priority !== 0 && policy !== "SCHED_FIFO" && policy !== "SCHED_RR") {
    problems.push(`${at}.priority: is for SCHED_FIFO and SCHED_RR only: got policy ${policy}`);
  }
  if (policy === "SCHED_DEADLINE") return;
  for (const key of ["runtime", "deadline", "period"] as const) {
    if ((scheduler[key] ?? 0) === 0) continue;
    problems.push(`${at}.${key}: is for SCHED_DEADLINE only: got policy ${policy}`);
  }
}
