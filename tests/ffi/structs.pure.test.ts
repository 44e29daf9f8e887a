import { describe, expect, test } from "bun:test";
import * as tables from "../../ffi/struct-tables.ts";
import { type Struct, structReader, writeStruct } from "../../ffi/structs.ts";
import { haveCommand } from "./child.ts";
import { TemporaryFolder } from "./folder.ts";

const STRUCTS: readonly Struct<string>[] = Object.values(tables);
const WIDTHS = { u8: 1, i8: 1, u16: 2, i16: 2, u32: 4, i32: 4, u64: 8, i64: 8 } as const;

const HEADERS = [
  ["poll.h", "signal.h", "termios.h", "time.h", "sys/ioctl.h", "sys/socket.h", "sys/stat.h"],
  ["sys/statfs.h", "sys/uio.h", "sys/resource.h", "linux/capability.h", "linux/filter.h"],
  ["linux/mount.h", "linux/openat2.h", "linux/sched.h"],
].flat();

/** A C program that prints `struct size` and `struct field offset width`, a line each. */
function probe(structs: readonly Struct<string>[]): string {
  const print = (name: string, values: readonly string[]) =>
    `printf("${name}${" %zu".repeat(values.length)}\\n", ${values.join(", ")});`;
  const lines = structs.flatMap(({ cName, fields }) => [
    print(cName, [`sizeof(${cName})`]),
    ...fields.map(([field]) =>
      print(`${cName} ${field}`, [
        `offsetof(${cName}, ${field})`,
        `sizeof(((${cName} *)0)->${field})`,
      ]),
    ),
  ]);
  const includes = HEADERS.map((header) => `#include <${header}>`);
  return [
    "#define _GNU_SOURCE",
    "#include <stddef.h>",
    "#include <stdio.h>",
    ...includes,
    "int main(void) {",
    ...lines,
    "}",
  ].join("\n");
}

const expectedLines = STRUCTS.flatMap(({ cName, byteLength, fields }) => [
  `${cName} ${byteLength}`,
  ...fields.map(([field, type, offset]) => `${cName} ${field} ${offset} ${WIDTHS[type]}`),
]);

function compileAndRun(compiler: string, source: string): string[] {
  using folder = new TemporaryFolder();
  const program = `${folder.path}/probe`;
  const compile = Bun.spawnSync([compiler, "-w", "-x", "c", "-", "-o", program], {
    stdin: new TextEncoder().encode(source),
  });
  if (compile.exitCode !== 0) throw new Error(compile.stderr.toString());
  return Bun.spawnSync([program]).stdout.toString().trim().split("\n");
}

describe("tables of structs", () => {
  test.skipIf(!haveCommand("gcc"))("have the C compiler's sizes, offsets and widths", () => {
    expect(compileAndRun("gcc", probe(STRUCTS))).toEqual(expectedLines);
  });

  test.each(STRUCTS.map((struct) => [struct.cName, struct] as const))(
    "%s has aligned fields that do not overlap and lie inside",
    (_, { fields, byteLength }) => {
      let end = 0;
      for (const [, type, offset] of fields) {
        expect(offset % WIDTHS[type]).toBe(0);
        expect(offset).toBeGreaterThanOrEqual(end);
        end = offset + WIDTHS[type];
      }
      expect(end).toBeLessThanOrEqual(byteLength);
    },
  );
});

const EVERY_TYPE = {
  cName: "struct every_type",
  byteLength: 40,
  fields: [
    ["u8", "u8", 0],
    ["i8", "i8", 1],
    ["u16", "u16", 2],
    ["i16", "i16", 4],
    ["u32", "u32", 8],
    ["i32", "i32", 12],
    ["u64", "u64", 16],
    ["i64", "i64", 24],
    ["untouched", "u64", 32],
  ],
} as const satisfies Struct<string>;

describe("writeStruct and structReader", () => {
  test("bring the extremes of every type there and back", () => {
    for (const values of [
      { u8: 255, i8: -128, u16: 65535, i16: -32768, u32: 2 ** 32 - 1, i32: -(2 ** 31) },
      { u8: 0, i8: 127, u16: 0, i16: 32767, u32: 0, i32: 2 ** 31 - 1 },
    ]) {
      const bytes = new Uint8Array(40).fill(7);
      const all = { ...values, u64: 2 ** 52 + 1, i64: -(2 ** 52) - 1 };
      writeStruct(EVERY_TYPE, bytes, all);
      const read = structReader(EVERY_TYPE, bytes);
      const names = EVERY_TYPE.fields.map(([name]) => name).slice(0, -1);
      expect(Object.fromEntries(names.map((name) => [name, read(name)]))).toEqual(all);
      expect([...bytes.subarray(32)]).toEqual([7, 7, 7, 7, 7, 7, 7, 7]);
    }
  });

  test("write -1 into a u64 as all bits", () => {
    const bytes = new Uint8Array(40);
    writeStruct(EVERY_TYPE, bytes, { u64: -1 });
    expect([...bytes.subarray(15, 25)]).toEqual([0, 255, 255, 255, 255, 255, 255, 255, 255, 0]);
  });

  test("refuse fewer bytes than the struct has", () => {
    expect(() => structReader(EVERY_TYPE, new Uint8Array(39))).toThrow(
      "struct every_type needs 40 bytes: got 39",
    );
  });
});
