// What a prelude has to ask of the host, for what was observed while its launch was planned
// (ffi/observe.ts). A file is known by what statx(2) tells of it, where that changes with its contents;
// elsewhere, as in /proc, its text is compared.

import { bytesAddress } from "../../../../ffi/library.ts";
import { AT_FDCWD, O, RESOLVE, S } from "../../../../ffi/constants.ts";
import { open, openat2 } from "../../../../ffi/fcntl.ts";
import type { Answer, Observation, Question } from "../../../../ffi/observe.ts";
import { FILE_SYSTEM_MAGIC, statfs } from "../../../../ffi/statfs.ts";
import { STATX, statx } from "../../../../ffi/statx.ts";
import { syscall } from "../../../../ffi/syscall.ts";
import { isSyscallError } from "../../../../ffi/syscall-error.ts";
import type { Check, StatWords } from "../../../container/prelude/checks.ts";
import { stillHolds } from "../holds.ts";

/** Longer texts would take longer to compare than the runtime takes to start. */
const TEXT_MAX = 1024;
/**
 * Kernel: the times of a file have the grain of a tick, 10 ms at most; what has changed in this one may change
 * unseen. Its text is compared then.
 */
const SETTLED_MS = 25;

const isSettled = (stat: DataView): boolean => {
  const seconds = Number(stat.getBigInt64(STATX.changed, true));
  const nanoseconds = stat.getUint32(STATX.changed + 8, true);
  return Date.now() - (seconds * 1000 + nanoseconds / 1e6) > SETTLED_MS;
};

/** undefined where something is asked for that only the runtime can find out, or changes meanwhile. */
export function findChecks(
  observations: readonly Observation[],
  standIn: string,
): Check[] | undefined {
  if (standIn !== "" && observations.some(([, about]) => about.includes(standIn))) return undefined;
  const checks = listChecks(observations);
  // Race: what is known of a file now has to be of the very contents that were observed.
  if (checks === undefined || !stillHolds(observations, standIn, standIn)) return undefined;
  return isSame(checks, listChecks(observations)) ? checks : undefined;
}

const isSame = (one: readonly Check[], other: readonly Check[] | undefined): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

function listChecks(observations: readonly Observation[]): Check[] | undefined {
  const checks: Check[] = [];
  for (const [question, about, answer] of observations) {
    const found = checksFor(question, about, answer);
    if (found === undefined) return undefined;
    checks.push(...found);
  }
  return checks;
}

function checksFor(question: Question, about: string, answer: Answer): Check[] | undefined {
  switch (question) {
    case "type":
      return checkType(about);
    case "text":
      return answer === null ? [{ kind: "absent", path: about }] : checkText(about, String(answer));
    case "lines":
      return checkLines(about, String(answer));
    case "inside":
      return checkInside(about);
    case "link":
      return answer === null
        ? checkAbsent(about)
        : [{ kind: "link", path: about, target: encode(String(answer)) }];
    case "real":
      // Both ways lead to it: the plan goes the one without symlinks.
      return [...checkFile(about, PLACE), ...checkFile(String(answer), PLACE)];
    case "filesystem":
      return [{ kind: "filesystem", path: about, magic: statfs(about).magic }];
    case "limit":
      return [{ kind: "limit", resource: Number(about), hard: hardLimitOf(Number(about)) }];
    case "capabilities":
      return about === "0" ? [checkCapabilities()] : undefined;
    case "cwd":
      return [{ kind: "folder", path: encode(`${String(answer)}\0`) }];
    case "variable":
      // Those of ours are compared by every prelude.
      return about.startsWith("BUNKER_") ? [] : undefined;
    case "cpus":
      return undefined;
  }
}

/** What tells that a path leads to the same place. */
const PLACE = [STATX.inode, STATX.inode + 4, STATX.device, STATX.device + 4, STATX.mount];
/** What tells that there is the same in it. */
const CONTENTS = [
  ...PLACE,
  ...[STATX.mode, STATX.size, STATX.size + 4, STATX.changed, STATX.changed + 4],
  ...[STATX.changed + 8, STATX.modified, STATX.modified + 4, STATX.modified + 8],
];

const wordsAt = (stat: DataView, offsets: readonly number[]): StatWords =>
  offsets.map((offset) => [offset, stat.getInt32(offset, true)]);

function checkFile(path: string, offsets: readonly number[]): Check[] {
  const stat = statx(AT_FDCWD, path);
  if (stat === undefined) return [{ kind: "absent", path }];
  return [{ kind: "file", path, words: wordsAt(stat, offsets) }];
}

const checkType = (path: string): Check[] => checkFile(path, [STATX.mode]);

const checkAbsent = (path: string): Check[] | undefined =>
  statx(AT_FDCWD, path) === undefined ? [{ kind: "absent", path }] : undefined;

function checkText(path: string, text: string): Check[] | undefined {
  const stat = statx(AT_FDCWD, path);
  if (stat === undefined) return undefined;
  if (isKnownByStat(stat, path)) return [{ kind: "file", path, words: wordsAt(stat, CONTENTS) }];
  const bytes = encode(text);
  return bytes.length > TEXT_MAX ? undefined : [{ kind: "text", path, bytes }];
}

/** That a file is as it is now; undefined where it changes at this moment. */
export function checkContents(path: string): Check | undefined {
  const stat = statx(AT_FDCWD, path);
  if (stat === undefined || !isKnownByStat(stat, path)) return undefined;
  return { kind: "file", path, words: wordsAt(stat, CONTENTS) };
}

function isKnownByStat(stat: DataView, path: string): boolean {
  const isRegular = (stat.getUint16(STATX.mode, true) & S_IFMT) === S.S_IFREG;
  return isRegular && isSettled(stat) && TELLS_OF_CHANGES.has(statfs(path).magic);
}

/**
 * File systems of which a file's times change with its contents: those of the kernel's own do not, and others
 * are what somebody else says.
 */
const { btrfs, ext4, f2fs, overlay, tmpfs, xfs, zfs } = FILE_SYSTEM_MAGIC;
const TELLS_OF_CHANGES: ReadonlySet<number> = new Set([
  btrfs,
  ext4,
  f2fs,
  overlay,
  tmpfs,
  xfs,
  zfs,
]);

const S_IFMT = 0o170000;

function checkInside(about: string): Check[] | undefined {
  const end = about.indexOf("\0");
  const [root, path] = [about.slice(0, end), about.slice(end + 1)];
  const stat = statInside(root, path);
  if (stat === undefined) return [{ kind: "inside", root, path, words: undefined }];
  if (!isSettled(stat) || !TELLS_OF_CHANGES.has(statfs(root).magic)) return undefined;
  return [{ kind: "inside", root, path, words: wordsAt(stat, CONTENTS) }];
}

function statInside(root: string, path: string): DataView | undefined {
  using folder = open(root, O.O_PATH | O.O_DIRECTORY);
  try {
    const how = { flags: O.O_PATH, resolve: RESOLVE.RESOLVE_IN_ROOT };
    using file = openat2(folder.number, path, how);
    return statx(file.number, "");
  } catch (error) {
    if (isSyscallError(error)) return undefined;
    throw error;
  }
}

const MOUNTS = " - cgroup\0/proc/self/mountinfo";

/** Of the mounts of cgroups, each by its own id: a line of proc_pid_mountinfo(5) begins with it. */
function checkLines(about: string, lines: string): Check[] | undefined {
  if (about !== MOUNTS) return undefined;
  const checks: Check[] = [];
  for (const line of lines.split("\n")) {
    if (line === "") continue;
    const [id, , , , path = ""] = line.split(" ");
    const stat = statx(AT_FDCWD, path);
    // Another mount may lie over it, or its path be written with escapes.
    if (stat === undefined || String(stat.getUint32(STATX.mount, true)) !== id) return undefined;
    checks.push({ kind: "file", path, words: wordsAt(stat, PLACE) });
  }
  return checks;
}

const RLIMIT_BYTES = 16;

/** The hard limit: the soft one the runtime has raised by now, and no plan depends on it. */
function hardLimitOf(resource: number): Uint8Array {
  const bytes = new Uint8Array(RLIMIT_BYTES);
  syscall("prlimit64", [0, resource, 0, bytesAddress(bytes)]);
  return bytes.slice(RLIMIT_BYTES / 2);
}

const CAPABILITY_VERSION_3 = 0x20080522;
const CAPABILITY_BYTES = 24;

function checkCapabilities(): Check {
  const header = new Int32Array([CAPABILITY_VERSION_3, 0]);
  const bytes = new Uint8Array(CAPABILITY_BYTES);
  syscall("capget", [bytesAddress(new Uint8Array(header.buffer)), bytesAddress(bytes)]);
  return { kind: "capabilities", version: CAPABILITY_VERSION_3, bytes };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
