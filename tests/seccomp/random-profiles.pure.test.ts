// Profiles at random against their meaning, told in the plainest way: a rule holds if all of its
// conditions do, and a system call gets the action of a rule that holds, or else the default.
import { expect, test } from "bun:test";
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from "../../src/oci/seccomp-types.ts";
import { ACTIONS } from "../../src/seccomp/actions.ts";
import { AUDIT_ARCH, compileProfile } from "../../src/seccomp/compile.ts";
import { simulate } from "../../src/seccomp/simulate.ts";
import { syscallNumber } from "../../src/seccomp/syscalls.ts";
import { expectLoadable } from "./check-program.ts";

const NAMES = "read mkdir openat socket semop clone mount futex mseal".split(" ");
const OPERATORS = ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];
const VALUES = [0n, 1n, 7n, 0xffff_ffffn, 2n ** 32n, 2n ** 32n + 7n, 2n ** 63n, 2n ** 64n - 1n];

/** The same numbers each time (mulberry32). */
function makeRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof makeRandom>;

function pick<T>(random: Random, list: readonly [T, ...T[]] | readonly T[]): T {
  const item = list[random(list.length)];
  if (item === undefined) throw new RangeError("an empty list");
  return item;
}

function randomProfile(random: Random): LinuxSeccomp {
  const syscalls = Array.from({ length: 1 + random(12) }, (): LinuxSyscall => {
    const args = Array.from({ length: random(4) }, (_, index): LinuxSeccompArg => {
      const op = `SCMP_CMP_${pick(random, OPERATORS)}`;
      return { index, op, value: pick(random, VALUES), valueTwo: pick(random, VALUES) };
    });
    return { names: [pick(random, NAMES), pick(random, NAMES)], action: "SCMP_ACT_TRAP", args };
  });
  return { defaultAction: "SCMP_ACT_ALLOW", syscalls };
}

function holds({ index, op, value, valueTwo = 0 }: LinuxSeccompArg, args: readonly bigint[]) {
  const arg = args[index] ?? 0n;
  const wanted = BigInt(value);
  switch (op) {
    case "SCMP_CMP_NE":
      return arg !== wanted;
    case "SCMP_CMP_LT":
      return arg < wanted;
    case "SCMP_CMP_LE":
      return arg <= wanted;
    case "SCMP_CMP_EQ":
      return arg === wanted;
    case "SCMP_CMP_GE":
      return arg >= wanted;
    case "SCMP_CMP_GT":
      return arg > wanted;
    default:
      return (arg & wanted) === (BigInt(valueTwo) & wanted);
  }
}

function meaning(profile: LinuxSeccomp, name: string, args: readonly bigint[]): string {
  const matches = (profile.syscalls ?? []).filter(
    (rule) => rule.names.includes(name) && rule.args?.every((arg) => holds(arg, args)),
  );
  return matches[0]?.action ?? profile.defaultAction;
}

test.each(["x86_64", "aarch64"] as const)(
  "a program on %s answers what its profile means",
  (arch) => {
    const random = makeRandom(20);
    for (let round = 0; round < 80; round++) {
      const profile = randomProfile(random);
      const { program } = compileProfile(profile, { arch, kernel: [6, 1] });
      expectLoadable(program);
      for (let i = 0; i < 60; i++) {
        const name = pick(random, NAMES);
        const nr = syscallNumber(arch, name);
        if (nr === undefined) continue;
        const change = BigInt(pick(random, [-1, 0, 0, 1]));
        const args = VALUES.slice(0, 6).map(() =>
          BigInt.asUintN(64, pick(random, VALUES) + change),
        );
        const verdict = simulate(program, { arch: AUDIT_ARCH[arch], nr, args });
        if (verdict !== ACTIONS[meaning(profile, name, args)]) {
          expect({ round, name, args, verdict }).toEqual({
            ...{ round, name, args },
            verdict: NaN,
          });
        }
      }
    }
  },
);
