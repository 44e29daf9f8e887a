// Checked rules → what each system call number of one architecture gets.
//
// The rules of libseccomp, which profiles are written for: a rule without conditions silences all
// others of its system call, before and after it; an action equal to the default is no rule; names
// that the architecture does not have are passed over.
import { UserError } from "../errors.ts";
import { RETURN_ENOSYS, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRACE } from "./actions.ts";
import { compareWith, type Condition, conditionsForWidth } from "./conditions.ts";
import { multiplexedCall } from "./multiplexed.ts";
import { addRule, makeRuleTree, type RuleTree } from "./precedence.ts";
import type { CheckedProfile, Rule } from "./rules.ts";
import { type SyscallArch, syscallNumber } from "./syscalls.ts";

/** An action at once, or rules on the arguments (and the default action where none holds). */
export type Verdict = number | RuleTree;

/** The verdicts of one architecture. */
export interface Verdicts {
  readonly byNumber: ReadonlyMap<number, Verdict>;
  /** Numbers above it are too new for the profile and get ENOSYS; Infinity where none does. */
  readonly lastKnown: number;
}

/**
 * What the numbers of `arch` get; those that are not named get the default action.
 * @throws UserError for two rules that contradict each other
 */
export function verdictsOf(profile: CheckedProfile, arch: SyscallArch): Verdicts {
  const lastKnown = lastKnownNumber(profile, arch);
  const byNumber = new Map<number, Verdict>();
  for (const rule of profile.rules) {
    if (rule.action === profile.defaultAction) continue;
    for (const name of rule.names) addNamed(byNumber, arch, rule, name);
  }
  for (const nr of byNumber.keys()) if (nr > lastKnown) byNumber.delete(nr);
  return { byNumber, lastKnown };
}

/**
 * runc's answer to programs that try a new system call and fall back to an older one at ENOSYS, but
 * give up at EPERM: a number above all that the profile names is one its author did not know.
 * A default action that lets calls pass needs no such thing.
 */
function lastKnownNumber(profile: CheckedProfile, arch: SyscallArch): number {
  const action = (profile.defaultAction & 0xffff_0000) >>> 0;
  if (action === SECCOMP_RET_ALLOW || action === SECCOMP_RET_LOG) return Infinity;
  if (action === SECCOMP_RET_TRACE) return Infinity;
  let last = 0;
  for (const rule of profile.rules) {
    for (const name of rule.names) {
      if (multiplexedCall(arch, name) !== undefined) continue;
      last = Math.max(last, syscallNumber(arch, name) ?? 0);
    }
  }
  return last === 0 ? Infinity : last;
}

function addNamed(
  byNumber: Map<number, Verdict>,
  arch: SyscallArch,
  rule: Rule,
  name: string,
): void {
  const bits = arch === "x86_64" || arch === "aarch64" ? 64 : 32;
  const nr = syscallNumber(arch, name);
  const multiplexed = multiplexedCall(arch, name);
  for (const conditions of rule.alternatives) {
    const add = (number: number, all: readonly Condition[]) => {
      if (addConditional(byNumber, number, conditionsForWidth(all, bits), rule.action, bits))
        return;
      throw new UserError(
        `${rule.path}: "${name}" contradicts an earlier rule of the same arguments`,
      );
    };
    if (multiplexed !== undefined) {
      const others = conditions.filter((condition) => condition.index !== 0);
      add(multiplexed.nr, [compareWith(0, "EQ", 0, multiplexed.call), ...others]);
    }
    if (nr !== undefined) add(nr, conditions);
  }
}

function addConditional(
  byNumber: Map<number, Verdict>,
  nr: number,
  conditions: readonly Condition[],
  action: number,
  bits: 32 | 64,
): boolean {
  let verdict = byNumber.get(nr);
  if (typeof verdict === "number") return true;
  if (conditions.length === 0) {
    byNumber.set(nr, action);
    return true;
  }
  if (verdict === undefined) {
    verdict = makeRuleTree(bits);
    byNumber.set(nr, verdict);
  }
  return addRule(verdict, { conditions, action });
}

/** What a number above `lastKnown` gets. */
export const TOO_NEW: Verdict = RETURN_ENOSYS;
