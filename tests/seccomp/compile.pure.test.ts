import { describe, expect, test } from "bun:test";
import type { LinuxSeccomp, LinuxSyscall } from "../../src/oci/seccomp-types.ts";
import { formatAction } from "../../src/seccomp/actions.ts";
import { AUDIT_ARCH, compileProfile } from "../../src/seccomp/compile.ts";
import type { FilterHost } from "../../src/seccomp/rules.ts";
import { simulate } from "../../src/seccomp/simulate.ts";
import { syscallNumber } from "../../src/seccomp/syscalls.ts";
import { expectLoadable } from "./check-program.ts";

const HOST: FilterHost = { arch: "x86_64", kernel: [6, 1] };
const X32 = 0x4000_0000;
const ALL_ARCHES = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"];

type Call = readonly [nr: number | string, ...args: (number | bigint)[]];

function verdicts(profile: LinuxSeccomp, ...calls: readonly Call[]): readonly string[] {
  return verdictsOn("x86_64", profile, ...calls);
}

function verdictsOn(
  arch: keyof typeof AUDIT_ARCH,
  profile: LinuxSeccomp,
  ...calls: readonly Call[]
): readonly string[] {
  const host: FilterHost = { ...HOST, arch: arch.startsWith("x86") ? "x86_64" : "aarch64" };
  const { program } = compileProfile(profile, host);
  expectLoadable(program);
  return calls.map(([name, ...args]) => {
    const nr = typeof name === "number" ? name : (syscallNumber(arch, name) ?? NaN);
    return formatAction(simulate(program, { arch: AUDIT_ARCH[arch], nr, args }));
  });
}

/** Everything is allowed but for these rules: no ENOSYS beyond the newest. */
function allowBut(...syscalls: readonly LinuxSyscall[]): LinuxSeccomp {
  return { defaultAction: "SCMP_ACT_ALLOW", architectures: ALL_ARCHES, syscalls };
}

function refuse(name: string, ...args: NonNullable<LinuxSyscall["args"]>): LinuxSyscall {
  return { names: [name], action: "SCMP_ACT_ERRNO", args };
}

test.each([
  ["SCMP_ACT_KILL", undefined, "KILL_THREAD"],
  ["SCMP_ACT_KILL_THREAD", undefined, "KILL_THREAD"],
  ["SCMP_ACT_KILL_PROCESS", undefined, "KILL_PROCESS"],
  ["SCMP_ACT_TRAP", undefined, "TRAP"],
  ["SCMP_ACT_ERRNO", undefined, "ERRNO(1)"],
  ["SCMP_ACT_ERRNO", 38, "ERRNO(38)"],
  ["SCMP_ACT_TRACE", undefined, "TRACE(1)"],
  ["SCMP_ACT_TRACE", 7, "TRACE(7)"],
  ["SCMP_ACT_LOG", undefined, "LOG"],
  ["SCMP_ACT_NOTIFY", undefined, "NOTIFY"],
] as const)("%s with errnoRet %p answers %s", (action, errnoRet, answer) => {
  const rule = { names: ["mkdir"], action, ...(errnoRet === undefined ? {} : { errnoRet }) };
  expect(verdicts(allowBut(rule), ["mkdir"], ["rmdir"])).toEqual([answer, "ALLOW"]);
});

describe("operators compare all 64 bits of an argument, unsigned", () => {
  const big = 0x1_0000_0005n;
  const around = [5n, big - 1n, big, big + 1n, 0x2_0000_0000n, 2n ** 64n - 1n];
  test.each([
    ["NE", [true, true, false, true, true, true]],
    ["EQ", [false, false, true, false, false, false]],
    ["LT", [true, true, false, false, false, false]],
    ["LE", [true, true, true, false, false, false]],
    ["GE", [false, false, true, true, true, true]],
    ["GT", [false, false, false, true, true, true]],
  ] as const)("SCMP_CMP_%s", (op, hits) => {
    const rule = refuse("mkdir", { index: 1, value: big, op: `SCMP_CMP_${op}` });
    const calls = around.map((value): Call => ["mkdir", 0, value]);
    expect(verdicts(allowBut(rule), ...calls)).toEqual(
      hits.map((hit) => (hit ? "ERRNO(1)" : "ALLOW")),
    );
  });

  test("SCMP_CMP_MASKED_EQ looks at the bits of the mask only, in both halves", () => {
    const mask = 0xf_0000_000fn;
    const rule = refuse("mkdir", {
      index: 5,
      value: mask,
      valueTwo: 0x3_0000_0003n,
      op: "SCMP_CMP_MASKED_EQ",
    });
    const at = (value: bigint): Call => ["mkdir", 0, 0, 0, 0, 0, value];
    expect(
      verdicts(allowBut(rule), at(0x3_0000_0003n), at(0xf3_1234_5673n), at(3n), at(0x3_0000_0002n)),
    ).toEqual(["ERRNO(1)", "ERRNO(1)", "ALLOW", "ALLOW"]);
  });

  test("a mask of nothing is no condition", () => {
    const rule = refuse("mkdir", { index: 0, value: 0, valueTwo: 5, op: "SCMP_CMP_MASKED_EQ" });
    expect(verdicts(allowBut(rule), ["mkdir", 77])).toEqual(["ERRNO(1)"]);
  });

  test("i386 and x32 compare the lower halves only", () => {
    const rule = refuse("mkdir", { index: 0, value: 0x1_0000_0005, op: "SCMP_CMP_EQ" });
    expect(verdictsOn("x86", allowBut(rule), ["mkdir", 5], ["mkdir", 6])).toEqual([
      "ERRNO(1)",
      "ALLOW",
    ]);
    expect(verdicts(allowBut(rule), [X32 + 83, 5], ["mkdir", 5])).toEqual(["ERRNO(1)", "ALLOW"]);
  });
});

describe("rules of one system call", () => {
  const is = (index: number, value: number) => ({ index, value, op: "SCMP_CMP_EQ" });

  test("conditions on several arguments must all hold", () => {
    const profile = allowBut(refuse("mkdir", is(0, 1), is(2, 3)));
    expect(verdicts(profile, ["mkdir", 1, 0, 3], ["mkdir", 1, 0, 4], ["mkdir", 2, 0, 3])).toEqual([
      "ERRNO(1)",
      "ALLOW",
      "ALLOW",
    ]);
  });

  test("of several rules one is enough", () => {
    const profile = allowBut(refuse("mkdir", is(0, 1)), refuse("mkdir", is(1, 2)));
    expect(verdicts(profile, ["mkdir", 1, 0], ["mkdir", 0, 2], ["mkdir", 0, 0])).toEqual([
      "ERRNO(1)",
      "ERRNO(1)",
      "ALLOW",
    ]);
  });

  test("two conditions on one argument are two rules, as in runc", () => {
    const profile = allowBut(refuse("mkdir", is(0, 1), is(0, 2), is(1, 9)));
    expect(
      verdicts(profile, ["mkdir", 1, 0], ["mkdir", 2, 0], ["mkdir", 0, 9], ["mkdir", 0, 0]),
    ).toEqual(["ERRNO(1)", "ERRNO(1)", "ERRNO(1)", "ALLOW"]);
  });

  test("one without conditions silences the others, wherever it stands", () => {
    const always: LinuxSyscall = { names: ["mkdir"], action: "SCMP_ACT_LOG" };
    const sometimes = refuse("mkdir", is(0, 1));
    expect(verdicts(allowBut(always, sometimes), ["mkdir", 1])).toEqual(["LOG"]);
    expect(verdicts(allowBut(sometimes, always), ["mkdir", 1])).toEqual(["LOG"]);
  });

  test("where they overlap, equality comes before a range, and the narrower range first", () => {
    const above = (value: number, action: string): LinuxSyscall => ({
      names: ["mkdir"],
      action,
      args: [{ index: 0, value, op: "SCMP_CMP_GT" }],
    });
    const profile = allowBut(
      above(3, "SCMP_ACT_TRAP"),
      above(9, "SCMP_ACT_KILL"),
      refuse("mkdir", is(0, 12)),
    );
    expect(verdicts(profile, ["mkdir", 3], ["mkdir", 4], ["mkdir", 10], ["mkdir", 12])).toEqual([
      "ALLOW",
      "TRAP",
      "KILL_THREAD",
      "ERRNO(1)",
    ]);
  });

  test("one with the default action is no rule", () => {
    const profile = allowBut(
      { names: ["mkdir"], action: "SCMP_ACT_ALLOW" },
      refuse("mkdir", is(0, 1)),
    );
    expect(verdicts(profile, ["mkdir", 1])).toEqual(["ERRNO(1)"]);
  });
});

describe("architectures", () => {
  const profile = (...architectures: string[]): LinuxSeccomp => ({
    defaultAction: "SCMP_ACT_ALLOW",
    architectures,
    syscalls: [{ names: ["mkdir"], action: "SCMP_ACT_ERRNO" }],
  });

  test("one that the profile does not name is killed", () => {
    expect(verdictsOn("x86", profile("SCMP_ARCH_X86_64"), ["mkdir"])).toEqual(["KILL_THREAD"]);
    expect(verdictsOn("arm", profile("SCMP_ARCH_AARCH64"), ["mkdir"])).toEqual(["KILL_THREAD"]);
  });

  test("the machine's own is always meant", () => {
    expect(verdicts(profile("SCMP_ARCH_X86"), ["mkdir"], ["rmdir"])).toEqual(["ERRNO(1)", "ALLOW"]);
    expect(verdictsOn("aarch64", profile(), ["mkdirat"], ["close"])).toEqual(["ALLOW", "ALLOW"]);
  });

  test("one that this machine cannot run is accepted", () => {
    expect(verdicts(profile("SCMP_ARCH_S390X"), ["mkdir"])).toEqual(["ERRNO(1)"]);
  });

  test("a name means each architecture's own number", () => {
    expect(verdictsOn("x86", profile("SCMP_ARCH_X86"), [39], [83])).toEqual(["ERRNO(1)", "ALLOW"]);
  });

  test("x32 is killed unless it is named; -1 is a tracer's and is left alone", () => {
    expect(verdicts(profile(), [X32 + 83], [X32], [0xffff_fffe], [0xffff_ffff])).toEqual([
      "KILL_THREAD",
      "KILL_THREAD",
      "KILL_THREAD",
      "ALLOW",
    ]);
    expect(verdicts(profile("SCMP_ARCH_X32"), [X32 + 83], [X32], [0xffff_ffff])).toEqual([
      "ERRNO(1)",
      "ALLOW",
      "ALLOW",
    ]);
  });

  test("x32's own numbers are x32's", () => {
    const rules: LinuxSeccomp = {
      defaultAction: "SCMP_ACT_ALLOW",
      architectures: ["SCMP_ARCH_X32"],
      syscalls: [{ names: ["execve"], action: "SCMP_ACT_TRAP" }],
    };
    expect(verdicts(rules, [59], [X32 + 59], [X32 + 520], [520])).toEqual([
      "TRAP",
      "ALLOW",
      "TRAP",
      "ALLOW",
    ]);
  });

  test("on i386 a rule on socket or semop is one on socketcall or ipc, too", () => {
    const rules = allowBut(
      refuse("socket", { index: 0, value: 40, op: "SCMP_CMP_EQ" }),
      refuse("semop"),
    );
    const socket = syscallNumber("x86", "socket") ?? NaN;
    expect(
      verdictsOn("x86", rules, [102, 1], [102, 2], [117, 1], [117, 2], [socket, 40], [socket, 2]),
    ).toEqual(["ERRNO(1)", "ALLOW", "ERRNO(1)", "ALLOW", "ERRNO(1)", "ALLOW"]);
  });
});

describe("system calls newer than the profile", () => {
  const strict = (defaultAction: string, ...names: string[]): LinuxSeccomp => ({
    defaultAction,
    architectures: ALL_ARCHES,
    syscalls: [{ names, action: "SCMP_ACT_ALLOW" }],
  });

  test("get ENOSYS, and the older ones that it does not name the default", () => {
    const profile = strict("SCMP_ACT_ERRNO", "read", "openat2");
    expect(verdicts(profile, ["read"], ["mkdir"], ["openat2"], [438], [1000])).toEqual([
      "ALLOW",
      "ERRNO(1)",
      "ALLOW",
      "ERRNO(38)",
      "ERRNO(38)",
    ]);
  });

  test.each(["KILL", "KILL_PROCESS", "TRAP"])(
    "get it where the default is %s as well",
    (action) => {
      expect(verdicts(strict(`SCMP_ACT_${action}`, "write"), [2])).toEqual(["ERRNO(38)"]);
    },
  );

  test.each(["ALLOW", "LOG", "TRACE(1)"])("get the default where that is %s", (answer) => {
    const defaultAction = `SCMP_ACT_${answer.replace("(1)", "")}`;
    const rule = { names: ["read"], action: "SCMP_ACT_KILL" };
    expect(verdicts({ defaultAction, syscalls: [rule] }, [1], [1000])).toEqual([answer, answer]);
  });

  test("are told apart for each architecture", () => {
    const profile = strict("SCMP_ACT_ERRNO", "execve");
    expect(verdicts(profile, [58], [60], [X32 + 519], [X32 + 521])).toEqual([
      "ERRNO(1)",
      "ERRNO(38)",
      "ERRNO(1)",
      "ERRNO(38)",
    ]);
    expect(verdictsOn("x86", profile, [10], [11], [12])).toEqual([
      "ERRNO(1)",
      "ALLOW",
      "ERRNO(38)",
    ]);
  });

  test("are none where the profile names no known call but number 0, as in runc", () => {
    const profile = strict("SCMP_ACT_ERRNO", "no_such_call");
    expect(verdicts(strict("SCMP_ACT_ERRNO", "read"), [0], [1])).toEqual(["ALLOW", "ERRNO(1)"]);
    expect(verdicts(profile, [0], [1000], [X32])).toEqual(["ERRNO(1)", "ERRNO(1)", "ERRNO(1)"]);
  });
});

describe("flags", () => {
  const flagsOf = (flags?: readonly string[], action = "SCMP_ACT_ERRNO") =>
    compileProfile(
      {
        defaultAction: "SCMP_ACT_ALLOW",
        ...(flags === undefined ? {} : { flags }),
        syscalls: [{ names: ["mkdir"], action }],
      },
      HOST,
    );

  test("a profile without any gets SPEC_ALLOW, an empty list none", () => {
    expect(flagsOf().flags).toBe(4);
    expect(flagsOf([]).flags).toBe(0);
  });

  test("TSYNC means nothing to a process of one thread", () => {
    expect(flagsOf(["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"]).flags).toBe(2);
  });

  test("a rule that notifies asks for a listener", () => {
    const waiting = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"];
    expect(flagsOf(waiting, "SCMP_ACT_NOTIFY")).toMatchObject({ flags: 8 + 32, listener: true });
    expect(flagsOf(waiting)).toMatchObject({ flags: 0, listener: false });
  });
});

test("code for many rules is reached over long jumps", () => {
  const syscalls = Array.from({ length: 300 }, (_, i): LinuxSyscall => {
    const value = i * 3;
    return refuse(i % 2 === 0 ? "mkdir" : "rmdir", { index: 0, value, op: "SCMP_CMP_EQ" });
  });
  const profile = allowBut(...syscalls);
  expect(compileProfile(profile, HOST).program.length / 8).toBeGreaterThan(1500);
  for (let i = 0; i < 300; i++) {
    const hit = ["mkdir", "rmdir"].map((name): Call => [name, i * 3]);
    const answers = verdicts(profile, ...hit, ["mkdir", i * 3 + 1]);
    const expected = i % 2 === 0 ? ["ERRNO(1)", "ALLOW"] : ["ALLOW", "ERRNO(1)"];
    expect(answers).toEqual([...expected, "ALLOW"]);
  }
});
