// A seccomp profile → the BPF program that the kernel runs at every system call.
//
//   load arch ─┬─ own ────── load nr ── search tree ─┬─ ret ALLOW
//              ├─ the other ─ load nr ── search tree ─┼─ ret ERRNO
//              └─ unknown ── ret KILL_THREAD          └─ conditions on arguments ── ret …
//
// Numbers in a row with one verdict are one leaf of a balanced tree. The kernel runs the program
// once for each number when it is loaded, to learn which ones are always allowed, and then asks it
// only for the others: both are cheap if the tree is shallow. libseccomp makes a list, or a tree of
// small lists, three times as long.
//
// What the program answers is what libseccomp's and runc's answer (verdicts.ts, precedence.ts),
// including KILL_THREAD for an architecture that the profile does not name; crun differs from runc
// only in that it has no ENOSYS for system calls newer than the profile.
import { UserError } from "../errors.ts";
import type { LinuxSeccomp } from "../oci/seccomp-types.ts";
import { SECCOMP_RET_KILL_THREAD } from "./actions.ts";
import { BackwardAssembler, BPF_JEQ, BPF_JGE, type Target } from "./assembler.ts";
import { setRules } from "./condition-code.ts";
import { type NumberRange, rangesOf, rangesOfX86_64 } from "./number-ranges.ts";
import { orderedRules, type RuleTree } from "./precedence.ts";
import { type CheckedProfile, checkProfile, type FilterHost } from "./rules.ts";
import type { SyscallArch } from "./syscalls.ts";
import type { Verdict } from "./verdicts.ts";

/** What seccomp(2) takes. */
export interface CompiledFilter {
  /** `struct sock_filter[]`, little-endian. */
  readonly program: Uint8Array;
  /** SECCOMP_FILTER_FLAG_… */
  readonly flags: number;
  /** Whether loading it gives a listener (SECCOMP_FILTER_FLAG_NEW_LISTENER is in `flags`). */
  readonly listener: boolean;
}

/** Kernel: include/uapi/linux/bpf_common.h, a longer program is refused with EINVAL. */
const BPF_MAXINSNS = 4096;

const NR_OFFSET = 0;
const ARCH_OFFSET = 4;

/** Kernel: AUDIT_ARCH_… of include/uapi/linux/audit.h. x32 shows as x86-64. */
export const AUDIT_ARCH = {
  x86_64: 0xc000_003e,
  x86: 0x4000_0003,
  aarch64: 0xc000_00b7,
  arm: 0x4000_0028,
} as const;

/**
 * The program of a profile for `host`, and how to load it.
 * @throws UserError with the JSON path of what is wrong in the profile
 */
export function compileProfile(profile: LinuxSeccomp, host: FilterHost): CompiledFilter {
  const checked = checkProfile(profile, host);
  const code = new BackwardAssembler();
  setProgram(code, checked);
  if (code.count > BPF_MAXINSNS) {
    throw new UserError(
      `linux.seccomp: the filter must have at most ${BPF_MAXINSNS} instructions: got ${code.count}`,
      "fewer rules on arguments, or a default action that needs fewer of them",
    );
  }
  return { program: code.toBytes(), flags: checked.flags, listener: checked.listener };
}

function setProgram(code: BackwardAssembler, profile: CheckedProfile): void {
  // Order: the machine's own architecture comes first, so it is set last.
  const sections = profile.architectures
    .flatMap((arch) => (arch === "x32" ? [] : [arch]))
    .toReversed()
    .map((arch) => ({ arch, start: setSection(code, profile, arch) }));
  let next: Target = { action: SECCOMP_RET_KILL_THREAD };
  for (const { arch, start } of sections) {
    next = code.jump(BPF_JEQ, AUDIT_ARCH[arch], start, next);
  }
  code.load(ARCH_OFFSET);
}

function setSection(code: BackwardAssembler, profile: CheckedProfile, arch: SyscallArch): Target {
  const ranges = arch === "x86_64" ? rangesOfX86_64(profile) : rangesOf(profile, arch);
  const blocks = setBlocks(code, ranges, { action: profile.defaultAction });
  const targetOf = (verdict: Verdict): Target =>
    typeof verdict === "number" ? { action: verdict } : (blocks.get(verdict) ?? { action: 0 });
  const tree = setTree(code, ranges, 0, ranges.length - 1, targetOf);
  if ("at" in tree) return code.load(NR_OFFSET);
  return tree;
}

/** The code of the rules on arguments, ahead of the tree that leads to it. */
function setBlocks(
  code: BackwardAssembler,
  ranges: readonly NumberRange[],
  otherwise: Target,
): Map<RuleTree, Target> {
  const blocks = new Map<RuleTree, Target>();
  const known = new Map<string, Target>();
  for (const { verdict } of ranges) {
    if (typeof verdict === "number") continue;
    const rules = orderedRules(verdict);
    // One piece of code serves all system calls that have the same rules.
    const text = JSON.stringify([verdict.bits, rules]);
    const block = known.get(text) ?? setRules(code, rules, verdict.bits, otherwise);
    known.set(text, block);
    blocks.set(verdict, block);
  }
  return blocks;
}

/** The search among the ranges from `first` to `last`; returns its beginning. */
function setTree(
  code: BackwardAssembler,
  ranges: readonly NumberRange[],
  first: number,
  last: number,
  targetOf: (verdict: Verdict) => Target,
): Target {
  const low = rangeAt(ranges, first);
  if (first === last) return targetOf(low.verdict);
  const single = rangeAt(ranges, first + 1);
  if (last === first + 2) {
    const high = rangeAt(ranges, last);
    if (high.verdict === low.verdict && high.start === single.start + 1) {
      return code.jump(BPF_JEQ, single.start, targetOf(single.verdict), targetOf(low.verdict));
    }
  }
  const middle = (first + last + 1) >>> 1;
  const above = setTree(code, ranges, middle, last, targetOf);
  const below = setTree(code, ranges, first, middle - 1, targetOf);
  return code.jump(BPF_JGE, rangeAt(ranges, middle).start, above, below);
}

function rangeAt(ranges: readonly NumberRange[], i: number): NumberRange {
  const range = ranges[i];
  if (range === undefined) throw new RangeError(`no range ${i} of ${ranges.length}`);
  return range;
}
