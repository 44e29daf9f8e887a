// sched.h: namespaces, and the CPUs that a process may use.

import { CLONE, formatFlags } from "./constants.ts";
import { EINVAL } from "./errno.ts";
import { check, library, scratch } from "./library.ts";
import { SyscallError } from "./syscall-error.ts";

const schedH = library({
  clone: ["i32", "pointer", "pointer", "i32", "pointer", "pointer", "pointer", "pointer"],
  unshare: ["i32", "i32"],
  setns: ["i32", "i32", "i32"],
  sched_getcpu: ["i32"],
  sched_getaffinity: ["i32", "i32", "i64", "pointer"],
  sched_setaffinity: ["i32", "i32", "i64", "pointer"],
});

/** A CPU mask with room for 8192 CPUs, the most that Linux can be built for on x86-64. */
const CPU_MASK_BYTES = 1024;
const SIGNAL_BITS = 0xff;

/** Flags with which a child would be one of this process's own threads. */
const CLONE_THREAD = 0x10000;

/**
 * The pid of a child that runs the native function at `entry` with `argument` and ends with its
 * result. clone(2) as libc has it, with SIGCHLD or another signal in the low bits of `flags`.
 *
 * The child can't go on in JavaScript: of a process with many threads only the calling one is
 * copied, so the engine's locks stay taken and its garbage collector and compiler are gone.
 * `entry` must therefore be machine code or an async-signal-safe C function (`_exit`, `pause`);
 * ffi/agent is a whole program of this kind. `stackTop` is the high end of memory that is the
 * child's own, aligned to 16 bytes. Threads (CLONE_THREAD, CLONE_SIGHAND) are refused: the engine
 * would take such a child for one of its own.
 */
export function clone(entry: number, stackTop: number, flags: number, argument: number): number {
  const detail = () => ({ detail: formatFlags(CLONE, flags & ~SIGNAL_BITS) });
  if ((flags & (CLONE_THREAD | CLONE.CLONE_SIGHAND)) !== 0) {
    throw new SyscallError("clone", EINVAL, detail());
  }
  return check(schedH().clone(entry, stackTop, flags, argument, 0, 0, 0), "clone", detail);
}

/**
 * Moves this thread into new namespaces. unshare(2); the kernel refuses CLONE_NEWUSER with EINVAL
 * where the process has several threads, as one with a JavaScript engine always has.
 */
export function unshare(flags: number): void {
  check(schedH().unshare(flags), "unshare", () => ({ detail: formatFlags(CLONE, flags) }));
}

/**
 * Moves this thread into the namespace (or, for a pidfd, the namespaces in `flags`) that `fd`
 * refers to. setns(2). `path` is for the error message. For the user namespace see unshare().
 */
export function setns(fd: number, flags: number, path?: string): void {
  check(schedH().setns(fd, flags), "setns", () => ({
    detail: formatFlags(CLONE, flags),
    ...(path === undefined ? {} : { path }),
  }));
}

/** The CPU this thread runs on just now. sched_getcpu(3) */
export function sched_getcpu(): number {
  return check(schedH().sched_getcpu(), "getcpu");
}

/** The CPUs that process `pid` (0: this thread) may use, ascending. sched_getaffinity(2) */
export function sched_getaffinity(pid: number): number[] {
  const mask = scratch(CPU_MASK_BYTES);
  check(schedH().sched_getaffinity(pid, CPU_MASK_BYTES, mask.address), "sched_getaffinity");
  const cpus: number[] = [];
  mask.bytes.forEach((byte, i) => {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) cpus.push(i * 8 + bit);
  });
  return cpus;
}

/** Restricts process `pid` (0: this thread) to `cpus`. sched_setaffinity(2); EINVAL for none. */
export function sched_setaffinity(pid: number, cpus: readonly number[]): void {
  const mask = scratch(CPU_MASK_BYTES);
  for (const cpu of cpus) {
    const index = cpu >> 3;
    mask.bytes[index] = (mask.bytes[index] ?? 0) | (1 << (cpu & 7));
  }
  const result = schedH().sched_setaffinity(pid, CPU_MASK_BYTES, mask.address);
  check(result, "sched_setaffinity", () => ({ detail: `cpus ${cpus.join(",")}` }));
}
