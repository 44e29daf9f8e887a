// How calls are laid out in the shared memory: see ffi/agent/layout.ts for the picture.

import { describe, expect, test } from "bun:test";
import { Channel } from "../../ffi/agent/channel.ts";
import {
  ARENA_OFFSET,
  CHANNEL_ADDRESS,
  CHANNEL_BYTES,
  CONTROL_BYTES,
  RECORD_BYTES,
} from "../../ffi/agent/layout.ts";
import { AddressOf, type Call, Slot, StringArray, Struct } from "../../ffi/call.ts";
import { syscallNumber } from "../../ffi/syscall-numbers.ts";

function written(...calls: Call[]) {
  const memory = new ArrayBuffer(CHANNEL_BYTES);
  const channel = new Channel(() => memory);
  const batch = channel.write(calls);
  const view = new DataView(memory);
  const at = (address: number) => address - CHANNEL_ADDRESS;
  return {
    channel,
    batch,
    view,
    /** The 32-bit value at `offset` of record `index`. */
    field: (index: number, offset: number) =>
      view.getInt32(batch.first + index * RECORD_BYTES + offset, true),
    /** The C string at an address of the agent. */
    text(address: number): string {
      const bytes = new Uint8Array(memory, at(address));
      return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
    },
    at,
  };
}

describe("the channel", () => {
  test("a batch starts in the arena and has 64 bytes a call", () => {
    const { batch } = written({ name: "getppid", args: [] }, { name: "setsid", args: [] });
    expect(batch).toEqual({ first: ARENA_OFFSET, end: ARENA_OFFSET + 128 });
  });

  test("a record has the call's number, and numbers as they are, negative ones too", () => {
    const { field } = written({ name: "umount2", args: [-100, 2] });
    expect(field(0, 0)).toBe(syscallNumber("umount2"));
    expect([field(0, 16), field(0, 20), field(0, 4)]).toEqual([-100, 2, 0]);
  });

  test("NULL is 0, a string is the address of its bytes in UTF-8 with a NUL", () => {
    const { field, text } = written({ name: "mount", args: [null, "/häfen"] });
    expect(field(0, 16)).toBe(0);
    expect(text(field(0, 20))).toBe("/häfen");
  });

  test("the same string is written once", () => {
    const { field } = written({ name: "chdir", args: ["/x"] }, { name: "chroot", args: ["/x"] });
    expect(field(1, 16)).toBe(field(0, 16));
  });

  test("a skip may be negative: back to an earlier record", () => {
    const getpid: Call = { name: "getpid", args: [] };
    const { field } = written(getpid, { ...getpid, skipAfterSuccess: -2, skipAfterError: -1 });
    expect([field(1, 48), field(1, 44)]).toEqual([-RECORD_BYTES, 0]);
  });

  test("a field of a struct is a place in the slot of that, whichever is named first", () => {
    const info = new Slot("siginfo", 128);
    const pid = new Slot("si_pid", 4, undefined, { of: info, byteOffset: 16 });
    const { field } = written(
      { name: "kill", args: [pid, 0] },
      { name: "waitid", args: [0, 0, new AddressOf(info)] },
    );
    expect(field(0, 16)).toBe(field(1, 24) + 16);
  });

  test("calls that are written apart start their pages, and all they point to is in there", () => {
    const memory = new Slot("the loop", 4096);
    const { channel, view } = written({ name: "getpid", args: [] });
    channel.writeApart(memory, () => [{ name: "kill", args: [new Slot("program"), 9] }]);
    expect(memory.offset).toBe(4096);
    expect(view.getInt32(memory.offset, true)).toBe(syscallNumber("kill"));
    const program = view.getInt32(memory.offset + 16, true) - CHANNEL_ADDRESS;
    expect(program).toBeGreaterThan(memory.offset);
    expect(program).toBeLessThan(memory.offset + 4096);
    const jump: Call = { name: "getpid", args: [], jumpAfterSuccess: memory };
    const { first } = channel.write([jump]);
    expect(first).toBeGreaterThanOrEqual(memory.offset + 4096);
    expect(first + view.getInt32(first + 48, true)).toBe(memory.offset);
  });

  test("calls that need more than their pages are refused", () => {
    const many = Array.from({ length: 65 }, (): Call => ({ name: "getpid", args: [] }));
    const { channel } = written();
    expect(() => channel.writeApart(new Slot("memory", 4096), () => many)).toThrow(
      new RangeError("the calls need more pages"),
    );
  });

  test("a slot is passed by value: its bit is set, and the result of a call goes to it", () => {
    const fd = new Slot("fd");
    const { field } = written(
      { name: "openat", args: [-100, "/", 0], into: fd },
      { name: "fchdir", args: [fd] },
    );
    expect(field(1, 4)).toBe(1);
    expect(field(1, 16)).toBe(field(0, 40));
    expect(field(0, 40)).toBe(CHANNEL_ADDRESS + fd.offset);
  });

  test("the address of a slot is a plain argument, and a slot may hold something beforehand", () => {
    const info = new Slot("info", 16, new Uint8Array([1, 2, 3]));
    const { field, view } = written({ name: "waitid", args: [0, 0, new AddressOf(info)] });
    expect(field(0, 4)).toBe(0);
    expect(field(0, 24)).toBe(CHANNEL_ADDRESS + info.offset);
    expect(view.getUint8(info.offset + 2)).toBe(3);
  });

  test("a struct's pointers are addresses of the agent", () => {
    const target = new Uint8Array([42]);
    const struct = new Struct(new Uint8Array(16), () => "", [{ offset: 8, to: target }]);
    const { field, view, at } = written({ name: "seccomp", args: [1, 0, struct] });
    const pointer = view.getInt32(at(field(0, 24)) + 8, true);
    expect(view.getUint8(at(pointer))).toBe(42);
  });

  test("an array of strings ends with NULL", () => {
    const { field, view, at, text } = written({
      name: "execve",
      args: ["/x", new StringArray(["x", "-v"]), null],
    });
    const table = at(field(0, 20));
    const pointers = [0, 8, 16].map((offset) => Number(view.getBigUint64(table + offset, true)));
    expect(text(pointers[0] ?? 0)).toBe("x");
    expect(text(pointers[1] ?? 0)).toBe("-v");
    expect(pointers[2]).toBe(0);
  });

  test("tolerated errnos are bits, and skips are bytes behind this record", () => {
    const { field } = written({
      name: "setsid",
      args: [],
      tolerate: [1, 38],
      skipAfterError: 2,
      skipAfterSuccess: 1,
    });
    expect([field(0, 8), field(0, 12)]).toEqual([1 << 1, 1 << 6]);
    expect([field(0, 44), field(0, 48)]).toEqual([3 * RECORD_BYTES, 2 * RECORD_BYTES]);
  });

  test("any errno is every bit", () => {
    const { field } = written({ name: "setsid", args: [], tolerate: "any" });
    expect([field(0, 8), field(0, 12)]).toEqual([-1, -1]);
  });

  test("a child's page is its address, none is 0", () => {
    const { field } = written(
      { name: "clone", args: [17], childPage: 1 },
      { name: "setsid", args: [] },
    );
    expect(field(0, 52)).toBe(CHANNEL_ADDRESS + CONTROL_BYTES);
    expect(field(1, 52)).toBe(0);
  });

  test("a result is undefined until the call has returned", () => {
    const { channel, batch, view } = written({ name: "setsid", args: [] });
    expect(channel.result(batch, 0)).toBeUndefined();
    view.setBigInt64(batch.first + 56, -13n, true);
    expect(channel.result(batch, 0)).toBe(-13);
  });

  test("a plan that is too large is refused: strings, records and slots", () => {
    const message = "the calls to be made take over 16 MiB";
    const { channel } = written();
    expect(() => channel.write([{ name: "chdir", args: ["x".repeat(CHANNEL_BYTES)] }])).toThrow(
      message,
    );
    const huge = new Slot("huge", CHANNEL_BYTES);
    expect(() => channel.write([{ name: "fchdir", args: [huge] }])).toThrow(message);
  });
});
