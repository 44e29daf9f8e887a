// The first instructions of bunker's own executable, for x86-64: the agent's loop once more, with a tape
// (tape.ts) to perform before the runtime starts. They keep what a program is started with, so that the
// tape can go on to the runtime as if nothing had been before it: rt_sigreturn(2) restores all registers.
//
//   rsp  argc, argv, environment, as the kernel has laid them out      rdx  what the loader wants called at exit

import { CODE_X64 } from "./code-x64.ts";
import { codeBytes, type Listing } from "./elf.ts";

/** Where what is filled in belongs, in bytes from the beginning. */
const HOLES = { stack: 4, exit: 12, frame: 17, control: 22 } as const;

/** With holes of zeros. tests/ffi/agent-code.pure.test.ts compares it with what objdump says. */
export const ENTRY_X64: Listing = `
  4889242500000000 mov QWORD PTR ds:0x0,rsp
  4889142500000000 mov QWORD PTR ds:0x0,rdx
  bc00000000 mov esp,0x0
  bb00000000 mov ebx,0x0
`;

/** The loop of the agent, from where it waits for a batch to where it tells of the end. */
export function loopOf(code: Listing): Listing {
  return code.slice(code.indexOf("  // serve"), code.indexOf("  // die"));
}

export interface EntryAddresses {
  /** Where rsp and rdx are kept. */
  readonly stack: number;
  readonly exit: number;
  /** What rt_sigreturn restores, and below it the loop's own stack. */
  readonly frame: number;
  /** The control page of the tape. */
  readonly control: number;
}

/** All of it: some 200 bytes. */
export function entryBytes(addresses: EntryAddresses): Uint8Array {
  const bytes = codeBytes(ENTRY_X64 + loopOf(CODE_X64));
  const view = new DataView(bytes.buffer);
  view.setUint32(HOLES.stack, addresses.stack, true);
  view.setUint32(HOLES.exit, addresses.exit, true);
  view.setUint32(HOLES.frame, addresses.frame, true);
  view.setUint32(HOLES.control, addresses.control, true);
  return bytes;
}
