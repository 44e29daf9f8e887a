import { expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import type { LinuxSeccomp, LinuxSeccompArg, LinuxSyscall } from "../../src/oci/seccomp-types.ts";
import { compileProfile } from "../../src/seccomp/compile.ts";

const READ: LinuxSyscall = { names: ["read"], action: "SCMP_ACT_ERRNO" };

function profile(change: Partial<LinuxSeccomp>): LinuxSeccomp {
  return { defaultAction: "SCMP_ACT_ALLOW", ...change };
}

function rule(change: Partial<LinuxSyscall>): LinuxSeccomp {
  return profile({ syscalls: [READ, { ...READ, ...change }] });
}

function condition(change: Partial<LinuxSeccompArg>): LinuxSeccomp {
  const good = { index: 0, value: 1, op: "SCMP_CMP_EQ" };
  return rule({ args: [good, { ...good, ...change }] });
}

const EQUAL_ONE = [{ index: 0, value: 1, op: "SCMP_CMP_EQ" }];
const EQUAL_ONE_TWO = [...EQUAL_ONE, { index: 1, value: 2, op: "SCMP_CMP_EQ" }];

const REFUSED: readonly [message: string, profile: LinuxSeccomp][] = [
  ['linux.seccomp.defaultAction: unknown action: "ALLOW"', profile({ defaultAction: "ALLOW" })],
  [
    'linux.seccomp.defaultAction: unknown action: "toString"',
    profile({ defaultAction: "toString" }),
  ],
  [
    "linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action",
    profile({ defaultAction: "SCMP_ACT_NOTIFY" }),
  ],
  [
    "linux.seccomp.defaultErrnoRet: SCMP_ACT_ALLOW has no errno: got 1",
    profile({ defaultErrnoRet: 1 }),
  ],
  [
    'linux.seccomp.architectures[1]: unknown architecture: "SCMP_ARCH_Z80"',
    profile({ architectures: ["SCMP_ARCH_X86", "SCMP_ARCH_Z80"] }),
  ],
  [
    'linux.seccomp.flags[0]: unknown flag: "SECCOMP_FILTER_FLAG_X"',
    profile({ flags: ["SECCOMP_FILTER_FLAG_X"] }),
  ],
  [
    "linux.seccomp.flags[0]: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV needs Linux 5.19: got 5.10",
    profile({ flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] }),
  ],
  [
    'linux.seccomp.syscalls[1].action: unknown action: "SCMP_ACT_X"',
    rule({ action: "SCMP_ACT_X" }),
  ],
  [
    "linux.seccomp.syscalls[1].errnoRet: SCMP_ACT_KILL has no errno: got 1",
    rule({ action: "SCMP_ACT_KILL", errnoRet: 1 }),
  ],
  [
    "linux.seccomp.syscalls[1].errnoRet: must be between 0 and 65535: got 65536",
    rule({ errnoRet: 65536 }),
  ],
  ["linux.seccomp.syscalls[1].names[1]: must not be empty", rule({ names: ["write", ""] })],
  [
    "linux.seccomp.syscalls[1].names[0]: SCMP_ACT_NOTIFY cannot be used for the write syscall",
    rule({ names: ["write"], action: "SCMP_ACT_NOTIFY" }),
  ],
  [
    'linux.seccomp.syscalls[1].args[1].op: unknown operator: "SCMP_CMP_X"',
    condition({ op: "SCMP_CMP_X" }),
  ],
  [
    "linux.seccomp.syscalls[1].args[1].index: must be between 0 and 5: got 6",
    condition({ index: 6 }),
  ],
  [
    "linux.seccomp.syscalls[1].args[1].index: must be between 0 and 5: got -1",
    condition({ index: -1 }),
  ],
  [
    "linux.seccomp.syscalls[1].args[1].value: must be an unsigned 64-bit number: got -1",
    condition({ value: -1 }),
  ],
  [
    "linux.seccomp.syscalls[1].args[1].value: must be an unsigned 64-bit number: got 9007199254740992",
    condition({ value: 2 ** 53 }),
  ],
  [
    "linux.seccomp.syscalls[1].args[1].valueTwo: must be an unsigned 64-bit number: got 18446744073709551616",
    condition({ valueTwo: 2n ** 64n }),
  ],
  [
    'linux.seccomp.syscalls[1]: "mkdir" contradicts an earlier rule of the same arguments',
    profile({
      syscalls: [
        { names: ["mkdir"], action: "SCMP_ACT_KILL", args: EQUAL_ONE },
        { names: ["rmdir", "mkdir"], action: "SCMP_ACT_ERRNO", args: EQUAL_ONE },
      ],
    }),
  ],
  [
    'linux.seccomp.syscalls[1]: "mkdir" contradicts an earlier rule of the same arguments',
    profile({
      syscalls: [
        { names: ["mkdir"], action: "SCMP_ACT_KILL", args: EQUAL_ONE_TWO },
        { names: ["mkdir"], action: "SCMP_ACT_ERRNO", args: EQUAL_ONE },
      ],
    }),
  ],
];

test.each(REFUSED)("refuses: %s", (message, refused) => {
  let thrown: unknown;
  try {
    compileProfile(refused, { arch: "x86_64", kernel: [5, 10] });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UserError);
  expect(thrown).toMatchObject({ message });
});

test("refuses a profile whose program the kernel would not take", () => {
  const syscalls = Array.from({ length: 2000 }, (_, value): LinuxSyscall => {
    return { ...READ, args: [{ index: 0, value, op: "SCMP_CMP_EQ" }] };
  });
  expect(() => compileProfile(profile({ syscalls }), { arch: "x86_64", kernel: [5, 10] })).toThrow(
    /^linux.seccomp: the filter must have at most 4096 instructions: got \d{4,}$/,
  );
});
