// The FFI of Deno (2 or later, with --allow-ffi; `-A` has it).

import type { CType, Declarations, Functions, Runtime, Sha256 } from "./types.ts";

// Deno's global, declared here so that the type checker of Bun knows the few members used.
declare const Deno: {
  readonly args: string[];
  readonly mainModule: string;
  execPath(): string;
  dlopen(
    library: string,
    symbols: Record<string, { parameters: string[]; result: string }>,
  ): { symbols: Record<string, (...args: (number | bigint)[]) => number | bigint | undefined> };
  UnsafePointer: {
    of(memory: ArrayBufferLike): unknown;
    create(address: bigint): unknown;
    value(pointer: unknown): number | bigint;
  };
  UnsafePointerView: { getArrayBuffer(pointer: unknown, byteLength: number): ArrayBuffer };
};

const DENO_TYPES = { i32: "i32", u32: "u32", i64: "i64", pointer: "usize", void: "void" } as const;

/** 64-bit parameters take a bigint so that negative numbers and addresses pass unchanged. */
function toNative(type: CType, value: number): number | bigint {
  if (type === "i64") return BigInt(value);
  if (type === "pointer") return BigInt.asUintN(64, BigInt(value));
  return value;
}

function openLibrary<D extends Declarations>(
  libraries: readonly string[],
  declarations: D,
): Functions<D> {
  const symbols: Record<string, { parameters: string[]; result: string }> = {};
  for (const name in declarations) {
    const [result, ...parameters] = declarations[name] as readonly CType[] as [CType, ...CType[]];
    symbols[name] = {
      parameters: parameters.map((type) => DENO_TYPES[type]),
      result: result === "pointer" ? "i64" : DENO_TYPES[result],
    };
  }
  let failure: unknown;
  for (const library of libraries) {
    try {
      return adaptAll(declarations, Deno.dlopen(library, symbols).symbols);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function adaptAll<D extends Declarations>(
  declarations: D,
  native: Record<string, (...args: (number | bigint)[]) => number | bigint | undefined>,
): Functions<D> {
  const functions: Record<string, (...args: number[]) => number> = {};
  for (const name in declarations) {
    const parameters = (declarations[name] ?? ["void"]).slice(1) as CType[];
    const call = native[name];
    if (call === undefined) throw new Error(`no such symbol: ${name}`);
    functions[name] = (...args) => {
      const result = call(...parameters.map((type, i) => toNative(type, args[i] ?? 0)));
      return typeof result === "bigint" ? Number(result) : (result ?? 0);
    };
  }
  return functions as Functions<D>;
}

function sha256(): Sha256 {
  const hash = process.getBuiltinModule("node:crypto").createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
}

export const runtime: Runtime = {
  name: "deno",
  openLibrary,
  // By way of the buffer: V8 keeps small arrays on its moving heap until `.buffer` is asked for.
  addressOf: (view) =>
    Number(Deno.UnsafePointer.value(Deno.UnsafePointer.of(view.buffer))) + view.byteOffset,
  memoryAt: (address, byteLength) =>
    Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(BigInt(address)), byteLength),
  sha256,
  argv: () => Deno.args.slice(),
  argv0: () => "",
  isCompiled: () => false,
  selfCommand: () => [Deno.execPath(), "run", "-A", Deno.mainModule],
};
