import { describe, expect, test } from "bun:test";
import * as errno from "../../ffi/errno.ts";
import { library } from "../../ffi/library.ts";
import { runtime } from "#runtime";

// glibc 2.32 can say the names itself; musl can't.
const nameH = library({ strerrorname_np: ["pointer", "i32"] });

function libcName(number: number): string | undefined {
  const address = nameH().strerrorname_np(number);
  if (address === 0) return undefined;
  const bytes = new Uint8Array(runtime.memoryAt(address, 32));
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

function haveNames(): boolean {
  try {
    nameH();
    return true;
  } catch {
    console.warn("skipped: this libc has no strerrorname_np");
    return false;
  }
}

describe("names of errors", () => {
  test.skipIf(!haveNames())("are libc's, each at its number", () => {
    const wrong: string[] = [];
    for (let number = 1; number < 200; number++) {
      const ours = errno.errnoName(number);
      const theirs = libcName(number);
      if (!ours.startsWith("errno ") && ours !== theirs) wrong.push(`${number}: ${ours} ${theirs}`);
    }
    expect(wrong).toEqual([]);
  });

  test("have words, and a number without a name is shown as such", () => {
    expect([errno.errnoName(1), errno.errnoMessage(1)]).toEqual([
      "EPERM",
      "operation not permitted",
    ]);
    expect([errno.errnoName(4095), errno.errnoMessage(4095)]).toEqual([
      "errno 4095",
      "unknown error",
    ]);
    expect(errno.errnoMessage(95)).toBe("operation not supported");
  });

  test("that are exported as constants have the number of their name", () => {
    for (const [name, value] of Object.entries(errno)) {
      if (typeof value === "number") expect(errno.errnoName(value)).toBe(name);
    }
  });
});
