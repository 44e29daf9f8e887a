// The layout of executables that build.sh makes.
import { describe, expect, test } from "bun:test";
import { alignSegments } from "../../src/build/align-segments.ts";

const HUGE = 0x200000;
const PT_LOAD = 1;
const PT_NOTE = 4;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
}

const TEXT = { type: PT_LOAD, offset: 0x1300, address: 0x402300 };
const DATA = { type: PT_LOAD, offset: 0x2450, address: 0x604450 };
const HEAD = { type: PT_LOAD, offset: 0, address: 0x400000 };
const NOTE = { type: PT_NOTE, offset: 0x1310, address: 0x402310 };
const SECTION_OFFSETS = [0, 0x1320, 0x2460];
const SECTIONS_AT = 0x3000;

/** A file with headers, a letter where each segment begins, and one at its end. */
function makeExecutable(segments: readonly Segment[]): Uint8Array {
  const file = new Uint8Array(0x4000);
  const view = new DataView(file.buffer);
  view.setBigUint64(32, 64n, true);
  view.setBigUint64(40, BigInt(SECTIONS_AT), true);
  view.setUint16(56, segments.length, true);
  view.setUint16(60, SECTION_OFFSETS.length, true);
  for (const [i, { type, offset, address }] of segments.entries()) {
    view.setUint32(64 + i * 56, type, true);
    view.setBigUint64(64 + i * 56 + 8, BigInt(offset), true);
    view.setBigUint64(64 + i * 56 + 16, BigInt(address), true);
    if (offset > 0) file[offset] = 0x41 + i;
  }
  for (const [i, offset] of SECTION_OFFSETS.entries()) {
    view.setBigUint64(SECTIONS_AT + i * 64 + 24, BigInt(offset), true);
    view.setUint32(SECTIONS_AT + i * 64, 0x5ec0 + i, true);
  }
  file[file.length - 1] = 0x7a;
  return file;
}

const viewOf = (file: Uint8Array) => new DataView(file.buffer, file.byteOffset, file.byteLength);

function offsetOf(file: Uint8Array, segment: number): number {
  return Number(viewOf(file).getBigUint64(64 + segment * 56 + 8, true));
}

describe("an aligned executable", () => {
  const aligned = alignSegments(makeExecutable([HEAD, TEXT, DATA, NOTE]));

  test("has each segment as far into the file as into memory, to 2 MiB", () => {
    expect(offsetOf(aligned, 0)).toBe(0);
    expect(offsetOf(aligned, 1) % HUGE).toBe(TEXT.address % HUGE);
    expect(offsetOf(aligned, 2) % HUGE).toBe(DATA.address % HUGE);
  });

  test("has in each segment what was in it, and zeros between", () => {
    expect(aligned[offsetOf(aligned, 1)]).toBe(0x42);
    expect(aligned[offsetOf(aligned, 2)]).toBe(0x43);
    expect(aligned[offsetOf(aligned, 3)]).toBe(0x44);
    expect(aligned.at(-1)).toBe(0x7a);
    const before = aligned.subarray(TEXT.offset, offsetOf(aligned, 1));
    expect(before.every((byte) => byte === 0)).toBe(true);
  });

  test("says where its sections and their headers are now", () => {
    const view = viewOf(aligned);
    const at = Number(view.getBigUint64(40, true));
    const sections = SECTION_OFFSETS.map((_, i) => at + i * 64);
    expect(sections.map((section) => view.getUint32(section, true))).toEqual([
      0x5ec0, 0x5ec1, 0x5ec2,
    ]);
    const shift = (segment: number, { offset }: Segment) => offsetOf(aligned, segment) - offset;
    expect(sections.map((section) => Number(view.getBigUint64(section + 24, true)))).toEqual([
      0,
      0x1320 + shift(1, TEXT),
      0x2460 + shift(2, DATA),
    ]);
  });

  test("stays as it is", () => {
    expect(alignSegments(aligned)).toEqual(aligned);
  });
});
