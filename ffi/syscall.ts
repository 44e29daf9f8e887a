// syscall(2): for the calls that the C libraries of older systems have no function for.

import { check, library } from "./library.ts";
import type { SyscallContext } from "./syscall-error.ts";
import { syscallNumber, type SyscallName } from "./syscall-numbers.ts";

const unistdH = library({
  syscall: ["i64", "i64", "i64", "i64", "i64", "i64", "i64", "i64"],
});

/** What a call may say about itself where it fails; a function is only called then. */
export type Context = SyscallContext | (() => SyscallContext);

/** The result of the system call `name`. Throws SyscallError; ENOSYS where the kernel lacks it. */
export function syscall(name: SyscallName, args: readonly number[], context?: Context): number {
  return check(rawSyscall(syscallNumber(name), args), name, context);
}

/** rawSyscall by name. Each libc function that is looked up costs 10 to 30 µs; this one is there. */
export function rawCall(name: SyscallName, ...args: number[]): number {
  return rawSyscall(syscallNumber(name), args);
}

/**
 * The result as libc's syscall() gives it: -1 for a failure, with errno to be read at once. For
 * the few callers in ffi/ to whom one errno is an answer and not a failure.
 */
export function rawSyscall(number: number, [a, b, c, d, e, f]: readonly number[]): number {
  return unistdH().syscall(number, a ?? 0, b ?? 0, c ?? 0, d ?? 0, e ?? 0, f ?? 0);
}
