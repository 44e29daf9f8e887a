// What a runtime's FFI has to offer. bun.ts and deno.ts implement it; `#runtime` (package.json and
// deno.json) picks the one that fits, so that nothing else knows which runtime it runs on.

/** C types as they cross the FFI; a pointer is a plain number (user addresses fit in 2^53). */
export type CType = "i32" | "u32" | "i64" | "pointer" | "void";

/** A C function: its result, then its parameters. */
export type Declaration = readonly [result: CType, ...parameters: CType[]];
export type Declarations = Readonly<Record<string, Declaration>>;

/** Every function takes numbers and returns a number (0 for void). */
export type Functions<D extends Declarations> = {
  readonly [K in keyof D]: (...args: number[]) => number;
};

/** Makes a SHA-256 of what passes by. */
export interface Sha256 {
  update(bytes: Uint8Array | string): void;
  /** 64 hexadecimal digits; nothing can be added afterwards. */
  hex(): string;
}

export interface Runtime {
  readonly name: "bun" | "deno";
  /** Opens the first of `libraries` that exists. Throws where none does, or a symbol is missing. */
  openLibrary<D extends Declarations>(libraries: readonly string[], declarations: D): Functions<D>;
  /** The address of a view's first byte. The caller keeps the view alive while C may use it. */
  addressOf(view: Uint8Array): number;
  /** `byteLength` bytes of memory at `address`, live: not a copy. */
  memoryAt(address: number, byteLength: number): ArrayBuffer;
  /** Start-up time: node:crypto takes several milliseconds to load, which a run of an image has not. */
  sha256(): Sha256;
  /** The command's own arguments, without the runtime's. */
  argv(): string[];
  /** What this program was called by, as its caller wrote it; "" where that is not known. */
  argv0(): string;
  /** Whether this program is an executable of its own, and not run from its source. */
  isCompiled(): boolean;
  /** How to start this program again: executable and its first arguments. */
  selfCommand(): string[];
}
