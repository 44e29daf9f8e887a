// A profile as it was written → rules that are checked: every name of an action, operator, flag or
// architecture known, every number within its range. Nothing behind this file refuses the user.
import { UserError } from "../errors.ts";
import type { LinuxSeccomp, LinuxSyscall } from "../oci/seccomp-types.ts";
import { parseAction, SECCOMP_RET_USER_NOTIF } from "./actions.ts";
import { type Condition, parseConditions } from "./conditions.ts";
import { parseFlags } from "./flags.ts";
import type { SyscallArch } from "./syscalls.ts";

/** The machine that a filter is for. */
export interface FilterHost {
  readonly arch: "x86_64" | "aarch64";
  readonly kernel: readonly [major: number, minor: number];
}

/** One entry of `syscalls`. */
export interface Rule {
  readonly names: readonly string[];
  /** SECCOMP_RET_…, with its data. */
  readonly action: number;
  /** Any of these sets of conditions is enough; one empty set is "always". */
  readonly alternatives: readonly (readonly Condition[])[];
  /** Where it stands, for messages. */
  readonly path: string;
}

/** A profile of which everything is known. */
export interface CheckedProfile {
  readonly defaultAction: number;
  /** Those that this machine's kernel can run: its own first. */
  readonly architectures: readonly SyscallArch[];
  readonly rules: readonly Rule[];
  /** SECCOMP_FILTER_FLAG_… for seccomp(2). */
  readonly flags: number;
  /** Whether loading the filter gives a listener, which someone has to answer. */
  readonly listener: boolean;
}

/**
 * The profile, checked for `host`.
 * @throws UserError with the JSON path of what is wrong
 */
export function checkProfile(profile: LinuxSeccomp, host: FilterHost): CheckedProfile {
  const defaultAction = checkDefaultAction(profile, "linux.seccomp.");
  const rules = (profile.syscalls ?? []).map((call, i) =>
    checkRule(call, `linux.seccomp.syscalls[${i}]`),
  );
  const listener = rules.some((rule) => rule.action === SECCOMP_RET_USER_NOTIF);
  const flags = parseFlags(profile.flags, host.kernel, listener, "linux.seccomp.flags");
  const architectures = checkArchitectures(profile.architectures ?? [], host);
  return { defaultAction, architectures, rules, flags, listener };
}

/**
 * SECCOMP_RET_… of the default action.
 * @param prefix what stands before the names of the profile's fields in messages
 * @throws UserError for an errno that it cannot carry, and for SCMP_ACT_NOTIFY
 */
export function checkDefaultAction(profile: LinuxSeccomp, prefix: string): number {
  const path = `${prefix}defaultAction`;
  const errnoPath = `${prefix}defaultErrnoRet`;
  const action = parseAction(profile.defaultAction, profile.defaultErrnoRet, path, errnoPath);
  if (action !== SECCOMP_RET_USER_NOTIF) return action;
  throw new UserError(`${path}: SCMP_ACT_NOTIFY cannot be used as default action`);
}

/**
 * One entry of `syscalls`, checked.
 * @param path where it stands, for messages
 * @throws UserError with the path of what is wrong
 */
export function checkRule(call: LinuxSyscall, path: string): Rule {
  const action = parseAction(call.action, call.errnoRet, `${path}.action`, `${path}.errnoRet`);
  const hasConditions = call.args !== undefined && call.args.length > 0;
  const alternatives = hasConditions ? parseConditions(call.args, `${path}.args`) : [[]];
  call.names.forEach((name, j) => checkName(name, action, `${path}.names[${j}]`));
  return { names: call.names, action, alternatives, path };
}

function checkName(name: string, action: number, path: string): void {
  if (name === "") throw new UserError(`${path}: must not be empty`);
  // runc reports its listener by a write and would hang. bunker would not, but what works here and
  // nowhere else helps nobody.
  if (name === "write" && action === SECCOMP_RET_USER_NOTIF) {
    throw new UserError(`${path}: SCMP_ACT_NOTIFY cannot be used for the write syscall`);
  }
}

/** Architectures of the specification; for those of other machines there is nothing to filter. */
export const ARCHITECTURES: { readonly [name: string]: SyscallArch | "foreign" } = {
  SCMP_ARCH_X86_64: "x86_64",
  SCMP_ARCH_X86: "x86",
  SCMP_ARCH_X32: "x32",
  SCMP_ARCH_AARCH64: "aarch64",
  SCMP_ARCH_ARM: "arm",
  SCMP_ARCH_MIPS: "foreign",
  SCMP_ARCH_MIPS64: "foreign",
  SCMP_ARCH_MIPS64N32: "foreign",
  SCMP_ARCH_MIPSEL: "foreign",
  SCMP_ARCH_MIPSEL64: "foreign",
  SCMP_ARCH_MIPSEL64N32: "foreign",
  SCMP_ARCH_PPC: "foreign",
  SCMP_ARCH_PPC64: "foreign",
  SCMP_ARCH_PPC64LE: "foreign",
  SCMP_ARCH_S390: "foreign",
  SCMP_ARCH_S390X: "foreign",
  SCMP_ARCH_PARISC: "foreign",
  SCMP_ARCH_PARISC64: "foreign",
  SCMP_ARCH_RISCV64: "foreign",
  SCMP_ARCH_LOONGARCH64: "foreign",
  SCMP_ARCH_M68K: "foreign",
  SCMP_ARCH_SH: "foreign",
  SCMP_ARCH_SHEB: "foreign",
};

function checkArchitectures(names: readonly string[], host: FilterHost): readonly SyscallArch[] {
  const runnable: readonly SyscallArch[] =
    host.arch === "x86_64" ? ["x86_64", "x32", "x86"] : ["aarch64", "arm"];
  const wanted = new Set<string>([host.arch]);
  names.forEach((name, i) => {
    const arch = Object.hasOwn(ARCHITECTURES, name) ? ARCHITECTURES[name] : undefined;
    if (arch === undefined) {
      throw new UserError(`linux.seccomp.architectures[${i}]: unknown architecture: "${name}"`);
    }
    wanted.add(arch);
  });
  return runnable.filter((arch) => wanted.has(arch));
}
