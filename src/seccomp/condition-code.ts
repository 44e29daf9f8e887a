// The instructions for conditions on arguments: 64-bit comparisons out of 32-bit ones.
//
//   struct seccomp_data { int nr; u32 arch; u64 instruction_pointer; u64 args[6]; }
//                         0       4         8                        16
import { type BackwardAssembler, BPF_JEQ, BPF_JGE, BPF_JGT, type Target } from "./assembler.ts";
import type { Condition } from "./conditions.ts";
import type { ConditionalRule } from "./precedence.ts";

const ARGUMENTS_OFFSET = 16;
const ALL_ONES = 0xffff_ffff;

/** Sets code that tries the rules in turn and ends in `otherwise`; returns its beginning. */
export function setRules(
  code: BackwardAssembler,
  rules: readonly ConditionalRule[],
  bits: 32 | 64,
  otherwise: Target,
): Target {
  let next = otherwise;
  for (const rule of rules.toReversed()) {
    const failed = next;
    next = { action: rule.action };
    for (const condition of rule.conditions.toReversed()) {
      next = setCondition(code, condition, bits, next, failed);
    }
  }
  return next;
}

function setCondition(
  code: BackwardAssembler,
  condition: Condition,
  bits: 32 | 64,
  holds: Target,
  fails: Target,
): Target {
  if (condition.op === "MASKED_EQ") return setMasked(code, condition, holds, fails);
  const low = setLow(code, condition, holds, fails);
  return bits === 32 ? low : setHigh(code, condition, low, holds, fails);
}

function setMasked(
  code: BackwardAssembler,
  condition: Condition,
  holds: Target,
  fails: Target,
): Target {
  const { maskLow, valueLow, maskHigh, valueHigh } = condition;
  let next = holds;
  for (const [half, mask, value] of [
    [0, maskLow, valueLow],
    [1, maskHigh, valueHigh],
  ] as const) {
    if (mask === 0) continue;
    code.jump(BPF_JEQ, value, next, fails);
    if (mask !== ALL_ONES) code.and(mask);
    next = loadHalf(code, condition.index, half);
  }
  return next;
}

/** The comparison of the lower halves, which decides where the upper ones are equal. */
function setLow(
  code: BackwardAssembler,
  condition: Condition,
  holds: Target,
  fails: Target,
): Target {
  const value = condition.valueLow;
  const { op } = condition;
  if (op === "EQ") code.jump(BPF_JEQ, value, holds, fails);
  else if (op === "NE") code.jump(BPF_JEQ, value, fails, holds);
  else if (op === "GT") code.jump(BPF_JGT, value, holds, fails);
  else if (op === "LE") code.jump(BPF_JGT, value, fails, holds);
  else if (op === "GE") code.jump(BPF_JGE, value, holds, fails);
  else code.jump(BPF_JGE, value, fails, holds);
  return loadHalf(code, condition.index, 0);
}

function setHigh(
  code: BackwardAssembler,
  condition: Condition,
  whereEqual: Target,
  holds: Target,
  fails: Target,
): Target {
  const value = condition.valueHigh;
  const { op } = condition;
  if (op === "EQ" || op === "NE") {
    code.jump(BPF_JEQ, value, whereEqual, op === "EQ" ? fails : holds);
  } else {
    const wantsGreater = op === "GT" || op === "GE";
    const smaller = wantsGreater ? fails : holds;
    const equalOrSmaller = code.jump(BPF_JEQ, value, whereEqual, smaller);
    code.jump(BPF_JGT, value, wantsGreater ? holds : fails, equalOrSmaller);
  }
  return loadHalf(code, condition.index, 1);
}

function loadHalf(code: BackwardAssembler, index: number, half: 0 | 1): Target {
  return code.load(ARGUMENTS_OFFSET + index * 8 + half * 4);
}
