// The prelude is a kilobyte of machine code with which the compiled executable begins. It looks for an
// image: a file with a program of system calls, written by an earlier bunker for the very words that
// it is called with. Where there is one, it is performed, and nothing of the runtime ever starts; where
// there is none, or anything is not as it was, the runtime starts as if nothing had been.
// docs/decisions/prelude.md
//
//   image, mapped at IMAGE_ADDRESS, private: what is written to it is nobody else's
//   0x00  "prelude1"                               0x08  end: address behind the last record
//   0x10  undo: where to go on after a failure, or 0
//   0x20  address and length of the words          ⎫
//   0x30  address and length of the last word      ⎬ filled in by the prelude
//   0x40  address of what --log was given, or 0    ⎭
//   0x50  programs: hash of the words, address of the first record; until the address is 0
//   0xa0  data, then records
//
// The words are those of the command line as they lie in memory, each with a NUL behind it: of an OCI
// verb all but the last, which is the container's id, of `run` all.
//
//   bunker run WORDS            RUN/preludes/PLACE
//   bunker oci … VERB WORDS ID  ROOT/ID/prelude for the words from the verb on, where --root is given;
//                               else RUN/preludes/PLACE for all words
//
// Records are the agent's (../agent/layout.ts), but for these two:
//
//   +0   number: below 0 it is an operation of the prelude itself
//   +52  address of the record at which a child of this call goes on

import { RECORD_CHILD_PAGE } from "../agent/layout.ts";

/** Changes with whatever changes the meaning of an image. */
export const MAGIC = "prelude1";

/** Above all that the executable takes, and below 2 GiB as records want it. */
export const IMAGE_ADDRESS = 0x20000000;

export const HEAD_END = 0x08;
export const HEAD_UNDO = 0x10;
export const HEAD_WORDS = 0x20;
export const HEAD_LAST_WORD = 0x30;
export const HEAD_LOG = 0x40;
export const HEAD_PROGRAMS = 0x50;
export const PROGRAMS_MAX = 9;
export const HEAD_BYTES = 0xa0;

export const RECORD_CHILD = RECORD_CHILD_PAGE;

/** The file in a container's folder, and the folder of those for whole command lines. */
export const CONTAINER_FILE = "prelude";
export const FOLDER = "preludes";

/** What the prelude does by itself; the number of an operation is minus its place here. */
export const OPERATIONS = [
  /** To, from, length. */
  "copy",
  /** Two addresses, length: EPERM where they differ. */
  "compare",
  /** The decimal digits of a number, up to an address. */
  "decimal",
  /** Up to an address: of a text, the word of that number behind its last ")", and a character before. */
  "field",
  /** A variable's name, and what it has to be; 0 for not set. EPERM where it is not so. */
  "variable",
  /** An address, a number. */
  "add",
  "and",
  /** To, from, length. */
  "hex",
] as const;

export type Operation = (typeof OPERATIONS)[number];

/** The hash of some words, as the prelude makes it. @param lastLength of the last word, in bytes */
export function hashWords(words: Uint8Array, lastLength: number): number {
  let hash = lastLength;
  for (const byte of words) hash = (Math.imul(hash, 31) + byte) >>> 0;
  return hash;
}

/** The name of the file for a hash. */
export const placeOf = (hash: number): string =>
  String.fromCharCode(97 + (hash & 15), 97 + ((hash >>> 4) & 3));
