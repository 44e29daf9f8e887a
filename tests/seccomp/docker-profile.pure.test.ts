import { describe, expect, test } from "bun:test";
import { UserError } from "../../src/errors.ts";
import { parseJson } from "../../src/oci/parse.ts";
import type { LinuxSeccomp } from "../../src/oci/seccomp-types.ts";
import { defaultProfile } from "../../src/seccomp/default-profile.ts";
import { type ProfileHost, resolveProfile } from "../../src/seccomp/docker-profile.ts";
import { parseKernelVersion } from "../../src/seccomp/parse-profile.ts";

const HOST: ProfileHost = { arch: "x86_64", kernel: [6, 1], capabilities: ["CAP_CHOWN"] };
const ARM: ProfileHost = { ...HOST, arch: "aarch64" };

const rule = (name: string, conditions: object = {}) => ({
  names: [name],
  action: "SCMP_ACT_ERRNO",
  ...conditions,
});
const profile = (...syscalls: unknown[]) => ({ defaultAction: "SCMP_ACT_ALLOW", syscalls });

function namesLeft(host: ProfileHost, ...rules: unknown[]): string[] {
  return (resolveProfile(profile(...rules), host).syscalls ?? []).flatMap(({ names }) => names);
}

describe("a profile file", () => {
  test("in the form of config.json stays as it is", () => {
    const plain: LinuxSeccomp = {
      defaultAction: "SCMP_ACT_ERRNO",
      defaultErrnoRet: 38,
      architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
      flags: ["SECCOMP_FILTER_FLAG_LOG"],
      syscalls: [
        { names: ["read", "write"], action: "SCMP_ACT_ALLOW" },
        {
          names: ["clone"],
          action: "SCMP_ACT_TRACE",
          errnoRet: 7,
          args: [{ index: 1, value: 5, valueTwo: 4, op: "SCMP_CMP_MASKED_EQ" }],
        },
      ],
    };
    expect(resolveProfile(structuredClone(plain), HOST)).toEqual(plain);
  });

  test("may be the default profile itself", () => {
    const plain = defaultProfile(HOST);
    expect(resolveProfile(structuredClone(plain), HOST)).toEqual(plain);
  });

  test("keeps every digit of a 64-bit value", () => {
    const args = '[{"index":0,"value":18446744073709551615,"valueTwo":9007199254740993,"op":"OP"}]';
    const text = JSON.stringify(profile({ ...rule("read"), args: "ARGS" }))
      .replace('"ARGS"', args)
      .replace("OP", "SCMP_CMP_MASKED_EQ");
    const [read] = resolveProfile(parseJson("it", text), HOST).syscalls ?? [];
    expect(read?.args).toEqual([
      { index: 0, value: 2n ** 64n - 1n, valueTwo: 2n ** 53n + 1n, op: "SCMP_CMP_MASKED_EQ" },
    ]);
  });

  test("may name one system call a rule, the old way", () => {
    const old = { name: "read", action: "SCMP_ACT_ERRNO", args: null };
    expect(resolveProfile(profile(old), HOST).syscalls).toEqual([rule("read")]);
  });

  test("loses comments and conditions, which are no part of config.json", () => {
    const commented = rule("read", { comment: "why", includes: {}, excludes: null });
    expect(resolveProfile(profile(commented), HOST).syscalls).toEqual([rule("read")]);
  });

  test("may have no rules", () => {
    expect(resolveProfile({ defaultAction: "SCMP_ACT_LOG", syscalls: null }, HOST)).toEqual({
      defaultAction: "SCMP_ACT_LOG",
      syscalls: [],
    });
  });
});

describe("archMap gives the architectures", () => {
  const archMap = () => [
    { architecture: "SCMP_ARCH_X86_64", subArchitectures: ["SCMP_ARCH_X86", "SCMP_ARCH_X32"] },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: null },
    { architecture: "SCMP_ARCH_AARCH64", subArchitectures: ["SCMP_ARCH_ARM"] },
  ];
  const resolve = (map: unknown[], host: ProfileHost) =>
    resolveProfile({ ...profile(), architectures: [], archMap: map }, host).architectures;

  test("of the machine, with those below it", () => {
    expect(resolve(archMap(), HOST)).toEqual([
      "SCMP_ARCH_X86_64",
      "SCMP_ARCH_X86",
      "SCMP_ARCH_X32",
    ]);
  });

  test("by the first entry that names the machine", () => {
    expect(resolve(archMap(), ARM)).toEqual(["SCMP_ARCH_AARCH64"]);
  });

  test("none where no entry names the machine", () => {
    expect(resolve(archMap().slice(0, 1), ARM)).toEqual([]);
  });
});

describe("a rule is left out", () => {
  const rows: readonly (readonly [conditions: object, isLeft: boolean])[] = [
    [{ includes: { caps: ["CAP_CHOWN"] } }, true],
    [{ includes: { caps: ["CAP_CHOWN", "CAP_KILL"] } }, false],
    [{ includes: { arches: ["amd64", "x32"] } }, true],
    [{ includes: { arches: ["arm64"] } }, false],
    [{ includes: { arches: [], caps: [] } }, true],
    [{ includes: { minKernel: "6.1" } }, true],
    [{ includes: { minKernel: "5.19" } }, true],
    [{ includes: { minKernel: "6.2" } }, false],
    [{ includes: { minKernel: "7.0" } }, false],
    [{ excludes: { caps: ["CAP_KILL", "CAP_CHOWN"] } }, false],
    [{ excludes: { caps: ["CAP_KILL"] } }, true],
    [{ excludes: { arches: ["amd64"] } }, false],
    [{ excludes: { arches: ["s390x"] } }, true],
    [{ excludes: { minKernel: "4.8" } }, false],
    [{ excludes: { minKernel: "6.10" } }, true],
    [{ includes: { caps: ["CAP_CHOWN"] }, excludes: { arches: ["amd64"] } }, false],
    [{ includes: { caps: ["CAP_CHOWN"], minKernel: "7.0" } }, false],
  ];
  for (const [conditions, isLeft] of rows) {
    test(`${isLeft ? "never" : "here"} by ${JSON.stringify(conditions)}`, () => {
      const left = namesLeft(HOST, rule("read", conditions), rule("write"));
      expect(left).toEqual(isLeft ? ["read", "write"] : ["write"]);
    });
  }

  test("by arm64 on aarch64", () => {
    const conditions = { excludes: { arches: ["arm64"] } };
    expect(namesLeft(ARM, rule("read", conditions), rule("write"))).toEqual(["write"]);
  });
});

const ARGUMENT = { index: 0, value: 1, op: "SCMP_CMP_EQ" };

const REFUSED: readonly (readonly [message: string, profile: unknown])[] = [
  ["must be a JSON object", null],
  ["must be a JSON object", []],
  ["must be a JSON object", "SCMP_ACT_ALLOW"],
  ["defaultAction: must be given", {}],
  ["defaultAction: must be given", { defaultAction: "", syscalls: [] }],
  ["defaultAction: must not be empty", { ...profile(rule("read")), defaultAction: "" }],
  ['defaultAction: unknown seccomp action: "ALLOW"', { defaultAction: "ALLOW" }],
  ["defaultAction: must be a string: got 1", { defaultAction: 1 }],
  [
    "defaultAction: SCMP_ACT_NOTIFY cannot be used as default action",
    { defaultAction: "SCMP_ACT_NOTIFY" },
  ],
  ["defaultErrnoRet: SCMP_ACT_ALLOW has no errno: got 1", { ...profile(), defaultErrnoRet: 1 }],
  [
    'architectures[1]: unknown architecture: "amd64"',
    { ...profile(), architectures: ["SCMP_ARCH_X86", "amd64"] },
  ],
  [
    "archMap: cannot be used together with architectures",
    {
      ...profile(),
      architectures: ["SCMP_ARCH_X86"],
      archMap: [{ architecture: "SCMP_ARCH_X86_64" }],
    },
  ],
  ["archMap: must be an array: got an object", { ...profile(), archMap: {} }],
  ["archMap[0].architecture: must be given", { ...profile(), archMap: [{}] }],
  [
    'archMap[0].subArchitectures[0]: unknown architecture: "Z80"',
    {
      ...profile(),
      archMap: [{ architecture: "SCMP_ARCH_X86_64", subArchitectures: ["Z80"] }],
    },
  ],
  ['flags[0]: unknown flag: "TSYNC"', { ...profile(), flags: ["TSYNC"] }],
  ["syscalls: must be an array: got an object", { ...profile(), syscalls: {} }],
  ["syscalls[0]: must be an object: got null", profile(null)],
  ["syscalls[0].names: must not be empty", profile({ action: "SCMP_ACT_ALLOW" })],
  [
    'syscalls[0].names: must be an array: got "read"; syscalls[0].names: must not be empty',
    profile({ names: "read", action: "SCMP_ACT_ALLOW" }),
  ],
  ["syscalls[1].names[0]: must not be empty", profile(rule("read"), rule(""))],
  [
    "syscalls[0].name: cannot be used together with names",
    profile(rule("read", { name: "write" })),
  ],
  [
    'syscalls[0].action: unknown seccomp action: "SCMP_ACT_EPERM"',
    profile(rule("read", { action: "SCMP_ACT_EPERM" })),
  ],
  [
    "syscalls[0].errnoRet: must be between 0 and 65535: got 65536",
    profile(rule("read", { errnoRet: 65536 })),
  ],
  [
    "syscalls[0].args[0].index: must be between 0 and 5: got 6",
    profile(rule("read", { args: [{ ...ARGUMENT, index: 6 }] })),
  ],
  [
    'syscalls[0].args[0].op: unknown seccomp operator: "=="',
    profile(rule("read", { args: [{ ...ARGUMENT, op: "==" }] })),
  ],
  [
    "syscalls[0].args[0].value: must be an unsigned 64-bit number: got 9007199254740992",
    profile(rule("read", { args: [{ ...ARGUMENT, value: 2 ** 53 }] })),
  ],
  [
    'syscalls[0].includes.arches[0]: unknown architecture: "x86_64"',
    profile(rule("read", { includes: { arches: ["x86_64"] } })),
  ],
  [
    'syscalls[0].excludes.caps[0]: must start with CAP_: got "SYS_ADMIN"',
    profile(rule("read", { excludes: { caps: ["SYS_ADMIN"] } })),
  ],
  [
    "syscalls[0].includes: must be an object: got an array",
    profile(rule("read", { includes: ["CAP_KILL"] })),
  ],
  [
    'syscalls[0].includes.minKernel: must be a version like "4.8": got "4.8.1"',
    profile(rule("read", { includes: { minKernel: "4.8.1" } })),
  ],
  [
    'syscalls[0].excludes.minKernel: must be a version like "4.8": got ""',
    profile(rule("read", { excludes: { minKernel: "" } })),
  ],
  [
    "syscalls[0].includes.minKernel: must be a string: got 4.8",
    profile(rule("read", { includes: { minKernel: 4.8 } })),
  ],
  [
    "syscalls[0].errnoRet: SCMP_ACT_KILL has no errno: got 1; " +
      "syscalls[1].names[0]: must not be empty",
    profile(
      rule("read", { action: "SCMP_ACT_KILL", errnoRet: 1, includes: { arches: ["s390"] } }),
      rule(""),
    ),
  ],
];

function refusalOf(wrong: unknown): unknown {
  try {
    return resolveProfile(wrong, HOST);
  } catch (error) {
    return error;
  }
}

test.each(REFUSED)("a profile file is refused: %s", (message, wrong) => {
  const error = refusalOf(wrong);
  expect(error).toBeInstanceOf(UserError);
  expect(error).toMatchObject({ message });
});

test("a refusal names the first ten problems, and counts the others", () => {
  const error = refusalOf(profile(...Array.from({ length: 12 }, () => rule(""))));
  expect(error).toMatchObject({
    message: expect.stringMatching(/^(syscalls\S+ must not be empty; ){10}and 2 more$/),
  });
});

test("a version of the kernel has two numbers, as docker reads it", () => {
  expect(parseKernelVersion("4.8")).toEqual([4, 8]);
  expect(parseKernelVersion("255.0")).toEqual([255, 0]);
  for (const text of ["", "4", "4.", ".8", "4.8.0", "4.8-rc1", "0.0", "256.1", "4.256", "-4.8"]) {
    expect([text, parseKernelVersion(text)]).toEqual([text, undefined]);
  }
});
