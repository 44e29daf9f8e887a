// System call numbers and names of the architectures that bunker's machines can run.
//
// The data is one text an architecture: names in the order of their numbers, and a number wherever
// the count does not simply go on ("0 read write 16 ioctl": read 0, write 1, ioctl 16). It is taken
// apart at the first question about that architecture: a `run` with the default profile asks none.
import { SYSCALLS_AARCH64 } from "./syscalls-aarch64.ts";
import { SYSCALLS_ARM } from "./syscalls-arm.ts";
import { SYSCALLS_SHARED } from "./syscalls-shared.ts";
import { SYSCALLS_X32_OWN, X32_LACKS } from "./syscalls-x32.ts";
import { SYSCALLS_X86 } from "./syscalls-x86.ts";
import { SYSCALLS_X86_64 } from "./syscalls-x86_64.ts";

/** An architecture as `uname -m` names it, and the two more that an x86-64 kernel runs. */
export type SyscallArch = "x86_64" | "x86" | "x32" | "aarch64" | "arm";

/** Set in every system call number of x32 (`__X32_SYSCALL_BIT`). */
export const X32_SYSCALL_BIT = 0x4000_0000;

type Table = Map<string, number>;

const tables: { [arch in SyscallArch]?: Table } = {};
const names: { [arch in SyscallArch]?: Map<number, string> } = {};

/**
 * The number of `name` on `arch` (x32: with its bit 30), or undefined where it has none. Names are
 * those of libseccomp, which profiles use (`arm_fadvise64_64`, not `arm_fadvise64`).
 */
export function syscallNumber(arch: SyscallArch, name: string): number | undefined {
  return tableOf(arch).get(name);
}

/** The name of number `nr` (x32: with its bit 30) on `arch`, or undefined where it has none. */
export function syscallName(arch: SyscallArch, nr: number): string | undefined {
  let byNumber = names[arch];
  if (byNumber === undefined) {
    byNumber = new Map();
    for (const [name, number] of tableOf(arch)) byNumber.set(number, name);
    names[arch] = byNumber;
  }
  return byNumber.get(nr);
}

/** Every system call of `arch`, by name and number. */
export function listSyscalls(arch: SyscallArch): ReadonlyMap<string, number> {
  return tableOf(arch);
}

function tableOf(arch: SyscallArch): Table {
  return (tables[arch] ??= readTable(arch));
}

function readTable(arch: SyscallArch): Table {
  const table: Table = new Map();
  if (arch === "x32") return readX32(table);
  addNames(table, SYSCALLS_SHARED);
  if (arch === "x86_64") addNames(table, SYSCALLS_X86_64);
  else if (arch === "x86") addNames(table, SYSCALLS_X86);
  else if (arch === "arm") addNames(table, SYSCALLS_ARM);
  else addNames(table, SYSCALLS_AARCH64);
  return table;
}

function readX32(table: Table): Table {
  for (const [name, nr] of tableOf("x86_64")) table.set(name, nr + X32_SYSCALL_BIT);
  for (const name of X32_LACKS.split(" ")) table.delete(name);
  addNames(table, SYSCALLS_X32_OWN, X32_SYSCALL_BIT);
  return table;
}

function addNames(table: Table, data: string, bit = 0): void {
  let next = 0;
  for (const word of data.replaceAll("\n", " ").trim().split(" ")) {
    if (word.charCodeAt(0) <= 0x39) next = Number(word);
    else table.set(word, bit + next++);
  }
}
