// Keeps a prelude: what is performed for some words before the runtime starts, and the index that names it.
// They are files in RUN/preludes, root's alone, each written whole under another name first:
//
//   BUILD          the index, for the executable with that entry
//   BUILD.NUMBER   what is done for some words
//   BUILD.json     the words of all of them
//
// The folder's flock is held by who changes any of it.

import { O } from "../../../../ffi/constants.ts";
import { Fd } from "../../../../ffi/fd.ts";
import {
  listDirectory,
  makeDirectoryTree,
  openFile,
  readTextIfThere,
  removeFile,
  renameFile,
  tryOpenFile,
} from "../../../../ffi/files.ts";
import { makeId } from "../../names.ts";
import { flock, LOCK } from "../../../../ffi/flock.ts";
import { bytesAddress } from "../../../../ffi/library.ts";
import { syscall } from "../../../../ffi/syscall.ts";
import { isSyscallError } from "../../../../ffi/syscall-error.ts";
import { type Boot, writeBoot } from "../../../container/prelude/boot.ts";
import { BUILD_LENGTH, findGaps } from "../../../container/prelude/gaps.ts";
import {
  type IndexEntry,
  writeIndex,
  type Words,
  WORDS_BYTES,
} from "../../../container/prelude/index-tape.ts";
import { MAPPED_BYTES, PRELUDES } from "../../../container/prelude/layout.ts";
import {
  CHANNEL_OFFSET,
  END_OFFSET,
  type LaunchFile,
  type Prelude,
  TABLE_OFFSET,
} from "../../../container/prelude/writer.ts";

/** Each takes some 150 KB of memory. */
const PRELUDES_MAX = 24;

/** What the index is made from. */
interface Listed {
  /** In base64. */
  readonly words: string;
  readonly open: Words["open"];
  readonly file: string;
}

export interface PreludeRequest {
  readonly runFolder: string;
  /** What may be another text of the same length wherever it stands in the words: an id. */
  readonly open?: string;
  /** What stands for it, and otherwise for the id, in the texts of the tape. */
  readonly standInId: string;
  /** undefined: there is to be none. */
  readonly make: (prelude: Prelude, line: Words, boot: Boot) => LaunchFile | undefined;
}

/** Where an executable has no prelude of its own, nothing is kept. What cannot be kept is no failure. */
export function publishPrelude(request: PreludeRequest): void {
  try {
    publish(request);
  } catch (error) {
    if (!isSyscallError(error)) throw error;
  }
}

function publish({ runFolder, open, standInId, make }: PreludeRequest): void {
  const own = findOwn();
  const bytes = readOwnWords();
  const argv = bytes && splitWords(bytes);
  if (own === undefined || bytes === undefined || argv === undefined) return;
  // A hidden command has the words of another one behind its own.
  if (!runFolder.startsWith("/") || argv[1]?.startsWith("internal-") === true) return;
  if (open !== undefined && !isDistinct(open)) return;
  const folder = `${runFolder}/${PRELUDES}`;
  makeDirectoryTree(folder, 0o700);
  using lock = new Fd(openFile(folder, O.O_RDONLY | O.O_DIRECTORY | O.O_NOFOLLOW));
  flock(lock.number, LOCK.LOCK_EX, folder);
  const list = `${folder}/${own.build}.json`;
  const known = parseList(readTextIfThere(list));
  const line = openWords(bytes, open);
  const file = `${own.build}.${chooseNumber()}`;
  const prelude = {
    standInId,
    words: open === undefined ? argv : argv.map((word) => word.replaceAll(open, standInId)),
    file: `${folder}/${file}`,
    variables: listOurVariables(),
  };
  const written = make(prelude, line, own.boot);
  if (written === undefined || !doesFit(written)) return;
  const isWritten = writeTape(`${folder}/${file}`, [
    [0, written.tape],
    [TABLE_OFFSET, written.table],
    [CHANNEL_OFFSET, written.channel ?? NOTHING],
    [END_OFFSET, written.end ?? NOTHING],
  ]);
  if (!isWritten) return;
  const words = line.bytes.toBase64();
  const others = known.filter((other) => other.words !== words);
  const few = [...others, { words, open: line.open, file }].slice(-PRELUDES_MAX);
  const index = writeIndex(few.map(readListed), own.boot);
  if (index === undefined) return;
  if (!writeTape(`${folder}/${own.build}`, [[0, index]])) return;
  writeWhole(list, [[0, new TextEncoder().encode(JSON.stringify(few))]]);
  removeOthers(folder, own.build, few);
}

const DISTINCT_LENGTH = 6;

/**
 * Whether it stands in a text only where it is meant: one such as "cpu" would be found in the paths of cgroups
 * and in what a verb is called. And it is not to be a flag, nor may another of its length be a folder's "..".
 */
const isDistinct = (id: string): boolean =>
  id.length >= DISTINCT_LENGTH && /^[a-zA-Z0-9]/.test(id) && /[0-9]/.test(id);

const NOTHING = new Uint8Array(0);

const doesFit = ({ tape, table, channel = NOTHING, end = NOTHING }: LaunchFile): boolean =>
  tape.length <= TABLE_OFFSET &&
  TABLE_OFFSET + table.length <= CHANNEL_OFFSET &&
  CHANNEL_OFFSET + channel.length <= END_OFFSET &&
  END_OFFSET + end.length <= MAPPED_BYTES;

const readListed = ({ words, open, file }: Listed): IndexEntry => ({
  words: { bytes: Uint8Array.fromBase64(words), open },
  file,
});

const ANYTHING = "*".charCodeAt(0);

/** The words with all places of what may be something else in them. */
function openWords(words: Uint8Array, part = ""): Words {
  const bytes = words.slice();
  const wanted = new TextEncoder().encode(part);
  const open: [number, number][] = [];
  for (let at = 0; wanted.length > 0 && at + wanted.length <= words.length; at++) {
    if (!wanted.every((byte, index) => words[at + index] === byte)) continue;
    open.push([at, at + wanted.length]);
    bytes.fill(ANYTHING, at, at + wanted.length);
    at += wanted.length - 1;
  }
  return { bytes, open };
}

const NUMBER_DIGITS = 12;

/**
 * Race: who has the index from before, or was killed before there was another, may still open a file of it.
 * So no number comes twice, whatever is known of those that were.
 */
const chooseNumber = (): string => makeId().slice(0, NUMBER_DIGITS);

function parseList(text = "[]"): readonly Listed[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? (list as Listed[]) : [];
  } catch {
    return [];
  }
}

/** Those of other executables as well: where this one has come in place of another, they are of no use. */
function removeOthers(folder: string, build: string, kept: readonly Listed[]): void {
  const wanted = new Set([build, `${build}.json`, ...kept.map(({ file }) => file)]);
  for (const { name } of listDirectory(folder) ?? []) {
    if (!wanted.has(name)) removeFile(`${folder}/${name}`);
  }
}

type Piece = readonly [offset: number, bytes: Uint8Array];

/** As long as what is mapped of it, which tells it from one that could not be written to its end. */
const writeTape = (path: string, pieces: readonly Piece[]): boolean =>
  writeWhole(path, pieces, MAPPED_BYTES);

/** False where the disk is full, which the kernel tells by writing less. */
function writeWhole(path: string, pieces: readonly Piece[], byteLength = 0): boolean {
  const temporary = `${path}.new`;
  removeFile(temporary);
  using file = new Fd(openFile(temporary, O.O_WRONLY | O.O_CREAT | O.O_EXCL, 0o600));
  for (const [offset, bytes] of pieces) {
    const args = [file.number, bytesAddress(bytes), bytes.length, offset];
    const written = syscall("pwrite64", args, { path: temporary });
    if (written === bytes.length) continue;
    removeFile(temporary);
    return false;
  }
  if (byteLength > 0) syscall("ftruncate", [file.number, byteLength], { path: temporary });
  renameFile(temporary, path);
  return true;
}

const HEADERS_BYTES = 4096;
const ENTRY = 24;

/** What stands at the entry of this executable; undefined where it is the runtime's own. */
function findOwn(): { readonly build: string; readonly boot: Boot } | undefined {
  const headers = readOwn(0, HEADERS_BYTES);
  const gaps = headers && findGaps(new DataView(headers.buffer));
  if (headers === undefined || gaps === undefined) return undefined;
  const { code, data } = gaps;
  const entry = Number(new DataView(headers.buffer).getBigUint64(ENTRY, true));
  if (entry !== code.address + BUILD_LENGTH) return undefined;
  const build = new TextDecoder().decode(readOwn(code.offset, BUILD_LENGTH));
  return { build, boot: writeBoot(data.address, 0, build) };
}

function readOwn(offset: number, byteLength: number): Uint8Array<ArrayBuffer> | undefined {
  using file = new Fd(openFile("/proc/self/exe", O.O_RDONLY));
  const bytes = new Uint8Array(byteLength);
  const read = syscall("pread64", [file.number, bytesAddress(bytes), byteLength, offset]);
  return read === byteLength ? bytes : undefined;
}

/** The words that this process was started with; undefined of more than an index takes. */
export function readOwnWords(): Uint8Array | undefined {
  const fd = tryOpenFile("/proc/self/cmdline", O.O_RDONLY);
  if (fd < 0) return undefined;
  using file = new Fd(fd);
  const bytes = new Uint8Array(WORDS_BYTES);
  const read = syscall("read", [file.number, bytesAddress(bytes), bytes.length]);
  return read <= 0 || read === WORDS_BYTES ? undefined : bytes.slice(0, read);
}

/** All but the one that names the run folder, which the index is found by. */
function listOurVariables(): string[] {
  return Object.entries(process.env)
    .filter(([name]) => name.startsWith("BUNKER_") && name !== "BUNKER_RUN")
    .map(([name, value]) => `${name}=${value}`);
}

/** undefined of words that are no text. */
function splitWords(bytes: Uint8Array): string[] | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.split("\0").slice(0, -1);
  } catch {
    return undefined;
  }
}
