// Runs a filter as the kernel would: the oracle of the tests, and what `explain` asks.
// Kernel: the instructions that seccomp takes, kernel/seccomp.c seccomp_check_filter().
import { INSTRUCTION_BYTES } from "./assembler.ts";

/** `struct seccomp_data`, but for the instruction pointer. */
export interface SyscallData {
  /** AUDIT_ARCH_… */
  readonly arch: number;
  /** The number as the kernel has it, unsigned. */
  readonly nr: number;
  /** Up to six; the others are 0. */
  readonly args?: readonly (number | bigint)[];
}

/**
 * SECCOMP_RET_… with its data, for one system call.
 * @throws RangeError for a program that the kernel would not load
 */
export function simulate(program: Uint8Array, data: SyscallData): number {
  const code = new DataView(program.buffer, program.byteOffset, program.byteLength);
  const memory = memoryOf(data);
  let word = 0;
  for (let pc = 0; ; pc++) {
    const at = pc * INSTRUCTION_BYTES;
    const op = code.getUint16(at, true);
    const k = code.getUint32(at + 4, true);
    if (op === 0x06) return k;
    if (op === 0x20) word = memory.getUint32(k, true);
    else if (op === 0x54) word = (word & k) >>> 0;
    else if (op === 0x05) pc += k;
    else pc += code.getUint8(at + (holds(op, word, k) ? 2 : 3));
  }
}

function holds(op: number, word: number, k: number): boolean {
  if (op === 0x15) return word === k;
  if (op === 0x25) return word > k;
  if (op === 0x35) return word >= k;
  if (op === 0x45) return (word & k) !== 0;
  throw new RangeError(`no such instruction in a filter: 0x${op.toString(16)}`);
}

function memoryOf(data: SyscallData): DataView {
  const memory = new DataView(new ArrayBuffer(64));
  memory.setUint32(0, data.nr, true);
  memory.setUint32(4, data.arch, true);
  data.args?.forEach((value, i) => memory.setBigUint64(16 + i * 8, BigInt(value), true));
  return memory;
}
