// The agent's executable: two program headers, two data words and the machine code, as one small
// static ELF file. It is made anew for each agent, as the data words name its channel.
//
//   0x00  ELF header                      64 bytes
//   0x40  PT_LOAD, read and execute       56
//   0x78  PT_GNU_STACK, not executable    56
//   0xb0  channel: descriptor, byte size   8
//   0xb8  code                            223 (x86-64), 328 (arm64)

import { EXECUTABLE_CHANNEL_OFFSET } from "./layout.ts";

/**
 * One instruction a line: its bytes in hexadecimal, a space, and the listing's text; and comments.
 * Start-up time: a text, as a table of a hundred strings takes 0.1 ms to come into being.
 */
export type Listing = string;

/** Where the executable is mapped; the x86-64 code refers to its data words by this address. */
const LOAD_ADDRESS = 0x400000;
const ELF_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const DATA_OFFSET = EXECUTABLE_CHANNEL_OFFSET;
const CODE_OFFSET = DATA_OFFSET + 8;

const ET_EXEC = 2;
const EM_X86_64 = 62;
const EM_AARCH64 = 183;
const PT_LOAD = 1;
const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;
const PF_W = 2;
const PF_R = 4;
const PAGE_BYTES = 0x10000; // the largest page of either architecture

/** How long the last part of the code is, "die". */
const DIE_BYTES = { x64: 13, arm64: 12 } as const;

/** Where "die" is in the agent: the handler of a signal that is to end it. */
export function dieAddress(arch: ElfOptions["arch"], code: Listing): number {
  return LOAD_ADDRESS + CODE_OFFSET + codeBytes(code).length - DIE_BYTES[arch];
}

export interface ElfOptions {
  readonly arch: "x64" | "arm64";
  readonly code: Listing;
  /** The descriptor of the channel in the agent. */
  readonly channelFd: number;
  readonly channelBytes: number;
}

/** The whole file, ready for a memfd. elf(5) */
export function makeElf({ arch, code, channelFd, channelBytes }: ElfOptions): Uint8Array {
  const machineCode = codeBytes(code);
  const file = new Uint8Array(CODE_OFFSET + machineCode.length);
  const view = new DataView(file.buffer);
  writeElfHeader(view, arch === "x64" ? EM_X86_64 : EM_AARCH64);
  writeProgramHeader(view, ELF_HEADER_BYTES, PT_LOAD, PF_R | PF_X, file.length);
  writeProgramHeader(view, ELF_HEADER_BYTES + PROGRAM_HEADER_BYTES, PT_GNU_STACK, PF_R | PF_W, 0);
  view.setUint32(DATA_OFFSET, channelFd, true);
  view.setUint32(DATA_OFFSET + 4, channelBytes, true);
  file.set(machineCode, CODE_OFFSET);
  return file;
}

const INDENT = 2;

/** The bytes of a listing in a row. */
export function codeBytes(code: Listing): Uint8Array {
  let hex = "";
  for (const line of code.split("\n")) {
    if (!line.startsWith("  //")) hex += line.slice(INDENT, line.indexOf(" ", INDENT));
  }
  return Uint8Array.fromHex(hex);
}

function writeElfHeader(view: DataView, machine: number): void {
  view.setUint32(0, 0x7f454c46); // magic
  view.setUint8(4, 2); // 64 bits
  view.setUint8(5, 1); // little endian
  view.setUint8(6, 1); // version
  view.setUint16(16, ET_EXEC, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setUint32(24, LOAD_ADDRESS + CODE_OFFSET, true); // entry
  view.setUint32(32, ELF_HEADER_BYTES, true); // program headers
  view.setUint16(52, ELF_HEADER_BYTES, true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, 2, true);
}

function writeProgramHeader(
  view: DataView,
  at: number,
  type: number,
  flags: number,
  byteLength: number,
): void {
  view.setUint32(at, type, true);
  view.setUint32(at + 4, flags, true);
  if (type === PT_LOAD) {
    view.setUint32(at + 16, LOAD_ADDRESS, true);
    view.setUint32(at + 24, LOAD_ADDRESS, true);
  }
  view.setUint32(at + 32, byteLength, true);
  view.setUint32(at + 40, byteLength, true);
  view.setUint32(at + 48, PAGE_BYTES, true);
}
