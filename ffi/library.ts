// Opening libc, and the few things that every binding needs: a place for strings, errno, and the
// check that turns -1 into a SyscallError. Only ffi/ imports this file.

import { runtime } from "#runtime";
import type { Declaration, Declarations, Functions } from "./runtime/types.ts";
import { encodeInto, encodeText } from "./text.ts";
import { SyscallError, type SyscallContext } from "./syscall-error.ts";

// Both C libraries answer to this name: musl's dlopen takes every `libc.…` for itself.
// Security: no second name to try. Bun looks for a library that the loader does not find in the
// current folder, which may be a stranger's; this one is always loaded already.
const LIBC = ["libc.so.6"];

/**
 * A getter of the declared functions. Each is looked up in libc at its first use: that costs some
 * 10 to 30 µs a function, and a command uses few of each header. One that this libc does not have
 * throws when it is used, not before.
 */
export function library<const D extends Declarations>(declarations: D): () => Functions<D> {
  let functions: Functions<D> | undefined;
  return () => (functions ??= lazyFunctions(declarations));
}

function lazyFunctions<D extends Declarations>(declarations: D): Functions<D> {
  const functions: Record<string, (...args: number[]) => number> = {};
  for (const name in declarations) {
    const declaration: Declaration = declarations[name] ?? ["void"];
    const get = () => {
      const opened = runtime.openLibrary(LIBC, { [name]: declaration })[name];
      if (opened === undefined) throw new Error(`libc has no ${name}`);
      Object.defineProperty(functions, name, { value: opened });
      // Order: before the function is called, for looking errno up may itself change it.
      if (errnoView === undefined) prepareErrno();
      return opened;
    };
    Object.defineProperty(functions, name, { configurable: true, get });
  }
  // The loop gave it every name of D: this is the edge where types can't follow.
  return functions as Functions<D>;
}

const BASE = {
  __errno_location: ["pointer"],
  syscall: ["i64", "i64", "i64", "i64", "i64", "i64", "i64", "i64"],
} as const satisfies Declarations;
let base: Functions<typeof BASE> | undefined;
let errnoView: Int32Array | undefined;

/** What every process needs. Start-up time: looked up at once, without the detour of library(). */
export function baseFunctions(): Functions<typeof BASE> {
  if (base !== undefined) return base;
  base = runtime.openLibrary(LIBC, BASE);
  // Order: before any other function is called, for looking errno up may itself change it.
  errnoView = new Int32Array(runtime.memoryAt(base.__errno_location(), 4));
  return base;
}

/** errno of this thread. To be read as the very next statement after the call that set it. */
export function errno(): number {
  if (errnoView === undefined) baseFunctions();
  return errnoView?.[0] ?? 0;
}

/** Finds errno's address now, so that the look-up itself cannot stand between a call and its errno. */
export function prepareErrno(): void {
  baseFunctions();
}

/**
 * The result, unless it is -1: then throws a SyscallError with this thread's errno. A context that
 * takes work (flags by name) is given as a function, which only a failure calls.
 */
export function check(
  result: number,
  syscall: string,
  context?: SyscallContext | (() => SyscallContext),
): number {
  if (result !== -1) return result;
  const number = errno();
  throw new SyscallError(syscall, number, typeof context === "function" ? context() : context);
}

// Strings and structs on their way to C lie in one ring that never moves: no allocation per call,
// and no question of the garbage collector's timing. A call uses far less than the ring holds.
const RING_BYTES = 32 * 1024;
let ring: Uint8Array | undefined;
let ringAddress = 0;
let ringNext = 0;

function ringSpace(byteLength: number): { address: number; bytes: Uint8Array } {
  if (byteLength > RING_BYTES / 4) return ownSpace(byteLength);
  if (ring === undefined) {
    ring = new Uint8Array(RING_BYTES);
    ringAddress = runtime.addressOf(ring);
  }
  const aligned = (ringNext + 15) & ~15;
  const start = aligned + byteLength > RING_BYTES ? 0 : aligned;
  ringNext = start + byteLength;
  return { address: ringAddress + start, bytes: ring.subarray(start, start + byteLength) };
}

// What is too long for the ring stays referenced until the next few long ones came by.
const longSpaces: Uint8Array[] = [];
function ownSpace(byteLength: number): { address: number; bytes: Uint8Array } {
  const bytes = new Uint8Array(byteLength);
  longSpaces.push(bytes);
  if (longSpaces.length > 8) longSpaces.shift();
  return { address: runtime.addressOf(bytes), bytes };
}

/** The address of `text` as a C string, good for the next call; null gives NULL. */
export function cString(text: string | null): number {
  if (text === null) return 0;
  const { address, bytes } = ringSpace(text.length * 3 + 1);
  bytes[encodeInto(text, bytes)] = 0;
  return address;
}

/** Zeroed scratch memory for an out-parameter or a struct, good for the next call. */
export function scratch(byteLength: number): { address: number; bytes: Uint8Array } {
  const space = ringSpace(byteLength);
  space.bytes.fill(0);
  return space;
}

/** The address of `bytes` itself. The caller holds the array until C is done with it. */
export function bytesAddress(bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : runtime.addressOf(bytes);
}

/** A NULL-terminated `char *[]` and what it points to. Keep the value while C may read it. */
export function cStringArray(texts: readonly string[]): { address: number; keep: Uint8Array } {
  const tableBytes = (texts.length + 1) * 8;
  const encoded: Uint8Array[] = [];
  let byteLength = tableBytes;
  for (const text of texts) {
    const bytes = encodeText(text);
    encoded.push(bytes);
    byteLength += bytes.length + 1;
  }
  const keep = new Uint8Array(byteLength);
  const address = runtime.addressOf(keep);
  const table = new Uint32Array(keep.buffer, 0, (texts.length + 1) * 2);
  let offset = tableBytes;
  let word = 0;
  for (const text of encoded) {
    table[word] = (address + offset) >>> 0;
    table[word + 1] = (address + offset) / 2 ** 32;
    keep.set(text, offset);
    offset += text.length + 1;
    word += 2;
  }
  return { address, keep };
}
