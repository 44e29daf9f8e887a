// syscall(2): for the calls that the C libraries of older systems have no function for.

import { baseFunctions, check } from "./library.ts";
import type { SyscallContext } from "./syscall-error.ts";
import { syscallNumber, type SyscallName } from "./syscall-numbers.ts";

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
export function rawSyscall(number: number, args: readonly number[]): number {
  // Start-up time: by index, as taking an array apart by a pattern goes through its iterator.
  return baseFunctions().syscall(
    number,
    args[0] ?? 0,
    args[1] ?? 0,
    args[2] ?? 0,
    args[3] ?? 0,
    args[4] ?? 0,
    args[5] ?? 0,
  );
}
