import { describe, expect, test } from "bun:test";
import { getegid, geteuid, getgid, getuid } from "../../ffi/identity.ts";
import { haveRoot, inChild } from "./child.ts";

test("the ids are what the engine says", () => {
  const ids = [process.getuid?.(), process.geteuid?.(), process.getgid?.(), process.getegid?.()];
  expect([getuid(), geteuid(), getgid(), getegid()]).toEqual(ids.map((id) => id ?? -1));
});

describe.skipIf(!haveRoot())("users, capabilities and devices", () => {
  test("setgroups, setresgid and setresuid give root up for good, with EPERM on the way back", () => {
    expect(inChild("processes", "drop-users")).toEqual({
      groups: [7, 2000],
      ids: [1002, 1002, 1001, 1001],
      allThreads: "1002\t1002\t1002\t1002",
      refused: ["setresuid EPERM", "setresgid EPERM", "setgroups EPERM"],
    });
  });

  test("capset leaves what it names, and nothing else can be had again (EPERM)", () => {
    const expected = [["CAP_CHOWN", "CAP_KILL"], "0000000000000021", "capset EPERM"];
    expect(inChild("processes", "capset")).toEqual(expected);
  });

  test("mknodat makes a device node with the numbers of makeDevice", () => {
    expect(inChild("processes", "mknod")).toBe(true);
  });
});
