// The 512 bytes before each file of an archive: v7, POSIX ustar, GNU and star. tar(5)
//
//   0    name 100        257  magic "ustar\0" (POSIX), "ustar  \0" (GNU)
//   100  mode 8          329  device major 8
//   108  uid 8           337  device minor 8
//   116  gid 8           345  prefix 155 (POSIX; star: 131, and "tar\0" at 508)
//   124  size 12              GNU: 386 four pieces of a sparse file, 24 each
//   136  time 12              GNU: 482 whether more pieces follow
//   148  checksum 8           GNU: 483 real size 12
//   156  type 1          157  link name 100

import type { Buffer } from "node:buffer";
import { invalidArchive } from "./tar-entry.ts";

export const BLOCK_BYTES = 512;

export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow in the archive. */
  readonly size: number;
  readonly seconds: number;
  /** One character; "0" for a file. */
  readonly type: string;
  readonly linkName: string;
  readonly major: number;
  readonly minor: number;
}

const CHECKSUM = 148;
const CHECKSUM_END = 156;
const SPACE = 0x20;

/** Whether it is nothing but zeros: two of these end an archive. */
export function isZeroBlock(block: Uint8Array): boolean {
  // Speed: in a header some of the first bytes are never zero.
  if (block[0] !== 0) return false;
  return block.every((byte) => byte === 0);
}

/** The header in a block. Throws UserError where it is none. */
export function parseHeader(block: Buffer): TarHeader {
  verifyChecksum(block);
  const isUstar = block.toString("latin1", 257, 262) === "ustar";
  const isPosix = isUstar && block[262] === 0;
  const name = text(block, 0, 100);
  const prefix = isPosix ? text(block, 345, isStar(block) ? 131 : 155) : "";
  const type = block[156] === 0 ? "0" : String.fromCharCode(block[156] ?? 0);
  const isDevice = isUstar && (type === "3" || type === "4");
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    mode: number(block, 100, 8, "mode") & 0o7777,
    uid: owner(number(block, 108, 8, "owner"), "owner"),
    gid: owner(number(block, 116, 8, "group"), "group"),
    size: size(number(block, 124, 12, "size")),
    seconds: number(block, 136, 12, "time"),
    type,
    linkName: text(block, 157, 100),
    major: isDevice ? number(block, 329, 8, "device number") : 0,
    minor: isDevice ? number(block, 337, 8, "device number") : 0,
  };
}

const isStar = (block: Buffer): boolean => block.toString("latin1", 508, 512) === "tar\0";

/** Old archivers added the bytes up as signed ones. */
function verifyChecksum(block: Buffer): void {
  const wanted = number(block, CHECKSUM, 8, "checksum");
  let unsigned = 0;
  let negative = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const byte = block[i]!;
    unsigned += byte;
    if (byte > 127) negative += 256;
  }
  for (let i = CHECKSUM; i < CHECKSUM_END; i++) {
    const byte = block[i]!;
    unsigned += SPACE - byte;
    if (byte > 127) negative -= 256;
  }
  if (wanted !== unsigned && wanted !== unsigned - negative) {
    invalidArchive("a header's checksum is wrong");
  }
}

/** Bytes up to the first zero. */
function text(block: Buffer, start: number, length: number): string {
  const end = block.indexOf(0, start);
  const limit = start + length;
  return block.toString("latin1", start, end < 0 || end > limit ? limit : end);
}

/** Octal digits between spaces and zeros, or with the first bit set a binary number. */
export function number(block: Buffer, start: number, length: number, what: string): number {
  const first = block[start]!;
  if (first >= 0x80) return binary(block, start, length, what);
  let at = start;
  const end = start + length;
  while (at < end && (block[at] === SPACE || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at]!;
    if (byte === 0 || byte === SPACE) break;
    if (byte < 0x30 || byte > 0x37) invalidArchive(`the ${what} of an entry is no octal number`);
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

/** Big-endian, two's complement, its first bit being the mark. */
function binary(block: Buffer, start: number, length: number, what: string): number {
  const first = block[start]!;
  let value = (first & 0x40) === 0 ? first & 0x3f : (first & 0x3f) - 0x40;
  for (let i = start + 1; i < start + length; i++) value = value * 256 + block[i]!;
  if (!Number.isSafeInteger(value)) invalidArchive(`the ${what} of an entry is too large`);
  return value;
}

/** Every id but the last, which chown(2) takes for "leave it". */
export function owner(id: number, what: string): number {
  if (id < 0 || id >= 0xffffffff) invalidArchive(`the ${what} of an entry is out of range: ${id}`);
  return id;
}

export function size(bytes: number): number {
  if (bytes < 0) invalidArchive("the size of an entry is negative");
  return bytes;
}
