import { describe, expect, test } from "bun:test";
import { runtime } from "#runtime";
import * as lib from "../../ffi/library.ts";

const stringH = lib.library({
  strlen: ["i64", "pointer"],
  memcpy: ["pointer", "pointer", "pointer", "i64"],
});
const unistdH = lib.library({ close: ["i32", "i32"] });

/** The C string at `address`. */
function textAt(address: number): string {
  const length = stringH().strlen(address);
  if (length === 0) return "";
  return new TextDecoder().decode(new Uint8Array(runtime.memoryAt(address, length)));
}

describe("cString", () => {
  test("writes UTF-8 with a NUL behind it, and null is NULL", () => {
    expect(textAt(lib.cString("größe €𝄞"))).toBe("größe €𝄞");
    expect(textAt(lib.cString(""))).toBe("");
    expect(lib.cString(null)).toBe(0);
  });

  test("keeps the last strings apart while the ring goes round", () => {
    for (let i = 0; i < 5000; i++) {
      const pair = [lib.cString(`first ${i} ${"x".repeat(i % 300)}`), lib.cString(`second ${i}`)];
      expect(pair.map(textAt).map((text) => text.split(" ").slice(0, 2).join(" "))).toEqual([
        `first ${i}`,
        `second ${i}`,
      ]);
    }
  });

  test("takes strings that are longer than the ring", () => {
    const long = "ab".repeat(100_000);
    expect(textAt(lib.cString(long))).toBe(long);
  });
});

describe("cStringArray", () => {
  test("is a NULL-terminated table whose addresses stay good, for short arrays too", () => {
    const { address, keep } = lib.cStringArray(["sh", "", "-c"]);
    expect(lib.bytesAddress(keep)).toBe(address);
    const table = new BigUint64Array(runtime.memoryAt(address, 32));
    expect([...table].slice(0, 3).map((pointer) => textAt(Number(pointer)))).toEqual([
      "sh",
      "",
      "-c",
    ]);
    expect(table[3]).toBe(0n);
  });

  test("of nothing is one NULL", () => {
    const { address, keep } = lib.cStringArray([]);
    expect(keep.length).toBe(8);
    expect(new BigUint64Array(runtime.memoryAt(address, 8))[0]).toBe(0n);
  });
});

describe("addresses", () => {
  test("stay the same when JavaScript asks a small array for its buffer", () => {
    const bytes = new Uint8Array(16);
    const address = lib.bytesAddress(bytes);
    const view = new DataView(bytes.buffer);
    stringH().memcpy(address, lib.cString("C writes here"), 14);
    expect(view.getUint8(0)).toBe("C".charCodeAt(0));
    expect(lib.bytesAddress(bytes.subarray(3))).toBe(address + 3);
  });

  test("of scratch memory are aligned to 16 bytes, and the memory is zeroed", () => {
    for (let i = 1; i < 3000; i += 7) {
      const space = lib.scratch(i);
      expect([space.address % 16, space.bytes.every((byte) => byte === 0)]).toEqual([0, true]);
      space.bytes.fill(0xff);
    }
  });
});

describe("errno and check", () => {
  test("errno is that of the call just made, also in code that was compiled meanwhile", () => {
    let wrong = 0;
    for (let i = 0; i < 20_000; i++) {
      if (unistdH().close(-1) === -1 && lib.errno() !== 9) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test("check hands results on and asks for the context only after a failure", () => {
    let asked = 0;
    const context = () => ({ path: `/path/${++asked}` });
    expect(lib.check(7, "close", context)).toBe(7);
    expect(asked).toBe(0);
    expect(() => lib.check(unistdH().close(-1), "close", context)).toThrow(
      "close /path/1: EBADF (bad file descriptor)",
    );
  });

  test("a function that libc does not have is an error that names it, once it is used", () => {
    const someH = lib.library({ getpid: ["i32"], no_such_function: ["i32"] });
    expect(someH().getpid()).toBe(process.pid);
    expect(() => someH().no_such_function()).toThrow("no_such_function");
  });
});
