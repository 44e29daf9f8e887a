// Conditions on system call arguments. An argument has 64 bits and BPF compares 32, so every value
// is kept as two halves from the start.
import { UserError } from "../errors.ts";
import type { LinuxSeccompArg } from "../oci/seccomp-types.ts";

/** How an argument is compared; MASKED_EQ is `(argument & mask) == value`. */
export type Operator = "NE" | "LT" | "LE" | "EQ" | "GE" | "GT" | "MASKED_EQ";

/** One checked condition; `mask` is all ones but for MASKED_EQ, and `value` lies within it. */
export interface Condition {
  readonly index: number;
  readonly op: Operator;
  readonly maskHigh: number;
  readonly maskLow: number;
  readonly valueHigh: number;
  readonly valueLow: number;
}

/** The operators of the OCI runtime specification. */
export const OPERATORS: { readonly [name: string]: Operator } = {
  SCMP_CMP_NE: "NE",
  SCMP_CMP_LT: "LT",
  SCMP_CMP_LE: "LE",
  SCMP_CMP_EQ: "EQ",
  SCMP_CMP_GE: "GE",
  SCMP_CMP_GT: "GT",
  SCMP_CMP_MASKED_EQ: "MASKED_EQ",
};

const ALL_ONES = 0xffff_ffff;
const ARGUMENT_COUNT = 6;

/**
 * The sets of conditions of a rule, any one of which is enough. It is one set of all of them,
 * except where two conditions speak of one argument: those are sets of one each.
 *
 * runc and crun both do so, as libseccomp cannot hold two conditions on one argument, and as
 * profiles were written that count on it.
 * @param path where `args` stands, for the messages
 * @throws UserError for an unknown operator, and for an index or value out of range
 */
export function parseConditions(
  args: readonly LinuxSeccompArg[],
  path: string,
): readonly (readonly Condition[])[] {
  const conditions = args.map((arg, i) => parseCondition(arg, `${path}[${i}]`));
  const indexes = new Set(conditions.map((condition) => condition.index));
  if (indexes.size < conditions.length) return conditions.map((condition) => [condition]);
  return [conditions.sort((a, b) => a.index - b.index)];
}

function parseCondition(arg: LinuxSeccompArg, path: string): Condition {
  const op = Object.hasOwn(OPERATORS, arg.op) ? OPERATORS[arg.op] : undefined;
  if (op === undefined) throw new UserError(`${path}.op: unknown operator: "${arg.op}"`);
  if (!Number.isInteger(arg.index) || arg.index < 0 || arg.index >= ARGUMENT_COUNT) {
    throw new UserError(`${path}.index: must be between 0 and 5: got ${arg.index}`);
  }
  const [firstHigh, firstLow] = halves(arg.value, `${path}.value`);
  const [secondHigh, secondLow] = halves(arg.valueTwo ?? 0, `${path}.valueTwo`);
  if (op !== "MASKED_EQ") return compareWith(arg.index, op, firstHigh, firstLow);
  return {
    index: arg.index,
    op,
    maskHigh: firstHigh,
    maskLow: firstLow,
    valueHigh: (secondHigh & firstHigh) >>> 0,
    valueLow: (secondLow & firstLow) >>> 0,
  };
}

/** A condition on the whole of an argument. */
export function compareWith(
  index: number,
  op: Operator,
  valueHigh: number,
  valueLow: number,
): Condition {
  return { index, op, maskHigh: ALL_ONES, maskLow: ALL_ONES, valueHigh, valueLow };
}

/**
 * The conditions as a machine of 32 bits has them: the upper halves are left out, and what then
 * asks nothing is too. On 64 bits only the latter.
 */
export function conditionsForWidth(
  conditions: readonly Condition[],
  bits: 32 | 64,
): readonly Condition[] {
  if (bits === 64) return conditions.filter((c) => c.maskHigh !== 0 || c.maskLow !== 0);
  return conditions
    .filter((condition) => condition.maskLow !== 0)
    .map((condition) => ({ ...condition, maskHigh: 0, valueHigh: 0 }));
}

const TWO_32 = 0x1_0000_0000;

function halves(value: number | bigint, path: string): [high: number, low: number] {
  if (typeof value === "bigint") {
    if (value < 0n || value >> 64n !== 0n) {
      throw new UserError(`${path}: must be an unsigned 64-bit number: got ${value}`);
    }
    return [Number(value >> 32n), Number(value & 0xffff_ffffn)];
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new UserError(`${path}: must be an unsigned 64-bit number: got ${value}`);
  }
  return [Math.floor(value / TWO_32), value % TWO_32];
}
