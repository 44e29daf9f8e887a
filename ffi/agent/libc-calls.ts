// System calls by number, made through the functions that libc has for them: what serve.ts performs
// records with.

import { errno, library } from "../library.ts";
import type { CType, Declaration, Declarations } from "../runtime/types.ts";
import { rawSyscall } from "../syscall.ts";
import { type SyscallName, syscallNameOf } from "../syscall-numbers.ts";

// Where libc's function and the system call have the same arguments. What is missing here and known
// to libc differs: its setresuid() changes all threads, one after the other, by signals, but only
// the thread that becomes the program matters; its clone() has another order.
const DECLARATIONS = {
  chdir: ["i32", "pointer"],
  chroot: ["i32", "pointer"],
  close: ["i32", "i32"],
  dup3: ["i32", "i32", "i32", "i32"],
  execve: ["i32", "pointer", "pointer", "pointer"],
  fchdir: ["i32", "i32"],
  fchownat: ["i32", "i32", "pointer", "u32", "u32", "i32"],
  ioctl: ["i32", "i32", "i64", "i64"],
  mkdirat: ["i32", "i32", "pointer", "u32"],
  mknodat: ["i32", "i32", "pointer", "u32", "i64"],
  mount: ["i32", "pointer", "pointer", "pointer", "i64", "pointer"],
  openat: ["i32", "i32", "pointer", "i32", "u32"],
  prctl: ["i32", "i32", "i64", "i64", "i64", "i64"],
  setdomainname: ["i32", "pointer", "i64"],
  sethostname: ["i32", "pointer", "i64"],
  setns: ["i32", "i32", "i32"],
  setsid: ["i32"],
  symlinkat: ["i32", "pointer", "i32", "pointer"],
  umount2: ["i32", "pointer", "i32"],
  unlinkat: ["i32", "i32", "pointer", "i32"],
  unshare: ["i32", "i32"],
  write: ["i64", "i32", "pointer", "i64"],
} as const satisfies Declarations;

const libcH = library(DECLARATIONS);

type LibcName = keyof typeof DECLARATIONS;

function isLibcName(name: SyscallName | undefined): name is SyscallName & LibcName {
  return name !== undefined && Object.hasOwn(DECLARATIONS, name);
}

/**
 * The kernel's answer to call `number` with `args`, whole 64-bit values: a result, or minus an
 * errno. A number that bunker has no name for is performed as well.
 */
export function performCall(number: number, args: readonly number[]): number {
  const name = syscallNameOf(number);
  const result = isLibcName(name) ? callLibc(name, args) : rawSyscall(number, args);
  return result === -1 ? -errno() : result;
}

function callLibc(name: LibcName, args: readonly number[]): number {
  const [, ...parameters]: Declaration = DECLARATIONS[name];
  return libcH()[name](...parameters.map((type, i) => toParameter(type, args[i] ?? 0)));
}

/** As C would cut a register's value down to its parameter: an id of -1 is 0xffffffff. */
function toParameter(type: CType, value: number): number {
  if (type === "u32") return value >>> 0;
  return type === "i32" ? value | 0 : value;
}
