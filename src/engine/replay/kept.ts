// The scores that are kept in /run/bunker, one file each: a line of JSON, and the arena. Of what was seen
// only once there is a symlink.
//
// A few dozen places, two for each request: what is run again and again stays, what is run once goes.
// Power loss: /run is memory.

import { O, S } from "../../../ffi/constants.ts";
import { ELOOP } from "../../../ffi/errno.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  fileIdentity,
  makeDirectoryTree,
  makeSymlink,
  readFirstLine,
  readLink,
  removeFile,
  renameFile,
  tryOpenFile,
  writeNewFile,
} from "../../../ffi/files.ts";
import { geteuid } from "../../../ffi/identity.ts";
import type { Observation } from "../../../ffi/observe.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { encodeText } from "../../../ffi/text.ts";
import type { Score } from "../../container/score.ts";
import type { MountPoint } from "../container-details.ts";
import type { KeptOptions } from "../containers/kept.ts";
import type { NetworkingOptions } from "../run-options.ts";

/** What a request has left behind. */
export interface Kept<T = RunLaunch> {
  /** All that was asked for: the same request has the same key, whole. */
  readonly key: string;
  /** undefined: it was seen once, or cannot be replayed. */
  readonly launch?: KeptLaunch<T>;
  /** Of an exec as its words have it: what they stand for. */
  readonly words?: KeptWords;
  /** It cannot be replayed. */
  readonly refused?: true;
  /** How often a replay of it has failed. */
  readonly failures?: number;
}

/** Where a request is kept. */
export interface Entry {
  readonly path: string;
  readonly key: string;
  readonly failures: number;
}

/** Of every launch, by whatever command. */
export interface LaunchBasis {
  /** What stands for the container's id in these texts. */
  readonly standInId: string;
  readonly cgroupDirectories: readonly string[];
  readonly oomScoreAdj?: number;
  /** What its folder becomes at its end, where that is worth it: see spare-folder.ts. */
  readonly spare?: string;
}

/** What `run` needs to know besides. */
export interface RunLaunch extends LaunchBasis {
  readonly name?: string;
  readonly cgroupsPath: string;
  /** Of one that is made of an image. */
  readonly layer?: KeptLayer;
  /** Of one that is kept, and left to its guardian. */
  readonly detached?: DetachedLaunch;
  readonly network?: KeptNetwork;
  /** With volumes among them. */
  readonly mounts?: readonly MountPoint[];
  /** Of one in the foreground of which its agent does not tell, as others are told of in between. */
  readonly told?: ToldInTurn;
}

/** The links of a container: what was asked for. */
export interface KeptNetwork {
  readonly options: NetworkingOptions;
  /** As its hosts file has it, with a stand-in for the beginning of its id. */
  readonly hostname: string;
}

/** What events say of it, but for its id, its name, its exit code and the seconds that it took. */
export interface ToldInTurn {
  readonly created: string;
  readonly started: string;
  readonly died: string;
  readonly destroyed: string;
}

export interface DetachedLaunch {
  /** What container.json says of it. */
  readonly options: KeptOptions;
  /** What events say of its creation and its start, but for its id and its name. */
  readonly created: string;
  readonly started: string;
  /** What $BUNKER_DATA was, where it was set. */
  readonly data?: string;
}

/** A writable layer: the agent makes it, and this process takes it away. */
export interface KeptLayer {
  readonly folder: string;
  /** Held while nothing says yet that the image is in use, nor the volumes. */
  readonly locks: readonly string[];
  /** Volumes that would be filled, were they empty: that is not replayed. */
  readonly filled: readonly string[];
  /** What $BUNKER_DATA was, where it was set. */
  readonly data?: string;
}

export type KeptLaunch<T = RunLaunch> = T & {
  readonly score: Score;
  /** What the host answered when it was made: it holds as long as that is so. */
  readonly observations: readonly Observation[];
};

/** What a command line asks for, as long as nothing of all this has changed. */
export interface KeptWords {
  /** What events say of its beginning and of its end, but for the exec's id and the exit code. */
  readonly begun: string;
  readonly ended: string;
  readonly detach: boolean;
  readonly interactive: boolean;
  /** What $BUNKER_DATA was, where it was set. */
  readonly data?: string;
  /** Symlinks, and where they lead: nowhere, where there is to be none. */
  readonly links: readonly (readonly [path: string, target: string | null])[];
  /** Files as they are to be: see fileIdentity(). */
  readonly files: readonly (readonly [path: string, version: string])[];
  /** What is not to be there. */
  readonly absent: string;
  readonly processes: readonly (readonly [pid: number, start: string])[];
  readonly observations: readonly Observation[];
}

/** An open file with what is in it. */
export interface KeptFile<T = RunLaunch> extends Disposable {
  readonly kept: Kept<T>;
  readonly fd: number;
  readonly arenaOffset: number;
}

const PLACES = 128;
const OTHERS_BITS = 0o077;

/** The two files that `key` falls on. */
export function keptPlaces(runFolder: string, key: string): readonly [string, string] {
  // Of all characters: what differs in one of them is often run in turns.
  let sum = key.length;
  for (let i = 0; i < key.length; i++) sum = (sum * 31 + key.charCodeAt(i)) | 0;
  const first = sum & (PLACES - 1);
  const second = (first + 1 + ((sum >>> 8) % (PLACES - 1))) % PLACES;
  return [`${runFolder}/scores/${first}`, `${runFolder}/scores/${second}`];
}

/** What is kept for `key`, and where it is or may be kept. */
export interface Found<T = RunLaunch> extends Disposable {
  readonly path: string;
  readonly key: string;
  readonly file: KeptFile<T> | undefined;
}

/** Looks for what is kept for `key`. */
export function findKept<T = RunLaunch>(runFolder: string, key: string): Found<T> {
  const [first, second] = keptPlaces(runFolder, key);
  const one = openKept<T>(first, key);
  if (one?.kept.key === key) return makeFound(first, key, one);
  const other = openKept<T>(second, key);
  one?.[Symbol.dispose]();
  if (other?.kept.key === key) return makeFound(second, key, other);
  other?.[Symbol.dispose]();
  return makeFound(worthOf(one) <= worthOf(other) ? first : second, key);
}

/** What is replayed stays, where the other place has nothing that is; an empty one comes before both. */
function worthOf(file: KeptFile<unknown> | undefined): number {
  if (file === undefined) return 0;
  return file.kept.launch === undefined ? 1 : 2;
}

function makeFound<T>(path: string, key: string, file?: KeptFile<T>): Found<T> {
  return { path, key, file, [Symbol.dispose]: () => file?.[Symbol.dispose]() };
}

/** What is kept there, if anything of ours. */
export function openKept<T = RunLaunch>(path: string, key: string): KeptFile<T> | undefined {
  const number = tryOpenFile(path, O.O_RDONLY | O.O_NOFOLLOW | O.O_NONBLOCK);
  if (number === -ELOOP) return readNote(path, key);
  if (number < 0) return undefined;
  const fd = new Fd(number);
  const file = isOurs(fd.number) ? readKept<T>(fd.number, path) : undefined;
  if (file !== undefined) return { ...file, [Symbol.dispose]: () => fd[Symbol.dispose]() };
  fd[Symbol.dispose]();
  return undefined;
}

/**
 * A request that was seen once is a symlink to nowhere: in no file system does that take a block, which
 * some tell the disk of when the next note takes its place. Two requests with one note are not told
 * apart: one of them is written down a run earlier.
 */
function readNote<T>(path: string, key: string): KeptFile<T> {
  const kept = { key: readLink(path) === noteOf(key) ? key : "" };
  return { kept, fd: -1, arenaOffset: 0, [Symbol.dispose]: () => undefined };
}

function noteOf(key: string): string {
  let one = key.length;
  let other = 0;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    one = (one * 33 + code) | 0;
    other = ((other * 37) ^ code) | 0;
  }
  return `seen-once:${one}:${other}`;
}

/** Security: what is in it is performed as root, so nobody else may have had a hand in it. */
function isOurs(fd: number): boolean {
  const { type, mode, uid, links } = fileIdentity(fd, "");
  return type === S.S_IFREG && links === 1 && uid === geteuid() && (mode & OTHERS_BITS) === 0;
}

function readKept<T>(
  fd: number,
  path: string,
): Omit<KeptFile<T>, typeof Symbol.dispose> | undefined {
  const { text, byteLength } = readFirstLine(fd, path);
  if (text === "") return undefined;
  // It was written by ourselves, whole, under another name.
  return { kept: JSON.parse(text) as Kept<T>, fd, arenaOffset: byteLength + 1 };
}

/** Keeps something of a request in place of what is there. What cannot be kept is no failure. */
export function keep<T>(
  { path, key, failures }: Entry,
  more: Pick<Kept<T>, "launch" | "refused" | "words"> = {},
  arena: Uint8Array = new Uint8Array(0),
): void {
  const { launch, refused, words } = more;
  const isNote = failures === 0 && (launch ?? refused ?? words) === undefined;
  const kept: Kept<T> = { key, ...(failures > 0 && { failures }), ...more };
  // Race: whoever reads meanwhile finds the old file or the new one.
  const temporary = `${path}.${process.pid}`;
  try {
    makeDirectoryTree(path.slice(0, path.lastIndexOf("/")), 0o700);
    removeFile(temporary);
    if (isNote) makeSymlink(noteOf(key), temporary);
    else writeNewFile(temporary, joinBytes(encodeText(`${JSON.stringify(kept)}\n`), arena));
    renameFile(temporary, path);
  } catch (error) {
    if (!isSyscallError(error)) throw error;
  }
}

function joinBytes(line: Uint8Array, arena: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(line.length + arena.length);
  bytes.set(line);
  bytes.set(arena, line.length);
  return bytes;
}
