// The executable of build.sh begins with a prelude: where it is put, and where it is not.

import { describe, expect, test } from "bun:test";
import { ENTRY_X64, entryBytes, loopOf } from "../../ffi/agent/entry.ts";
import { CODE_X64 } from "../../ffi/agent/code-x64.ts";
import { codeBytes } from "../../ffi/agent/elf.ts";
import { addPrelude } from "../../src/build/add-prelude.ts";
import { BUILD_LENGTH, findGaps } from "../../src/container/prelude/gaps.ts";

const BUILD = "0123456789abcdef";
const ENTRY = 24;
const [PT_LOAD, PT_NOTE] = [1, 4];
const [R, W, X] = [4, 2, 1];

interface Segment {
  readonly type?: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
}

const CODE: Segment = { flags: R | X, offset: 0x1800, address: 0x402800 };
const DATA: Segment = { flags: R | W, offset: 0xafe0, address: 0x60bfe0 };

/** All letters, so that what is changed can be told from what is not. */
function makeExecutable(segments: readonly Segment[], type = 2, machine = 62): Uint8Array {
  const file = new Uint8Array(0xc000).fill(0x41);
  const view = new DataView(file.buffer);
  file.fill(0, 0, 0x400);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(ENTRY, 0x402900n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(56, segments.length, true);
  segments.forEach(({ type: kind = PT_LOAD, flags, offset, address }, index) => {
    const at = 64 + index * 56;
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, flags, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(address), true);
  });
  return file;
}

const HEAD: Segment = { flags: R, offset: 0, address: 0x400000 };
const whole = [HEAD, CODE, DATA];
const gapsOf = (file: Uint8Array) => findGaps(new DataView(file.buffer));

describe("the gaps of an executable", () => {
  test("are before its code and before its data, in the pages that those begin in", () => {
    expect(gapsOf(makeExecutable(whole))).toEqual({
      code: { offset: 0x1000, address: 0x402000, byteLength: 0x800 },
      data: { offset: 0xa000, address: 0x60b000, byteLength: 0xfe0 },
    });
  });

  test("are those of the first of several, and of what is loaded alone", () => {
    const note = { ...CODE, type: PT_NOTE, address: 0x402100 };
    const later = { ...CODE, offset: 0x3100, address: 0x700100 };
    expect(gapsOf(makeExecutable([note, ...whole, later]))?.code.address).toBe(0x402000);
  });

  test("are not looked for in what has no fixed place, in another architecture's, or without both", () => {
    expect(gapsOf(makeExecutable(whole, 3))).toBeUndefined();
    expect(gapsOf(makeExecutable(whole, 2, 183))).toBeUndefined();
    expect(gapsOf(makeExecutable([HEAD, CODE]))).toBeUndefined();
    expect(gapsOf(makeExecutable([HEAD, DATA]))).toBeUndefined();
  });
});

describe.skipIf(process.arch !== "x64")("a prelude", () => {
  test("is entered first, has the name of its build before it, and changes nothing beside the gaps", () => {
    const [before, file] = [makeExecutable(whole), makeExecutable(whole)];
    expect(addPrelude(file, BUILD)).toBe(true);
    const entry = 0x402000 + BUILD_LENGTH;
    expect(new DataView(file.buffer).getBigUint64(ENTRY, true)).toBe(BigInt(entry));
    expect(new TextDecoder().decode(file.subarray(0x1000, 0x1000 + BUILD_LENGTH))).toBe(BUILD);
    const changed = [...file.keys()].filter((at) => file[at] !== before[at]);
    const isExpected = (at: number) =>
      (at >= ENTRY && at < ENTRY + 8) ||
      (at >= 0x1000 && at < 0x1800) ||
      (at >= 0xa000 && at < 0xafe0);
    expect(changed.filter((at) => !isExpected(at))).toEqual([]);
  });

  test("goes where the runtime would have started", () => {
    const file = makeExecutable(whole);
    addPrelude(file, BUILD);
    const data = new DataView(file.buffer, 0xa000, 0xfe0);
    const words = Array.from({ length: 0xfe0 / 4 }, (_, index) => data.getUint32(index * 4, true));
    expect(words).toContain(0x402900);
  });

  test("is left out where there is no room for it", () => {
    const noCode = makeExecutable([HEAD, { ...CODE, offset: 0x1020, address: 0x402020 }, DATA]);
    const noData = makeExecutable([HEAD, CODE, { ...DATA, offset: 0xa100, address: 0x60b100 }]);
    for (const file of [noCode, noData]) {
      const before = file.slice();
      expect(addPrelude(file, BUILD)).toBe(false);
      expect(file).toEqual(before);
    }
  });

  test("is the agent's loop behind a beginning with four addresses", () => {
    const addresses = {
      stack: 0x11111111,
      exit: 0x22222222,
      frame: 0x33333333,
      control: 0x44444444,
    };
    const bytes = entryBytes(addresses);
    const beginning = codeBytes(ENTRY_X64);
    const loop = codeBytes(loopOf(CODE_X64));
    expect(bytes.subarray(beginning.length)).toEqual(new Uint8Array(loop));
    expect(bytes.subarray(0, beginning.length).toHex()).toBe(
      "4889242511111111" + "4889142522222222" + "bc33333333" + "bb44444444",
    );
  });
});
