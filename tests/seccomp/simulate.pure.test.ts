import { expect, test } from "bun:test";
import { formatAction } from "../../src/seccomp/actions.ts";
import { simulate } from "../../src/seccomp/simulate.ts";

function programOf(...instructions: readonly [code: number, jt: number, jf: number, k: number][]) {
  const program = new Uint8Array(instructions.length * 8);
  const view = new DataView(program.buffer);
  instructions.forEach(([code, jt, jf, k], i) => {
    view.setUint16(i * 8, code, true);
    view.setUint8(i * 8 + 2, jt);
    view.setUint8(i * 8 + 3, jf);
    view.setUint32(i * 8 + 4, k, true);
  });
  return program;
}

const ARCH = 0xc000_003e;

test.each([
  ["jeq", 0x15, 5, [0, 1, 0]],
  ["jgt", 0x25, 5, [0, 0, 1]],
  ["jge", 0x35, 5, [0, 1, 1]],
  ["jset", 0x45, 2, [0, 0, 1]],
] as const)("%s jumps as the kernel does", (_, code, k, results) => {
  const program = programOf([0x20, 0, 0, 0], [code, 1, 0, k], [6, 0, 0, 0], [6, 0, 0, 1]);
  const answers = [4, 5, 0x8000_0006].map((nr) => simulate(program, { arch: ARCH, nr }));
  expect(answers).toEqual([...results]);
});

test("loads, masks and long jumps read struct seccomp_data", () => {
  const program = programOf(
    [0x20, 0, 0, 16 + 8 + 4],
    [0x54, 0, 0, 0xff],
    [0x05, 0, 0, 1],
    [6, 0, 0, 1],
    [0x15, 0, 1, 0x34],
    [6, 0, 0, 0x7fff_0000],
    [6, 0, 0, 0],
  );
  const answer = simulate(program, { arch: ARCH, nr: 1, args: [0, 0x1234_0000_0000n] });
  expect(formatAction(answer)).toBe("ALLOW");
});

test.each([
  ["an unknown instruction", programOf([0x07, 0, 0, 0]), "no such instruction in a filter: 0x7"],
  ["a load behind the data", programOf([0x20, 0, 0, 64]), "Out of bounds access"],
  ["an end without return", programOf([0x20, 0, 0, 0]), "Out of bounds access"],
])("refuses %s", (_, program, message) => {
  expect(() => simulate(program, { arch: ARCH, nr: 0 })).toThrow(message);
});

test.each([
  [0x8000_0000, "KILL_PROCESS"],
  [0, "KILL_THREAD"],
  [0x0005_0026, "ERRNO(38)"],
  [0x7ff0_0001, "TRACE(1)"],
  [0x7fc0_0000, "NOTIFY"],
  [0x1234_0000, "0x12340000"],
])("the answer %p is written %s", (value, text) => {
  expect(formatAction(value)).toBe(text);
});
