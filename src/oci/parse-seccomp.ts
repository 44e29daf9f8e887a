// The shape of `linux.seccomp`. Names of system calls and architectures are the compiler's to know:
// a profile names those of kernels and machines to come as well.

import { type Section, UINT32_MAX, UINT64_MAX } from "./section.ts";

/** Notes what is wrong with `linux.seccomp`; one without an action and without rules is none. */
export function checkSeccomp(linux: Section): void {
  const seccomp = linux.child("seccomp");
  if (seccomp === undefined) return;
  if (isBlank(seccomp)) {
    delete linux.fields.seccomp;
    return;
  }
  seccomp.requiredWord("defaultAction", "seccomp action", ACTIONS);
  seccomp.integer("defaultErrnoRet", 0, UINT32_MAX);
  seccomp.strings("architectures");
  seccomp.strings("flags");
  seccomp.string("listenerPath");
  seccomp.string("listenerMetadata");
  seccomp.each("syscalls", checkRule);
}

const ACTIONS = [
  "SCMP_ACT_ALLOW",
  "SCMP_ACT_ERRNO",
  "SCMP_ACT_KILL",
  "SCMP_ACT_KILL_PROCESS",
  "SCMP_ACT_KILL_THREAD",
  "SCMP_ACT_LOG",
  "SCMP_ACT_NOTIFY",
  "SCMP_ACT_TRACE",
  "SCMP_ACT_TRAP",
];

const OPERATORS = [
  "SCMP_CMP_NE",
  "SCMP_CMP_LT",
  "SCMP_CMP_LE",
  "SCMP_CMP_EQ",
  "SCMP_CMP_GE",
  "SCMP_CMP_GT",
  "SCMP_CMP_MASKED_EQ",
];

// runc takes such an object as "no seccomp", and generators of config.json write it.
function isBlank(seccomp: Section): boolean {
  const { defaultAction, syscalls } = seccomp.fields;
  const blankRules = !Array.isArray(syscalls) || syscalls.length === 0;
  return (
    (defaultAction === undefined || defaultAction === null || defaultAction === "") && blankRules
  );
}

function checkRule(rule: Section): void {
  const names = rule.strings("names");
  if (names === undefined) rule.fields.names = [];
  if (names === undefined || names.length === 0) rule.problem("names", "must not be empty");
  rule.requiredWord("action", "seccomp action", ACTIONS);
  rule.integer("errnoRet", 0, UINT32_MAX);
  rule.each("args", checkArgument);
}

function checkArgument(argument: Section): void {
  argument.integerOrZero("index", 0, 5);
  checkWord64(argument, "value");
  checkWord64(argument, "valueTwo");
  argument.fields.value ??= 0;
  argument.requiredWord("op", "seccomp operator", OPERATORS);
}

// parseJson() leaves a bigint where a number would have rounded.
function checkWord64(argument: Section, key: string): void {
  const value = argument.value(key);
  if (typeof value === "bigint" && value >= 0n && value < 1n << 64n) return;
  argument.integer(key, 0, UINT64_MAX);
}
