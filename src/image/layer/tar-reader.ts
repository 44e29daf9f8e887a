// Reads an archive as it comes, in pieces of any size, with little of it in memory: v7, ustar, PAX,
// GNU long names and sparse files. What is not valid is refused; see sparse.ts and pax.ts for the
// extensions.
//
//   header ─▶ "L" "K" "x" "g"  ─▶ collected, for the next header
//          ─▶ "S" with more    ─▶ blocks of pieces ─▶ contents
//          ─▶ sparse 1.0       ─▶ map in blocks    ─▶ contents
//          ─▶ others                               ─▶ contents, filled up to 512

import { Buffer } from "node:buffer";
import { parsePax, parsePaxNumber, parsePaxTime, type PaxRecords, paxAttributes } from "./pax.ts";
import {
  blockPieces,
  checkPieces,
  headerPieces,
  MapReader,
  paxSparse,
  type Piece,
} from "./sparse.ts";
import { type EntryType, invalidArchive, type TarEntry, type TarSink } from "./tar-entry.ts";
import {
  BLOCK_BYTES,
  isZeroBlock,
  owner,
  parseHeader,
  size as checkSize,
  type TarHeader,
} from "./tar-header.ts";

/** As Go's archive/tar; a name has 4096 bytes at most, attributes 64 KiB each. */
const EXTENSION_BYTES_MAX = 1024 * 1024;

const TYPES: Readonly<Record<string, EntryType>> = {
  "0": "file",
  "7": "file",
  S: "file",
  "1": "link",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "folder",
  "6": "fifo",
};

/** These may say a size, and nothing follows; GNU's "D" has a list, v7's folders may have anything. */
const WITHOUT_CONTENTS = ["1", "2", "3", "4", "5", "6"];

const EXTENSIONS = ["x", "X", "g", "L", "K"];

/** What was said before a header about the entry to come. */
interface Extensions {
  name?: string;
  linkName?: string;
  records?: PaxRecords;
}

type State =
  | { readonly kind: "header" }
  | { readonly kind: "extension"; readonly type: string; readonly bytes: Buffer; length: number }
  | { readonly kind: "pieces"; readonly entry: Pending; readonly pieces: Piece[] }
  | { readonly kind: "map"; readonly entry: Pending; readonly reader: MapReader }
  | { readonly kind: "contents" }
  | { readonly kind: "end" };

/** An entry whose contents begin later. */
interface Pending {
  readonly entry: TarEntry;
  stored: number;
}

const HEADER: State = { kind: "header" };
const CONTENTS: State = { kind: "contents" };
const END: State = { kind: "end" };

export class TarReader {
  #state: State = HEADER;
  #extensions: Extensions = {};
  /** A block that came in parts. */
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  #blockLength = 0;
  #sawZeroBlock = false;
  /** Contents: how much is to come, and the filling after it. */
  #rest = 0;
  #padding = 0;
  /** Whether the contents go to the sink. */
  #isWanted = false;
  #pieces: readonly Piece[] = [];
  #piece = 0;
  #inPiece = 0;

  constructor(private readonly sink: TarSink) {}

  /** Takes the next bytes. Throws UserError where they are no archive, and what the sink throws. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let at = 0;
    while (at < bytes.length && this.#state !== END) at = this.#step(bytes, at);
  }

  /** To be called when nothing more comes. Throws UserError where something is missing. */
  finish(): void {
    const isBetween = this.#state === END || (this.#state === HEADER && this.#blockLength === 0);
    const isWhole = Object.keys(this.#extensions).length === 0 && this.#padding === 0;
    if (!isBetween || !isWhole) invalidArchive("it ends too early");
  }

  /** Uses some of `bytes` from `at` on; how far it came. */
  #step(bytes: Buffer, at: number): number {
    const state = this.#state;
    if (state.kind === "contents") return this.#contents(bytes, at);
    if (state.kind === "extension") return this.#extension(state, bytes, at);
    if (this.#padding > 0) return this.#skipPadding(bytes, at);
    if (this.#blockLength === 0 && bytes.length - at >= BLOCK_BYTES) {
      this.#takeBlock(bytes.subarray(at, at + BLOCK_BYTES));
      return at + BLOCK_BYTES;
    }
    const end = Math.min(bytes.length, at + BLOCK_BYTES - this.#blockLength);
    bytes.copy(this.#block, this.#blockLength, at, end);
    this.#blockLength += end - at;
    if (this.#blockLength < BLOCK_BYTES) return end;
    this.#blockLength = 0;
    this.#takeBlock(this.#block);
    return end;
  }

  #skipPadding(bytes: Buffer, at: number): number {
    const count = Math.min(this.#padding, bytes.length - at);
    this.#padding -= count;
    return at + count;
  }

  #takeBlock(block: Buffer): void {
    const state = this.#state;
    if (state.kind === "header") this.#header(block);
    else if (state.kind === "pieces") this.#morePieces(state, block);
    else if (state.kind === "map") this.#mapBlock(state, block);
  }

  #header(block: Buffer): void {
    if (isZeroBlock(block)) {
      if (this.#sawZeroBlock) this.#state = END;
      this.#sawZeroBlock = true;
      return;
    }
    this.#sawZeroBlock = false;
    const header = parseHeader(block);
    if (EXTENSIONS.includes(header.type)) {
      this.#beginExtension(header);
      return;
    }
    const extensions = this.#extensions;
    this.#extensions = {};
    // A volume's label, and what a multi-volume archive's names were before.
    if (header.type === "V") {
      this.#begin(undefined, header.size);
      return;
    }
    this.#beginEntry(header, extensions, block);
  }

  #beginExtension({ type, size }: TarHeader): void {
    if (size > EXTENSION_BYTES_MAX) invalidArchive("an extended header is too large");
    this.#state = { kind: "extension", type, bytes: Buffer.alloc(size), length: 0 };
    this.#padding = padding(size);
    if (size === 0) this.#endExtension(type, Buffer.alloc(0));
  }

  #extension(state: State & { kind: "extension" }, bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + state.bytes.length - state.length);
    bytes.copy(state.bytes, state.length, at, end);
    state.length += end - at;
    if (state.length === state.bytes.length) this.#endExtension(state.type, state.bytes);
    return end;
  }

  #endExtension(type: string, bytes: Buffer): void {
    this.#state = HEADER;
    // Global records (git writes its commit there) say nothing about files that layers would use.
    if (type === "g") return;
    const extensions = this.#extensions;
    if (type === "L") extensions.name = cString(bytes);
    else if (type === "K") extensions.linkName = cString(bytes);
    else extensions.records = parsePax(bytes);
  }

  #beginEntry(header: TarHeader, extensions: Extensions, block: Buffer): void {
    const made = makeEntry(header, extensions);
    if (header.type === "S") {
      const { pieces, more, size } = headerPieces(block);
      const pending = { entry: { ...made.entry, size }, stored: made.stored };
      if (more) this.#state = { kind: "pieces", entry: pending, pieces };
      else this.#begin(pending.entry, pending.stored, pieces);
      return;
    }
    const sparse = made.entry.type === "file" ? paxSparse(extensions.records ?? []) : undefined;
    if (sparse === undefined) {
      this.#begin(made.entry, made.stored);
      return;
    }
    const entry = { ...made.entry, name: sparse.name ?? made.entry.name, size: sparse.size };
    if (sparse.pieces !== undefined) this.#begin(entry, made.stored, sparse.pieces);
    else
      this.#state = { kind: "map", entry: { entry, stored: made.stored }, reader: new MapReader() };
  }

  #morePieces(state: State & { kind: "pieces" }, block: Buffer): void {
    const { pieces, more } = blockPieces(block);
    state.pieces.push(...pieces);
    const { entry, stored } = state.entry;
    if (state.pieces.length * BLOCK_BYTES > MAP_BYTES_MAX) {
      invalidArchive("a sparse file has too many pieces");
    }
    // A block that adds nothing and promises another could be repeated for ever.
    if (more && pieces.length === 0) invalidArchive("a sparse file's map does not end");
    if (!more) this.#begin(entry, stored, state.pieces);
  }

  #mapBlock(state: State & { kind: "map" }, block: Buffer): void {
    const { entry } = state;
    if (entry.stored < BLOCK_BYTES) invalidArchive("a sparse file's map is longer than the file");
    entry.stored -= BLOCK_BYTES;
    const pieces = state.reader.add(block);
    if (pieces !== undefined) this.#begin(entry.entry, entry.stored, pieces);
  }

  /** The contents follow: `stored` bytes, of `entry` where there is one. */
  #begin(entry: TarEntry | undefined, stored: number, pieces?: readonly Piece[]): void {
    if (entry !== undefined) {
      if (pieces !== undefined) checkPieces(pieces, entry.size, stored);
      this.sink.entry(entry);
    }
    this.#isWanted = entry !== undefined;
    this.#pieces = pieces ?? [{ offset: 0, length: stored }];
    this.#piece = 0;
    this.#inPiece = 0;
    this.#rest = stored;
    this.#padding = padding(stored);
    this.#state = CONTENTS;
    if (stored === 0) this.#endEntry();
  }

  #contents(bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#rest);
    if (this.#isWanted) this.#deliver(bytes, at, end);
    this.#rest -= end - at;
    if (this.#rest === 0) this.#endEntry();
    return end;
  }

  #deliver(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const piece = this.#pieces[this.#piece];
      if (piece === undefined) throw new Error("contents without a piece of the file");
      const count = Math.min(end - at, piece.length - this.#inPiece);
      if (count > 0) this.sink.data(bytes.subarray(at, at + count), piece.offset + this.#inPiece);
      at += count;
      this.#inPiece += count;
      if (this.#inPiece < piece.length) continue;
      this.#piece += 1;
      this.#inPiece = 0;
    }
  }

  #endEntry(): void {
    this.#state = HEADER;
    if (this.#isWanted) this.sink.end();
    this.#isWanted = false;
  }
}

/** Enough for 85,000 pieces of the old form. */
const MAP_BYTES_MAX = 64 * 1024 * 1024;

const padding = (size: number): number => (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;

function cString(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString("latin1", 0, end < 0 ? bytes.length : end);
}

/** Speed: a loop, as seven keys are looked for in each entry; findLast() took a tenth of the time. */
function lastOf(records: PaxRecords, key: string): string | undefined {
  for (let i = records.length - 1; i >= 0; i--) {
    const record = records[i];
    if (record !== undefined && record[0] === key) return record[1];
  }
  return undefined;
}

function makeEntry(header: TarHeader, extensions: Extensions): Pending {
  const records = extensions.records ?? [];
  // An empty record takes back what was said: the header counts.
  const or = <T>(key: string, parse: (text: string) => T, otherwise: T): T => {
    const text = lastOf(records, key);
    return text === undefined || text === "" ? otherwise : parse(text);
  };
  const name = or("path", noZero, extensions.name ?? header.name);
  const type = typeOf(header.type, name);
  const stored = or("size", (text) => parsePaxNumber(text, "the size of an entry"), header.size);
  const time = or("mtime", parsePaxTime, { seconds: header.seconds, nanoseconds: 0 });
  const attributes = paxAttributes(records);
  const isFile = type === "file";
  const entry: TarEntry = {
    name,
    type,
    linkName: or("linkpath", noZero, extensions.linkName ?? header.linkName),
    mode: header.mode,
    uid: or("uid", (text) => owner(parsePaxNumber(text, "an owner"), "owner"), header.uid),
    gid: or("gid", (text) => owner(parsePaxNumber(text, "a group"), "group"), header.gid),
    size: isFile ? checkSize(stored) : 0,
    ...time,
    major: header.major,
    minor: header.minor,
    ...(attributes === undefined ? undefined : { attributes }),
  };
  return { entry, stored: WITHOUT_CONTENTS.includes(header.type) ? 0 : stored };
}

function noZero(text: string): string {
  if (text.includes("\0")) invalidArchive("a name has a zero byte in it");
  return text;
}

function typeOf(type: string, name: string): EntryType {
  // v7 had no type for a folder.
  if ((type === "0" || type === "7") && name.endsWith("/")) return "folder";
  const found = type === "D" ? "folder" : TYPES[type];
  return found ?? invalidArchive(`entries of type ${JSON.stringify(type)} are not supported`);
}
