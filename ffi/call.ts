// A system call as a value: what the plans are made of. Pure functions build lists of them, a
// performer (ffi/agent) carries them out, `explain` prints them.

import type { SyscallName } from "./syscall-numbers.ts";

/**
 * A place for the result of one call that later calls use: a file descriptor, a pid. As an
 * argument it stands for the value that is in it by then.
 */
export class Slot {
  /** Where it lies in the channel, once a batch that names it was written. */
  offset = 0;
  constructor(
    /** How `explain` prints it: `<rootfs>`. */
    readonly label: string,
    /** Room for a struct that a call fills, in bytes. */
    readonly byteLength = 8,
    /** What is in it before any call ran; zeros unless said. */
    readonly initial?: Uint8Array,
    /** A field of a struct that another slot holds, instead of a place of its own. */
    readonly field?: { readonly of: Slot; readonly byteOffset: number },
  ) {}
}

/** The address of a slot: for calls that write through a pointer. */
export class AddressOf {
  constructor(readonly slot: Slot) {}
}

/** A C struct by pointer. `describe` is how a person reads it, asked only when somebody does. */
export class Struct {
  constructor(
    readonly bytes: Uint8Array,
    readonly describe: () => string,
    /** Where in `bytes` a pointer to other bytes belongs. */
    readonly pointers: readonly { readonly offset: number; readonly to: Uint8Array }[] = [],
  ) {}
}

/** A `char *[]`, NULL at its end. `secret` keeps values (environment) out of what is printed. */
export class StringArray {
  constructor(
    readonly strings: readonly string[],
    readonly secret = false,
  ) {}
}

/** null is NULL; numbers are passed as 32 bits, sign-extended. */
export type Argument = number | string | null | Slot | AddressOf | Struct | StringArray;

export interface Call {
  readonly name: SyscallName;
  readonly args: readonly Argument[];
  /** Where the result goes. */
  readonly into?: Slot;
  /** Byte offset in `into`, where that holds a struct. */
  readonly intoOffset?: number;
  /** Errnos after which the performer goes on; 63 stands for all above it as well. */
  readonly tolerate?: readonly number[] | "any";
  /** How many of the following calls are left out after a tolerated errno. */
  readonly skipAfterError?: number;
  /** How many of the following calls are left out after success. */
  readonly skipAfterSuccess?: number;
  /** Where to go on after success instead: at the record that this slot starts with. */
  readonly jumpAfterSuccess?: Slot;
  /** The control page that the child of this clone serves. */
  readonly childPage?: number;
  /** The path as the user knows it, for error messages. */
  readonly path?: string;
  /** For a process in a user namespace: somebody else's call, who is root of the host. */
  readonly outside?: boolean;
}

/** Calls that belong together, and why they are there. */
export interface Step {
  readonly why: string;
  readonly calls: readonly Call[];
  /** What to do instead when one of `on` came back: these calls, then the step again. */
  readonly fallback?: Fallback;
  /** What could not be done, in the words that callers of an OCI runtime look for. */
  readonly failure?: (errno: number) => string;
  /** What this side does once the step is performed; only where steps are performed one by one. */
  readonly afterwards?: (process: Performing) => void;
}

export interface Fallback {
  readonly on: readonly number[];
  readonly why: string;
  readonly calls: readonly Call[];
  /** The calls instead, where they hang on what the performing process has in reach. */
  readonly find?: (process: Performing) => readonly Call[];
}

/** The process that performs a step, as seen from here. */
export interface Performing {
  readonly pid: number;
  /** What a slot holds by now. */
  readonly value: (slot: Slot) => number;
}
