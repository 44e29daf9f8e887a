// The BPF program decides as the policy says, whatever the policy: tried on a machine of our own.
// (That the kernel takes the programs is tests/ffi/bpf.root.test.ts.)

import { describe, expect, test } from "bun:test";
import { defaultDeviceRules, type DevicePolicy, devicePolicy } from "../../cgroups/device-rules.ts";
import type { DeviceRule } from "../../cgroups/resources.ts";
import { deviceProgram } from "../../cgroups/device-program.ts";
import { type Request, runDeviceProgram } from "./bpf-machine.ts";

const [MKNOD, READ, WRITE] = [1, 2, 4];

/** The policy's meaning, straight from its definition. */
function permits({ defaultAllow, exceptions }: DevicePolicy, request: Request): boolean {
  const fits = exceptions.filter(
    ({ type, major, minor }) =>
      type === request.type &&
      (major ?? request.major) === request.major &&
      (minor ?? request.minor) === request.minor,
  );
  return defaultAllow
    ? !fits.some(({ access }) => (request.access & access) !== 0)
    : fits.some(({ access }) => (request.access & ~access) === 0);
}

function decides(rules: readonly DeviceRule[], request: Request): boolean {
  return runDeviceProgram(deviceProgram(devicePolicy(rules)), request);
}

describe("the device filter", () => {
  const rules = defaultDeviceRules();

  test.each<[string, Request, boolean]>([
    ["reading and writing null", { type: "c", access: READ | WRITE, major: 1, minor: 3 }, true],
    ["making a disk node", { type: "b", access: MKNOD, major: 8, minor: 0 }, true],
    ["reading a disk", { type: "b", access: READ, major: 8, minor: 0 }, false],
    ["reading kmsg", { type: "c", access: READ, major: 1, minor: 11 }, false],
    ["making and reading kmsg", { type: "c", access: MKNOD | READ, major: 1, minor: 11 }, false],
    ["a terminal of any number", { type: "c", access: READ | WRITE, major: 136, minor: 77 }, true],
    ["a block device with null's number", { type: "b", access: READ, major: 1, minor: 3 }, false],
  ])("with the default rules, %s: %p gives %p", (_, request, allowed) => {
    expect(decides(rules, request)).toBe(allowed);
  });

  test("without rules lets nothing pass, and with none denied everything", () => {
    const request: Request = { type: "c", access: READ, major: 1, minor: 3 };
    expect(decides([], request)).toBe(false);
    expect(decides([{ allow: true }], request)).toBe(true);
  });

  test("keeps a denied device away from who may use every other", () => {
    const denied: DeviceRule[] = [
      { allow: true },
      { allow: false, type: "b", major: 8, access: "w" },
    ];
    expect(decides(denied, { type: "b", access: READ | WRITE, major: 8, minor: 1 })).toBe(false);
    expect(decides(denied, { type: "b", access: READ, major: 8, minor: 1 })).toBe(true);
    expect(decides(denied, { type: "c", access: WRITE, major: 8, minor: 1 })).toBe(true);
  });

  test("compares the largest numbers there are", () => {
    const major = 2 ** 32 - 1;
    const large: DeviceRule[] = [{ allow: true, type: "c", major, minor: 2 ** 31 }];
    expect(decides(large, { type: "c", access: READ, major, minor: 2 ** 31 })).toBe(true);
    expect(decides(large, { type: "c", access: READ, major, minor: 2 ** 31 - 1 })).toBe(false);
  });

  test("decides as the policy does, for random policies and every request of a small world", () => {
    const random = makeRandom(7);
    for (let round = 0; round < 200; round++) {
      const policy = randomPolicy(random);
      const program = deviceProgram(policy);
      for (const request of smallWorld()) {
        const said = { policy, request, allowed: runDeviceProgram(program, request) };
        expect(said).toEqual({ policy, request, allowed: permits(policy, request) });
      }
    }
  });
});

/** Numbers below `limit`, the same in each run (a linear congruential generator). */
function makeRandom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

function randomPolicy(random: (limit: number) => number): DevicePolicy {
  const number = (): number | null => [null, 0, 1][random(3)] ?? null;
  const exceptions = Array.from({ length: random(5) }, () => ({
    type: random(2) === 0 ? ("c" as const) : ("b" as const),
    major: number(),
    minor: number(),
    access: 1 + random(7),
  }));
  return { defaultAllow: random(2) === 0, exceptions };
}

function* smallWorld(): Generator<Request> {
  for (const type of ["c", "b"] as const) {
    for (let access = 1; access <= 7; access++) {
      for (const major of [0, 1]) for (const minor of [0, 1]) yield { type, access, major, minor };
    }
  }
}
