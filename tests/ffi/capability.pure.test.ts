import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import * as capability from "../../ffi/capability.ts";
import { refusal } from "./child.ts";

describe("names of capabilities", () => {
  test("are 41, as many as Linux 5.9 has, each at its number", () => {
    const names = capability.capabilityNames();
    expect(names).toHaveLength(41);
    const ends = [names[0], names[5], names[21], names[38], names[40]];
    expect(ends).toEqual([
      "CAP_CHOWN",
      "CAP_KILL",
      "CAP_SYS_ADMIN",
      "CAP_PERFMON",
      "CAP_CHECKPOINT_RESTORE",
    ]);
    expect(capability.capabilityNumber("CAP_NET_RAW")).toBe(13);
  });

  test("that are not the kernel's have no number", () => {
    expect(["KILL", "CAP_", "cap_kill", ""].map(capability.capabilityNumber)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("become a mask and come back from it", () => {
    const set = ["CAP_CHOWN", "CAP_SYSLOG", "CAP_CHECKPOINT_RESTORE"];
    const mask = capability.capabilityMask([...set, "CAP_NONE"]);
    expect(mask).toBe((1n << 0n) | (1n << 34n) | (1n << 40n));
    expect(capability.capabilitiesIn(mask | (1n << 60n))).toEqual(set);
  });
});

describe("capget", () => {
  test("tells what /proc/self/status tells", () => {
    const status = readFileSync("/proc/thread-self/status", "utf8");
    const line = (key: string) => BigInt(`0x${new RegExp(`${key}:\t(\\w+)`).exec(status)?.[1]}`);
    expect(capability.capget(0)).toEqual({
      effective: line("CapEff"),
      permitted: line("CapPrm"),
      inheritable: line("CapInh"),
    });
  });

  test("refuses a missing process with ESRCH", () => {
    expect(refusal(() => capability.capget(2 ** 22 + 1))).toBe("capget ESRCH");
  });
});
