// Files with holes, in the four ways that GNU tar writes them: in the header ("S", with blocks of
// more pieces after it), and as PAX records 0.0 (a record a piece), 0.1 (one list), 1.0 (a list
// before the contents). All become a list of pieces.

import type { Buffer } from "node:buffer";
import { parsePaxNumber, type PaxRecords } from "./pax.ts";
import { invalidArchive } from "./tar-entry.ts";
import { number } from "./tar-header.ts";

/** A piece of a file that is there: the others are holes. */
export interface Piece {
  readonly offset: number;
  readonly length: number;
}

/** Security: an archive of a few MB may not have us keep more than this in memory. */
const PIECES_MAX = 500_000;

const HEADER_PIECES = 4;
const BLOCK_PIECES = 21;
const PIECE_BYTES = 24;

/** The pieces in a header of type "S", whether more follow, and the size with the holes. */
export function headerPieces(block: Buffer): { pieces: Piece[]; more: boolean; size: number } {
  return {
    pieces: readPieces(block, 386, HEADER_PIECES),
    more: block[482] !== 0,
    size: number(block, 483, 12, "size"),
  };
}

/** The pieces in a block after such a header. */
export function blockPieces(block: Buffer): { pieces: Piece[]; more: boolean } {
  return { pieces: readPieces(block, 0, BLOCK_PIECES), more: block[504] !== 0 };
}

function readPieces(block: Buffer, start: number, count: number): Piece[] {
  const pieces: Piece[] = [];
  for (let i = 0; i < count; i++) {
    const at = start + i * PIECE_BYTES;
    if (block[at] === 0) break;
    const offset = number(block, at, 12, "piece of a sparse file");
    pieces.push({ offset, length: number(block, at + 12, 12, "piece of a sparse file") });
  }
  return pieces;
}

/** What PAX records say of a sparse file; undefined where they say that it is none. */
export interface PaxSparse {
  readonly name: string | undefined;
  readonly size: number;
  /** undefined: they stand before the contents (1.0). */
  readonly pieces: Piece[] | undefined;
}

export function paxSparse(records: PaxRecords): PaxSparse | undefined {
  const get = (key: string) => records.findLast(([name]) => name === `GNU.sparse.${key}`)?.[1];
  const size = get("realsize") ?? get("size");
  if (size === undefined) return undefined;
  const isInContents = get("major") === "1";
  return {
    name: get("name"),
    size: parsePaxNumber(size, "the size of a sparse file"),
    pieces: isInContents ? undefined : (listedPieces(get("map")) ?? repeatedPieces(records)),
  };
}

function listedPieces(map: string | undefined): Piece[] | undefined {
  return map === undefined ? undefined : pairs(map.split(","));
}

function repeatedPieces(records: PaxRecords): Piece[] {
  const numbers: string[] = [];
  for (const [key, value] of records) {
    if (key === "GNU.sparse.offset" || key === "GNU.sparse.numbytes") numbers.push(value);
  }
  return pairs(numbers);
}

function pairs(numbers: readonly string[]): Piece[] {
  if (numbers.length % 2 !== 0) invalidArchive("a sparse file's map has an odd number of numbers");
  const pieces: Piece[] = [];
  for (let i = 0; i < numbers.length; i += 2) {
    const offset = parsePaxNumber(numbers[i] ?? "", "the offset of a piece");
    pieces.push({ offset, length: parsePaxNumber(numbers[i + 1] ?? "", "the length of a piece") });
  }
  return pieces;
}

/** Collects the map of a 1.0 sparse file: a count and its numbers, a line each, in whole blocks. */
export class MapReader {
  #numbers: string[] = [];
  #partial = "";
  #wanted = 1;

  /** The pieces, once the block with the last of them was given. */
  add(block: Buffer): Piece[] | undefined {
    const lines = (this.#partial + block.toString("latin1")).split("\n");
    this.#partial = lines.pop() ?? "";
    if (this.#partial.length > 32 && this.#numbers.length + lines.length < this.#wanted) {
      invalidArchive("a sparse file's map has no numbers");
    }
    for (const line of lines) {
      if (this.#numbers.length === this.#wanted) break;
      this.#numbers.push(line);
      if (this.#numbers.length === 1) this.#wanted = 1 + 2 * count(line);
    }
    return this.#numbers.length < this.#wanted ? undefined : pairs(this.#numbers.slice(1));
  }
}

function count(line: string): number {
  const value = parsePaxNumber(line, "the number of a sparse file's pieces");
  if (value > PIECES_MAX) invalidArchive("a sparse file has too many pieces");
  return value;
}

/** @throws UserError unless the pieces follow each other, inside the file, and use what is stored */
export function checkPieces(pieces: readonly Piece[], size: number, stored: number): void {
  let end = 0;
  let total = 0;
  if (pieces.length > PIECES_MAX) invalidArchive("a sparse file has too many pieces");
  for (const { offset, length } of pieces) {
    if (offset < end || offset < 0 || length < 0 || offset + length > size) {
      invalidArchive("the pieces of a sparse file do not fit into it");
    }
    end = offset + length;
    total += length;
  }
  if (total !== stored) invalidArchive("the pieces of a sparse file are not what is stored");
}
