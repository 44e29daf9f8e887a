// prctl.h, resource.h, seccomp.h, keyctl.h: what a process sets about itself.

import { describe, expect, test } from "bun:test";
import { PR, RLIMIT } from "../../ffi/constants.ts";
import { prctl } from "../../ffi/prctl.ts";
import { prlimit } from "../../ffi/resource.ts";
import { inChild, refusal } from "./child.ts";

describe("prctl", () => {
  test("names the thread and sets no_new_privs", () => {
    expect(inChild("processes", "prctl")).toEqual(["bunker-test", "1", 1]);
  });

  test("refuses a value that is none with EINVAL and names the operation", () => {
    const attempt = () => prctl(PR.PR_SET_NO_NEW_PRIVS, 7);
    expect(attempt).toThrow("prctl: EINVAL (invalid argument) [PR_SET_NO_NEW_PRIVS, 7]");
    expect(refusal(() => prctl(PR.PR_CAPBSET_READ, 64))).toBe("prctl EINVAL");
  });
});

describe("prlimit", () => {
  test("sets limits, tells them, and refuses soft above hard with EINVAL", () => {
    const limit = { soft: 100, hard: 200 };
    expect(inChild("processes", "prlimit")).toEqual([["100", "200"], limit, "prlimit64 EINVAL"]);
  });

  test("tells an unlimited resource as Infinity, and refuses a missing process with ESRCH", () => {
    expect(prlimit(0, RLIMIT.RLIMIT_RTTIME).hard).toBe(Number.POSITIVE_INFINITY);
    expect(() => prlimit(2 ** 22 + 1, RLIMIT.RLIMIT_CPU)).toThrow(
      "prlimit64: ESRCH (no such process) [RLIMIT_CPU]",
    );
  });
});

describe("seccompSetFilter", () => {
  test("loads a filter, and refuses a program that is none with EINVAL", () => {
    expect(inChild("processes", "seccomp")).toEqual(["seccomp EINVAL", "2"]);
  });
});

describe("keyctl", () => {
  test("joins a new session keyring, and refuses a key that is not there with ENOKEY", () => {
    expect(inChild("processes", "keyring")).toEqual(["bunker-ffi", true, "keyctl ENOKEY"]);
  });
});
