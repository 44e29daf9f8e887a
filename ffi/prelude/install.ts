// Puts the prelude into an executable that `bun build --compile` has made, and lets it begin there:
// `bun ffi/prelude/install.ts FILE`. The code goes into the gap before the executable segment: that
// lies in the segment's first page, so it is mapped, and nothing else has to be moved.

import { readFileSync, writeFileSync } from "node:fs";
import { preludeBytes } from "./code-data.ts";
import { CODE_X64 } from "./code-x64.ts";

const PAGE_BYTES = 0x1000n;
const EM_X86_64 = 62;
const PT_LOAD = 1;
const PF_X = 1;
const MACHINE_OFFSET = 18;
const ENTRY_OFFSET = 24;
const PROGRAM_HEADERS_OFFSET = 32;
const HEADER_BYTES_OFFSET = 54;
const HEADER_COUNT_OFFSET = 56;
const JUMP_BYTES = 5;

interface Segment {
  readonly isExecutable: boolean;
  readonly offset: bigint;
  readonly address: bigint;
  readonly end: bigint;
}

/**
 * The executable with the prelude in it; undefined where it is of another architecture, or there is
 * no room. elf(5)
 */
export function installPrelude(executable: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const file = new Uint8Array(executable);
  const view = new DataView(file.buffer);
  if (view.getUint16(MACHINE_OFFSET, true) !== EM_X86_64) return undefined;
  const code = preludeBytes(CODE_X64);
  const gap = findGap(view);
  if (gap === undefined || gap.end - gap.start < code.length) return undefined;
  const entry = view.getBigUint64(ENTRY_OFFSET, true);
  setJump(code, gap.address, entry);
  file.set(code, gap.start);
  view.setBigUint64(ENTRY_OFFSET, gap.address, true);
  return file;
}

/** Where in the file nothing is before the executable segment, in its first page. */
function findGap(view: DataView): { start: number; end: number; address: bigint } | undefined {
  const segments = readSegments(view);
  const executable = segments.find(({ isExecutable }) => isExecutable);
  if (executable === undefined) return undefined;
  const { offset, address } = executable;
  let start = offset - (offset % PAGE_BYTES);
  for (const { end, offset: other } of segments) {
    if (other < offset && end > start) start = end;
  }
  start = (start + 15n) & ~15n;
  for (let at = Number(start); at < Number(offset); at++) {
    if (view.getUint8(at) !== 0) return undefined;
  }
  return { start: Number(start), end: Number(offset), address: address - (offset - start) };
}

function readSegments(view: DataView): Segment[] {
  const headers = Number(view.getBigUint64(PROGRAM_HEADERS_OFFSET, true));
  const byteLength = view.getUint16(HEADER_BYTES_OFFSET, true);
  const segments: Segment[] = [];
  for (let i = 0; i < view.getUint16(HEADER_COUNT_OFFSET, true); i++) {
    const at = headers + i * byteLength;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = view.getBigUint64(at + 8, true);
    segments.push({
      isExecutable: (view.getUint32(at + 4, true) & PF_X) !== 0,
      offset,
      address: view.getBigUint64(at + 16, true),
      end: offset + view.getBigUint64(at + 32, true),
    });
  }
  return segments;
}

/** The one jump of five bytes in the code that leads nowhere yet: to where the runtime begins. */
function setJump(code: Uint8Array<ArrayBuffer>, address: bigint, entry: bigint): void {
  const at = code.findIndex((byte, i) => {
    return byte === 0xe9 && code.subarray(i + 1, i + JUMP_BYTES).every((zero) => zero === 0);
  });
  const from = address + BigInt(at + JUMP_BYTES);
  new DataView(code.buffer).setInt32(at + 1, Number(entry - from), true);
}

if (import.meta.main) {
  const [path = ""] = process.argv.slice(2);
  const installed = installPrelude(readFileSync(path));
  if (installed === undefined)
    console.error(`${path}: without a prelude, which needs x86-64 and room`);
  else writeFileSync(path, installed);
}
