// Device rules as a BPF program. It runs at each open and mknod of a device in the cgroup, and
// answers 1 to let it pass. Kernel: since 4.15 (BPF_PROG_TYPE_CGROUP_DEVICE).
//
//   struct bpf_cgroup_dev_ctx { u32 access_type; u32 major; u32 minor; };
//                               access << 16 | type (1 block, 2 character)
//
//   r2 = type, r3 = access, r4 = major, r5 = minor
//   for each exception:  on a mismatch go to the next one; else return its verdict
//   return the default

import type { DeviceException, DevicePolicy } from "./device-rules.ts";

const TYPE_BLOCK = 1;
const TYPE_CHARACTER = 2;
const ALL_ACCESS = 7;
const INSTRUCTION_BYTES = 8;

// linux/bpf_common.h and linux/bpf.h: class | operation | source.
const LDX_MEM_W = 0x61;
const MOV_REG = 0xbc;
const MOV_IMM = 0xb4;
const AND_IMM = 0x54;
const RSH_IMM = 0x74;
// Kernel: 64-bit compares, as 32-bit ones came with 5.1. The upper halves are zero but for the
// immediate, which is sign-extended: a number from 2^31 on is compared through a register.
const JNE_IMM = 0x55;
const JNE_REG = 0x5d;
const JEQ_IMM = 0x15;
const EXIT = 0x95;

/** code, destination, source, offset, immediate. */
type Instruction = readonly [
  code: number,
  destination: number,
  source: number,
  offset: number,
  immediate: number,
];

/** The program, 8 bytes an instruction, little-endian as both architectures are. */
export function deviceProgram(policy: DevicePolicy): Uint8Array {
  const instructions: Instruction[] = [
    [LDX_MEM_W, 2, 1, 0, 0],
    [MOV_REG, 3, 2, 0, 0],
    [AND_IMM, 2, 0, 0, 0xffff],
    [RSH_IMM, 3, 0, 0, 16],
    [LDX_MEM_W, 4, 1, 4, 0],
    [LDX_MEM_W, 5, 1, 8, 0],
  ];
  for (const exception of policy.exceptions) {
    instructions.push(...exceptionBlock(exception, !policy.defaultAllow));
  }
  instructions.push(...verdict(policy.defaultAllow));
  return encode(instructions);
}

/** Jumps are written as 0 and pointed behind the block's end once its length is known. */
function exceptionBlock(exception: DeviceException, allow: boolean): Instruction[] {
  const type = exception.type === "b" ? TYPE_BLOCK : TYPE_CHARACTER;
  const block: Instruction[] = [[JNE_IMM, 2, 0, 0, type]];
  if (exception.access !== ALL_ACCESS) block.push(...accessTest(exception.access, allow));
  if (exception.major !== null) block.push(...numberTest(4, exception.major));
  if (exception.minor !== null) block.push(...numberTest(5, exception.minor));
  block.push(...verdict(allow));
  return block.map((instruction, i) => {
    const [code, destination, source, , immediate] = instruction;
    return isJump(code)
      ? [code, destination, source, block.length - i - 1, immediate]
      : instruction;
  });
}

/** To allow, the exception has to cover the whole request; to deny, touching it is enough. */
function accessTest(access: number, allow: boolean): Instruction[] {
  const copy: Instruction = [MOV_REG, 1, 3, 0, 0];
  return allow
    ? [copy, [AND_IMM, 1, 0, 0, ~access & ALL_ACCESS], [JNE_IMM, 1, 0, 0, 0]]
    : [copy, [AND_IMM, 1, 0, 0, access], [JEQ_IMM, 1, 0, 0, 0]];
}

function numberTest(register: number, value: number): Instruction[] {
  if (value < 2 ** 31) return [[JNE_IMM, register, 0, 0, value]];
  return [
    [MOV_IMM, 1, 0, 0, value],
    [JNE_REG, register, 1, 0, 0],
  ];
}

function verdict(allow: boolean): Instruction[] {
  return [
    [MOV_IMM, 0, 0, 0, allow ? 1 : 0],
    [EXIT, 0, 0, 0, 0],
  ];
}

function isJump(code: number): boolean {
  return code === JNE_IMM || code === JNE_REG || code === JEQ_IMM;
}

function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  instructions.forEach(([code, destination, source, offset, immediate], i) => {
    const at = i * INSTRUCTION_BYTES;
    view.setUint8(at, code);
    view.setUint8(at + 1, (source << 4) | destination);
    view.setInt16(at + 2, offset, true);
    view.setUint32(at + 4, immediate >>> 0, true);
  });
  return bytes;
}
