// The 2^32 numbers that a program may put into the system call register, as ranges of one verdict.
import { SECCOMP_RET_KILL_THREAD } from "./actions.ts";
import type { CheckedProfile } from "./rules.ts";
import { type SyscallArch, X32_SYSCALL_BIT } from "./syscalls.ts";
import { TOO_NEW, type Verdict, type Verdicts, verdictsOf } from "./verdicts.ts";

/** From `start` to the start of the next one. */
export interface NumberRange {
  readonly start: number;
  readonly verdict: Verdict;
}

const TWO_32 = 0x1_0000_0000;

/** The ranges of an architecture with one set of numbers. */
export function rangesOf(profile: CheckedProfile, arch: SyscallArch): readonly NumberRange[] {
  const ranges = new RangeList();
  addKnown(ranges, verdictsOf(profile, arch), 0, profile.defaultAction, TWO_32);
  return ranges.list;
}

/**
 * The ranges of x86-64, whose numbers with bit 30 set are x32's. Bit 31 means nothing to the
 * kernel's table: such numbers are unknown in either.
 *
 * Where the profile does not name x32, its numbers are killed, as libseccomp does; -1 is left to
 * the default action, as a tracer sets it to skip a call.
 */
export function rangesOfX86_64(profile: CheckedProfile): readonly NumberRange[] {
  const own = verdictsOf(profile, "x86_64");
  const hasX32 = profile.architectures.includes("x32");
  const x32: Verdicts = hasX32
    ? verdictsOf(profile, "x32")
    : { byNumber: new Map(), lastKnown: Infinity };
  const unnamedX32 = hasX32 ? profile.defaultAction : SECCOMP_RET_KILL_THREAD;
  const unnamedHigh = own.lastKnown === Infinity ? unnamedX32 : TOO_NEW;
  const unnamedX32High = x32.lastKnown === Infinity ? unnamedX32 : TOO_NEW;

  const ranges = new RangeList();
  addKnown(ranges, own, 0, profile.defaultAction, X32_SYSCALL_BIT);
  addKnown(ranges, x32, X32_SYSCALL_BIT, unnamedX32, 2 * X32_SYSCALL_BIT);
  ranges.add(2 * X32_SYSCALL_BIT, unnamedHigh);
  ranges.add(3 * X32_SYSCALL_BIT, unnamedX32High);
  if (!hasX32) ranges.add(TWO_32 - 1, profile.defaultAction);
  return ranges.list;
}

/** Adds the numbers from `start` to before `end`. */
function addKnown(
  ranges: RangeList,
  verdicts: Verdicts,
  start: number,
  unnamed: Verdict,
  end: number,
): void {
  let next = start;
  for (const nr of Float64Array.from(verdicts.byNumber.keys()).sort()) {
    if (nr > next) ranges.add(next, unnamed);
    ranges.add(nr, verdicts.byNumber.get(nr) ?? unnamed);
    next = nr + 1;
  }
  if (verdicts.lastKnown >= next) ranges.add(next, unnamed);
  if (verdicts.lastKnown + 1 < end) ranges.add(verdicts.lastKnown + 1, TOO_NEW);
}

/** Ranges in a row; neighbours of one verdict become one. */
class RangeList {
  readonly list: NumberRange[] = [];

  add(start: number, verdict: Verdict): void {
    const last = this.list.at(-1);
    if (last?.verdict !== verdict) this.list.push({ start, verdict });
  }
}
