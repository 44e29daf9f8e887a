// Compiled profiles on disk, so that a profile of the user's costs its compilation once.
//
//   ┌──────────┬──────────┬───────┬──────────┬─────────────┬─────────┬─────────┐
//   │ magic    │ checksum │ flags │ listener │ text length │ text    │ program │
//   └──────────┴──────────┴───────┴──────────┴─────────────┴─────────┴─────────┘
//     u32        u32        u32     u32        u32           bytes     bytes      little-endian
//
// The text is all that the program depends on: the compiler's version, the host, the profile. It is
// compared whole, so the name of the file need not be a cryptographic hash (loading node:crypto
// takes longer than a compilation), and no profile can be crafted to be mistaken for another one.
//
// The cache never fails a container: what cannot be read or written is compiled.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeSync,
} from "node:fs";
import type { LinuxSeccomp } from "../oci/seccomp-types.ts";
import { type CompiledFilter, compileProfile } from "./compile.ts";
import type { FilterHost } from "./rules.ts";

/** Count it up with every change of what the compiler makes of a profile. */
export const COMPILER_VERSION = 1;

const MAGIC = 0x4650_4253;
const HEADER_BYTES = 20;
const CHECKSUM_END = 8;

/** Profiles are few; a folder with more files than this is being filled by someone. */
const MAX_FILES = 64;

/**
 * The filter of `profile`, from `cacheDir` if it is there, otherwise compiled and kept there.
 * @param cacheDir is made (mode 0700) where it is missing; one that others could write to, or that
 *   belongs to another user, is left alone
 * @throws UserError for a profile that compileProfile refuses
 */
export function cachedFilter(
  profile: LinuxSeccomp,
  host: FilterHost,
  cacheDir: string,
): CompiledFilter {
  const text = sourceText(profile, host);
  const textBytes = new TextEncoder().encode(text);
  const path = `${cacheDir}/${checksumOf(textBytes).toString(16).padStart(8, "0")}.bpf`;
  const isUsable = hasSafeFolder(cacheDir);
  const known = isUsable ? readFilter(path, text) : undefined;
  if (known !== undefined) return known;
  const filter = compileProfile(profile, host);
  if (isUsable) keepFilter(cacheDir, path, textBytes, filter);
  return filter;
}

function sourceText(profile: LinuxSeccomp, host: FilterHost): string {
  const { defaultAction, defaultErrnoRet, architectures, flags, syscalls } = profile;
  const source = { defaultAction, defaultErrnoRet, architectures, flags, syscalls };
  // A flag may need a newer kernel: whether it is refused depends on the version.
  return JSON.stringify([COMPILER_VERSION, host.arch, host.kernel, source], (_, value: unknown) =>
    typeof value === "bigint" ? `${value}n` : value,
  );
}

function hasSafeFolder(cacheDir: string): boolean {
  try {
    mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
    const stats = lstatSync(cacheDir);
    return stats.isDirectory() && isOurs(stats);
  } catch {
    return false;
  }
}

/** Security: a filter that another user could write would be no protection against that user. */
function isOurs(stats: Stats): boolean {
  return stats.uid === process.geteuid?.() && (stats.mode & 0o077) === 0;
}

function readFilter(path: string, text: string): CompiledFilter | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.nlink !== 1 || !isOurs(stats)) return undefined;
    return decodeFile(readFileSync(fd), text);
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** The filter in a file, or undefined if it is damaged or that of another profile. */
function decodeFile(file: Uint8Array, text: string): CompiledFilter | undefined {
  if (file.length < HEADER_BYTES) return undefined;
  const header = new DataView(file.buffer, file.byteOffset, HEADER_BYTES);
  if (header.getUint32(0, true) !== MAGIC) return undefined;
  if (header.getUint32(4, true) !== checksumOf(file.subarray(CHECKSUM_END))) return undefined;
  const programStart = HEADER_BYTES + header.getUint32(16, true);
  if (programStart >= file.length) return undefined;
  if (new TextDecoder().decode(file.subarray(HEADER_BYTES, programStart)) !== text)
    return undefined;
  return {
    program: file.slice(programStart),
    flags: header.getUint32(8, true),
    listener: header.getUint32(12, true) === 1,
  };
}

function encodeFile(text: Uint8Array, filter: CompiledFilter): Uint8Array {
  const file = new Uint8Array(HEADER_BYTES + text.length + filter.program.length);
  file.set(text, HEADER_BYTES);
  file.set(filter.program, HEADER_BYTES + text.length);
  const header = new DataView(file.buffer);
  header.setUint32(0, MAGIC, true);
  header.setUint32(8, filter.flags, true);
  header.setUint32(12, filter.listener ? 1 : 0, true);
  header.setUint32(16, text.length, true);
  header.setUint32(4, checksumOf(file.subarray(CHECKSUM_END)), true);
  return file;
}

function keepFilter(
  cacheDir: string,
  path: string,
  text: Uint8Array,
  filter: CompiledFilter,
): void {
  // Race: another container may write the same file. Each has a temporary one of its own, and the
  // last rename wins with the same content. Power loss may leave a torn file: see the checksum.
  const temporary = `${path}.${process.pid}.${performance.now()}`;
  try {
    makeRoom(cacheDir);
    const fd = openSync(temporary, "wx", 0o600);
    try {
      writeAll(fd, encodeFile(text, filter));
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch {
    rmSync(temporary, { force: true });
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
}

function makeRoom(cacheDir: string): void {
  const files = readdirSync(cacheDir);
  if (files.length < MAX_FILES) return;
  for (const file of files) rmSync(`${cacheDir}/${file}`, { force: true });
}

/** FNV-1a over words of 32 bits (and what is left over): quick, and against accidents only. */
function checksumOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length & ~3;
  let hash = 0x811c_9dc5 ^ bytes.length;
  for (let i = 0; i < end; i += 4) {
    hash = Math.imul(hash ^ view.getUint32(i, true), 0x0100_0193);
    hash ^= hash >>> 15;
  }
  for (let i = end; i < bytes.length; i++) hash = Math.imul(hash ^ view.getUint8(i), 0x0100_0193);
  return hash >>> 0;
}
