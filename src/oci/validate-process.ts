// The rules of `process` that hold between its fields. Range and type of each have been seen to.
// man 2 setrlimit, sched_setattr.

import { quote } from "./section.ts";
import type { Process, Rlimit, Scheduler } from "./spec.ts";

/**
 * Adds a line for each rule that the process breaks.
 * @param prefix where it stands: "process." in config.json, "" in a file of its own
 */
export function validateProcess(process: Process, prefix: string, problems: string[]): void {
  if (process.args.length === 0) problems.push(`${prefix}args: must not be empty`);
  validateCwd(process.cwd, prefix, problems);
  validateEnv(process.env, prefix, problems);
  validateRlimits(process.rlimits, prefix, problems);
  if (process.scheduler !== undefined) validateScheduler(process.scheduler, prefix, problems);
}

function validateCwd(cwd: string, prefix: string, problems: string[]): void {
  if (cwd === "") problems.push(`${prefix}cwd: must not be empty`);
  else if (!cwd.startsWith("/")) {
    problems.push(`${prefix}cwd: must be an absolute path: got ${quote(cwd)}`);
  }
}

function validateEnv(env: readonly string[] | undefined, prefix: string, problems: string[]): void {
  env?.forEach((entry, index) => {
    if (entry.indexOf("=") > 0 || entry === "") return;
    problems.push(`${prefix}env[${index}]: must be NAME=value: got ${quote(entry)}`);
  });
}

function validateRlimits(
  rlimits: readonly Rlimit[] | undefined,
  prefix: string,
  problems: string[],
): void {
  rlimits?.forEach((rlimit, index) => {
    const at = `${prefix}rlimits[${index}]`;
    const first = rlimits.findIndex((other) => other.type === rlimit.type);
    if (first < index && rlimit.type !== "") {
      problems.push(`${at}.type: ${rlimit.type} is given twice`);
    }
    if (rlimit.soft > rlimit.hard) {
      problems.push(
        `${at}.soft: must be at most the hard limit ${rlimit.hard}: got ${rlimit.soft}`,
      );
    }
  });
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
