// Checked rules → what each system call number of one architecture gets.
//
// The rules of libseccomp, which profiles are written for: a rule without conditions silences all
// others of its system call, before and after it; an action equal to the default is no rule; names
// that the architecture does not have are passed over.
import { UserError } from "../errors.ts";
import { RETURN_ENOSYS, SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRACE } from "./actions.ts";
import { compareWith, type Condition, conditionsForWidth } from "./conditions.ts";
import { type MultiplexedCall, multiplexedCall } from "./multiplexed.ts";
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
  const byNumber = new Map<number, Verdict>();
  let last = 0;
  for (const rule of profile.rules) {
    for (const name of rule.names) {
      const nr = syscallNumber(arch, name);
      const carrier = multiplexedCall(arch, name);
      // runc asks libseccomp for the number, which for a multiplexed call is none of the kernel's.
      if (nr !== undefined && nr > last && carrier === undefined) last = nr;
      if (rule.action === profile.defaultAction) continue;
      if (carrier !== undefined) addMultiplexed(byNumber, carrier, rule, name);
      if (nr !== undefined) addNumber(byNumber, nr, arch, rule, name);
    }
  }
  const lastKnown = last === 0 || letsPass(profile.defaultAction) ? Infinity : last;
  for (const nr of byNumber.keys()) if (nr > lastKnown) byNumber.delete(nr);
  return { byNumber, lastKnown };
}

/**
 * Whether no number is too new for a profile with this default action.
 *
 * Otherwise there is runc's answer to programs that try a new system call and fall back to an older
 * one at ENOSYS, but give up at EPERM: a number above all that the profile names is one its author
 * did not know.
 */
function letsPass(defaultAction: number): boolean {
  const action = (defaultAction & 0xffff_0000) >>> 0;
  return action === SECCOMP_RET_ALLOW || action === SECCOMP_RET_LOG || action === SECCOMP_RET_TRACE;
}

function addMultiplexed(
  byNumber: Map<number, Verdict>,
  carrier: MultiplexedCall,
  rule: Rule,
  name: string,
): void {
  for (const alternative of rule.alternatives) {
    const others = alternative.filter((condition) => condition.index !== 0);
    const conditions = [compareWith(0, "EQ", 0, carrier.call), ...others];
    addRuleTo(byNumber, carrier.nr, conditions, 32, rule, name);
  }
}

function addNumber(
  byNumber: Map<number, Verdict>,
  nr: number,
  arch: SyscallArch,
  rule: Rule,
  name: string,
): void {
  const bits = arch === "x86_64" || arch === "aarch64" ? 64 : 32;
  for (const conditions of rule.alternatives) {
    addRuleTo(byNumber, nr, conditions, bits, rule, name);
  }
}

function addRuleTo(
  byNumber: Map<number, Verdict>,
  nr: number,
  alternative: readonly Condition[],
  bits: 32 | 64,
  rule: Rule,
  name: string,
): void {
  let verdict = byNumber.get(nr);
  if (typeof verdict === "number") return;
  const conditions = alternative.length === 0 ? alternative : conditionsForWidth(alternative, bits);
  if (conditions.length === 0) {
    byNumber.set(nr, rule.action);
    return;
  }
  if (verdict === undefined) {
    verdict = makeRuleTree(bits);
    byNumber.set(nr, verdict);
  }
  if (addRule(verdict, { conditions, action: rule.action })) return;
  throw new UserError(`${rule.path}: "${name}" contradicts an earlier rule of the same arguments`);
}

/** What a number above `lastKnown` gets. */
export const TOO_NEW: Verdict = RETURN_ENOSYS;
