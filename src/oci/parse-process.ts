// The shape of `process`: types, ranges and words. What the fields must be to each other is in
// validate-process.ts.

import { INT32_MAX, INT64_MAX, type Section, UINT32_MAX, UINT64_MAX } from "./section.ts";

/** Notes every field of `process` that has a wrong type, range or word, and completes the rest. */
export function checkProcess(process: Section): void {
  process.boolean("terminal");
  const size = process.child("consoleSize");
  size?.integerOrZero("height", 0, UINT32_MAX);
  size?.integerOrZero("width", 0, UINT32_MAX);
  checkUser(process);
  if (process.strings("args") === undefined) process.fields.args = [];
  process.strings("env");
  if (process.string("cwd") === undefined) process.fields.cwd = "";
  const capabilities = process.child("capabilities");
  if (capabilities !== undefined) checkCapabilities(capabilities);
  process.each("rlimits", checkRlimit);
  process.boolean("noNewPrivileges");
  process.string("apparmorProfile");
  process.string("selinuxLabel");
  process.integer("oomScoreAdj", -1000, 1000);
  const scheduler = process.child("scheduler");
  if (scheduler !== undefined) checkScheduler(scheduler);
  if (process.value("ioPriority") !== undefined) checkIoPriority(process.child("ioPriority"));
  const affinity = process.child("execCPUAffinity");
  affinity?.string("initial");
  affinity?.string("final");
}

function checkUser(process: Section): void {
  const user = process.child("user");
  if (user === undefined) {
    process.fields.user = { uid: 0, gid: 0 };
    return;
  }
  // Kernel: 2^32-1 is "no id" (-1) in setresuid(2); no process can have it.
  user.integerOrZero("uid", 0, UINT32_MAX - 1);
  user.integerOrZero("gid", 0, UINT32_MAX - 1);
  user.integer("umask", 0, 0o777);
  user.integers("additionalGids", 0, UINT32_MAX - 1);
}

function checkCapabilities(capabilities: Section): void {
  capabilities.strings("bounding");
  capabilities.strings("effective");
  capabilities.strings("inheritable");
  capabilities.strings("permitted");
  capabilities.strings("ambient");
}

function checkRlimit(rlimit: Section): void {
  const type = rlimit.requiredString("type");
  if (type !== "" && !isRlimitName(type)) {
    rlimit.problem("type", `unknown resource limit: ${JSON.stringify(type)}`);
  }
  rlimit.requiredInteger("hard", 0, UINT64_MAX, UINT64_MAX);
  rlimit.requiredInteger("soft", 0, UINT64_MAX, 0);
}

const RLIMIT_NAMES =
  " AS CORE CPU DATA FSIZE LOCKS MEMLOCK MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK ";

function isRlimitName(type: string): boolean {
  if (!type.startsWith("RLIMIT_") || type.includes(" ")) return false;
  return RLIMIT_NAMES.includes(` ${type.slice(7)} `);
}

function checkIoPriority(ioPriority: Section | undefined): void {
  ioPriority?.requiredWord("class", "I/O priority class", [
    "IOPRIO_CLASS_RT",
    "IOPRIO_CLASS_BE",
    "IOPRIO_CLASS_IDLE",
  ]);
  ioPriority?.integerOrZero("priority", 0, 7);
}

function checkScheduler(scheduler: Section): void {
  scheduler.requiredWord("policy", "scheduling policy", [
    "SCHED_OTHER",
    "SCHED_FIFO",
    "SCHED_RR",
    "SCHED_BATCH",
    "SCHED_ISO",
    "SCHED_IDLE",
    "SCHED_DEADLINE",
  ]);
  scheduler.integer("nice", -INT32_MAX, INT32_MAX);
  scheduler.integer("priority", -INT32_MAX, INT32_MAX);
  scheduler.words("flags", "scheduling flag", [
    "SCHED_FLAG_RESET_ON_FORK",
    "SCHED_FLAG_RECLAIM",
    "SCHED_FLAG_DL_OVERRUN",
    "SCHED_FLAG_KEEP_POLICY",
    "SCHED_FLAG_KEEP_PARAMS",
    "SCHED_FLAG_UTIL_CLAMP_MIN",
    "SCHED_FLAG_UTIL_CLAMP_MAX",
  ]);
  for (const key of ["runtime", "deadline", "period"]) scheduler.integer(key, 0, INT64_MAX);
}
