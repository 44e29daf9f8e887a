// What the kernel checks before it takes a program (bpf_check_classic, seccomp_check_filter), so
// that every test that makes one can ask.
import { expect } from "bun:test";

const LOAD = 0x20;
const RETURN = 0x06;
const JUMP = 0x05;
const KNOWN = [LOAD, 0x54, RETURN, JUMP, 0x15, 0x25, 0x35, 0x45];

/** Fails the test unless the kernel would load the program and every instruction can be reached. */
export function expectLoadable(program: Uint8Array): void {
  const count = program.length / 8;
  expect(count).toBeLessThanOrEqual(4096);
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const reached = new Set([0]);
  const problems: string[] = [];
  for (let i = 0; i < count; i++) {
    const code = view.getUint16(i * 8, true);
    const k = view.getUint32(i * 8 + 4, true);
    if (!KNOWN.includes(code)) problems.push(`${i}: unknown code ${code}`);
    if (!reached.has(i)) problems.push(`${i}: never reached`);
    if (code === LOAD && (k > 60 || k % 4 !== 0)) problems.push(`${i}: load from ${k}`);
    if (code === RETURN) continue;
    const isConditional = code > LOAD ? code !== 0x54 : code === 0x15;
    const steps = isConditional
      ? [view.getUint8(i * 8 + 2), view.getUint8(i * 8 + 3)]
      : [code === JUMP ? k : 0];
    for (const step of steps) {
      reached.add(i + 1 + step);
      if (i + 1 + step >= count) problems.push(`${i}: leaves the program`);
    }
  }
  expect(problems).toEqual([]);
}
