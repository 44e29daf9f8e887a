// A BPF machine small enough to read, for the instructions that device filters use. It refuses
// what the kernel's verifier would refuse of them: reading an unset register, leaving the program,
// jumping backwards.

/** What an open or mknod asks of the filter. */
export interface Request {
  readonly type: "c" | "b";
  readonly access: number;
  readonly major: number;
  readonly minor: number;
}

const MASK_32 = 0xffff_ffffn;

/** r0 at the program's exit: whether the request may pass. */
export function runDeviceProgram(program: Uint8Array, request: Request): boolean {
  const context = contextOf(request);
  const view = new DataView(program.buffer);
  const registers: (bigint | undefined)[] = [undefined, 0n];
  const read = (register: number): bigint => {
    const value = registers[register];
    if (value === undefined) throw new Error(`register r${register} is read before it is set`);
    return value;
  };
  for (let at = 0; at < program.length; at += 8) {
    const code = view.getUint8(at);
    const destination = view.getUint8(at + 1) & 15;
    const source = view.getUint8(at + 1) >> 4;
    const offset = view.getInt16(at + 4 - 2, true);
    const immediate = BigInt(view.getInt32(at + 4, true));
    const jump = (taken: boolean): void => {
      if (offset < 0) throw new Error("jump backwards");
      if (taken) at += offset * 8;
    };
    if (code === 0x61) registers[destination] = BigInt(context.getUint32(offset, true));
    else if (code === 0xbc) registers[destination] = read(source) & MASK_32;
    else if (code === 0xb4) registers[destination] = immediate & MASK_32;
    else if (code === 0x54) registers[destination] = read(destination) & immediate & MASK_32;
    else if (code === 0x74) registers[destination] = (read(destination) & MASK_32) >> immediate;
    else if (code === 0x55) jump(read(destination) !== BigInt.asUintN(64, immediate));
    else if (code === 0x15) jump(read(destination) === BigInt.asUintN(64, immediate));
    else if (code === 0x5d) jump(read(destination) !== read(source));
    else if (code === 0x95) return read(0) === 1n;
    else throw new Error(`unknown instruction 0x${code.toString(16)}`);
  }
  throw new Error("the program does not end in an exit");
}

function contextOf({ type, access, major, minor }: Request): DataView {
  const context = new DataView(new ArrayBuffer(12));
  context.setUint32(0, (access << 16) | (type === "b" ? 1 : 2), true);
  context.setUint32(4, major, true);
  context.setUint32(8, minor, true);
  return context;
}
