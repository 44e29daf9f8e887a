// What the kernel refused, as a value: which call, which errno, on which path, with which flags,
// and what to do about it.

import { errnoMessage, errnoName } from "./errno.ts";
import { hintFor } from "./hints.ts";

export interface SyscallContext {
  /** The path as the user knows it. */
  readonly path?: string;
  /** Flags by name, the value written, or whatever else tells this call from another. */
  readonly detail?: string;
  /** What could not be done, in the words that callers of an OCI runtime look for. */
  readonly failure?: string;
}

/** A system call that failed. `code` is the errno's name, to branch on. */
export class SyscallError extends Error {
  override readonly name = "SyscallError";
  readonly code: string;
  readonly path: string | undefined;
  readonly detail: string | undefined;
  readonly failure: string | undefined;

  constructor(
    readonly syscall: string,
    readonly errno: number,
    context: SyscallContext = {},
    options?: ErrorOptions,
  ) {
    super(describe(syscall, errno, context), options);
    this.code = errnoName(errno);
    this.path = context.path;
    this.detail = context.detail;
    this.failure = context.failure;
  }

  /** What to do about it, where that is known. */
  get hint(): string | undefined {
    return hintFor(this.syscall, this.code, this.path);
  }
}

/** `mount /proc: EPERM (operation not permitted) [MS_NOSUID|MS_NODEV]` */
function describe(syscall: string, errno: number, { path, detail }: SyscallContext): string {
  const where = path === undefined ? "" : ` ${path}`;
  const flags = detail === undefined || detail === "" ? "" : ` [${detail}]`;
  return `${syscall}${where}: ${errnoName(errno)} (${errnoMessage(errno)})${flags}`;
}

/** Whether `error` is a SyscallError with one of `codes` (any, where none is named). */
export function isSyscallError(error: unknown, ...codes: string[]): error is SyscallError {
  return error instanceof SyscallError && (codes.length === 0 || codes.includes(error.code));
}
