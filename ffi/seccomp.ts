// linux/seccomp.h: loading a filter into this thread.

import { SECCOMP_SET_MODE_FILTER } from "./constants.ts";
import { bytesAddress, scratch } from "./library.ts";
import { SOCK_FPROG } from "./struct-tables.ts";
import { writeStruct } from "./structs.ts";
import { syscall } from "./syscall.ts";

const INSTRUCTION_BYTES = 8;

/** As `flags`: all threads of the process get the filter. */
export const SECCOMP_FILTER_FLAG_TSYNC = 1;

/**
 * Loads a compiled BPF program for good. seccomp(2); EACCES without CAP_SYS_ADMIN and
 * no_new_privs, EINVAL for a program that the kernel's checker refuses.
 */
export function seccompSetFilter(program: Uint8Array, flags: number): void {
  const instructions = program.length / INSTRUCTION_BYTES;
  const description = scratch(SOCK_FPROG.byteLength);
  writeStruct(SOCK_FPROG, description.bytes, { len: instructions, filter: bytesAddress(program) });
  const args = [SECCOMP_SET_MODE_FILTER, flags, description.address];
  syscall("seccomp", args, { detail: `${instructions} instructions` });
}
