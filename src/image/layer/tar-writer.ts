// Writes archives: ustar where that has room, PAX records before a header where it has not.

import { Buffer } from "node:buffer";
import { formatPaxRecord, formatPaxTime } from "./pax.ts";
import type { EntryType, TarEntry } from "./tar-entry.ts";
import { BLOCK_BYTES } from "./tar-header.ts";

const TYPE_LETTERS: Readonly<Record<EntryType, string>> = {
  file: "0",
  link: "1",
  symlink: "2",
  char: "3",
  block: "4",
  folder: "5",
  fifo: "6",
};

/** The largest numbers of 7 and of 11 octal digits. */
const OCTAL_7 = 0o7777777;
const OCTAL_11 = 0o77777777777;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;

const PADDING = new Uint8Array(BLOCK_BYTES);

/** What most entries have in common. */
export const PLAIN_ENTRY: TarEntry = {
  name: "",
  type: "file",
  linkName: "",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  seconds: 0,
  nanoseconds: 0,
  major: 0,
  minor: 0,
};

export class TarWriter {
  #padding = 0;

  /** @param write takes all of the bytes, and may not keep them */
  constructor(private readonly write: (bytes: Uint8Array) => void) {}

  /** Begins an entry. Of a file, `size` bytes of data() follow. */
  entry(entry: TarEntry): void {
    const name =
      entry.type === "folder" && !entry.name.endsWith("/") ? `${entry.name}/` : entry.name;
    const split = splitName(name);
    const records = extendedRecords(entry, name, split !== undefined);
    if (records !== "") this.#extension(entry, records);
    this.write(makeHeader(entry, split ?? ["", name], TYPE_LETTERS[entry.type]));
    const rest = entry.size % BLOCK_BYTES;
    this.#padding = entry.type === "file" && rest !== 0 ? BLOCK_BYTES - rest : 0;
    if (entry.type === "file" && entry.size === 0) this.end();
  }

  data(bytes: Uint8Array): void {
    this.write(bytes);
  }

  /** After the last of a file's data. */
  end(): void {
    if (this.#padding > 0) this.write(PADDING.subarray(0, this.#padding));
    this.#padding = 0;
  }

  /** A small file in one go. */
  file(name: string, bytes: Uint8Array): void {
    this.entry({ ...PLAIN_ENTRY, name, size: bytes.length });
    if (bytes.length === 0) return;
    this.data(bytes);
    this.end();
  }

  /** The archive's end. */
  finish(): void {
    this.write(new Uint8Array(2 * BLOCK_BYTES));
  }

  #extension(entry: TarEntry, records: string): void {
    const bytes = Buffer.from(records, "latin1");
    const name = `PaxHeaders.0/${entry.name.slice(-80)}`;
    const header = { ...PLAIN_ENTRY, size: bytes.length };
    this.write(makeHeader(header, ["", name.slice(0, NAME_BYTES)], "x"));
    this.write(bytes);
    const rest = bytes.length % BLOCK_BYTES;
    if (rest !== 0) this.write(PADDING.subarray(0, BLOCK_BYTES - rest));
  }
}

/** The two parts of a name that fits a header; undefined for one that does not. */
function splitName(name: string): [prefix: string, name: string] | undefined {
  if (hasHighBytes(name)) return undefined;
  if (name.length <= NAME_BYTES) return ["", name];
  if (name.length > NAME_BYTES + PREFIX_BYTES + 1) return undefined;
  // The last slash of a folder's name stays with it.
  const slash = name.lastIndexOf("/", Math.min(PREFIX_BYTES, name.length - 2));
  if (slash <= 0 || name.length - slash - 1 > NAME_BYTES) return undefined;
  return [name.slice(0, slash), name.slice(slash + 1)];
}

/** Readers disagree about such names in a header; PAX says that they are UTF-8. */
const hasHighBytes = (text: string): boolean => /[\x80-\xff]/.test(text);

function extendedRecords(entry: TarEntry, name: string, fits: boolean): string {
  let records = "";
  const add = (key: string, value: string) => {
    records += formatPaxRecord(key, value);
  };
  if (!fits) add("path", name);
  if (entry.linkName.length > NAME_BYTES || hasHighBytes(entry.linkName)) {
    add("linkpath", entry.linkName);
  }
  if (entry.size > OCTAL_11) add("size", String(entry.size));
  if (entry.uid > OCTAL_7) add("uid", String(entry.uid));
  if (entry.gid > OCTAL_7) add("gid", String(entry.gid));
  if (entry.nanoseconds !== 0 || entry.seconds < 0 || entry.seconds > OCTAL_11) {
    add("mtime", formatPaxTime(entry));
  }
  for (const [key, value] of entry.attributes ?? []) {
    add(`SCHILY.xattr.${key}`, Buffer.from(value).toString("latin1"));
  }
  return records;
}

function makeHeader(entry: TarEntry, [prefix, name]: [string, string], letter: string): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, start: number, digits: number) => {
    const limit = digits === 7 ? OCTAL_7 : OCTAL_11;
    const fitting = value >= 0 && value <= limit ? value : 0;
    block.write(fitting.toString(8).padStart(digits, "0"), start, "latin1");
  };
  block.write(name.slice(0, NAME_BYTES), 0, "latin1");
  octal(entry.mode, 100, 7);
  octal(entry.uid, 108, 7);
  octal(entry.gid, 116, 7);
  octal(entry.type === "file" ? entry.size : 0, 124, 11);
  octal(entry.seconds, 136, 11);
  block.write("        ", 148, "latin1");
  block.write(letter, 156, "latin1");
  block.write(entry.linkName.slice(0, NAME_BYTES), 157, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  octal(entry.major, 329, 7);
  octal(entry.minor, 337, 7);
  block.write(prefix, 345, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
