// The FFI of Bun.

import { dlopen, type Pointer, ptr, toArrayBuffer } from "bun:ffi";
import type { CType, Declarations, Functions, Runtime, Sha256 } from "./types.ts";

const BUN_TYPES = {
  i32: "i32",
  u32: "u32",
  i64: "i64_fast",
  pointer: "usize",
  void: "void",
} as const;

/** Bun's own executable is called so from source; compiled, modules live in this virtual folder. */
const COMPILED_PREFIX = "/$bunfs/";

function openLibrary<D extends Declarations>(
  libraries: readonly string[],
  declarations: D,
): Functions<D> {
  const symbols: Record<string, { args: string[]; returns: string }> = {};
  for (const name in declarations) {
    const types: readonly CType[] = declarations[name] ?? ["void"];
    const result = types[0] ?? "void";
    const args: string[] = [];
    for (let i = 1; i < types.length; i++) args.push(BUN_TYPES[types[i] ?? "void"]);
    symbols[name] = {
      args,
      returns: result === "pointer" ? "i64_fast" : BUN_TYPES[result],
    };
  }
  let failure: unknown;
  for (const library of libraries) {
    try {
      // The declarations are data, so their types are not literals: this is the one edge where the
      // runtime's own typing cannot follow.
      const opened = dlopen(library, symbols as Parameters<typeof dlopen>[1]);
      return opened.symbols as unknown as Functions<D>;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function sha256(): Sha256 {
  const hasher = new Bun.CryptoHasher("sha256");
  return { update: (bytes) => void hasher.update(bytes), hex: () => hasher.digest("hex") };
}

const isCompiled = (): boolean => Bun.main.startsWith(COMPILED_PREFIX);

export const runtime: Runtime = {
  name: "bun",
  openLibrary,
  // By way of the buffer: JavaScriptCore moves the bytes of a small array when `.buffer` is first
  // asked for, and an address taken before would point to where they were.
  addressOf: (view) => Number(ptr(view.buffer)) + view.byteOffset,
  memoryAt: (address, byteLength) => toArrayBuffer(address as Pointer, 0, byteLength),
  sha256,
  argv: () => process.argv.slice(2),
  argv0: () => process.argv0,
  isCompiled,
  selfCommand: () => (isCompiled() ? [process.execPath] : [process.execPath, Bun.main]),
};
