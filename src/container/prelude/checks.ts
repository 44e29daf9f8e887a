// What has to be as it was for what was written down to hold, as a tape asks it of the kernel. Each check
// goes on where it holds, and elsewhere where it does not. Pure.

import { AT, AT_FDCWD, O, RESOLVE } from "../../../ffi/constants.ts";
import { STATX, STATX_BASIC_AND_MOUNT } from "../../../ffi/statx.ts";
import { Mark, type Place, type Tape, Value } from "../../../ffi/agent/tape.ts";

/** A file as statx(2) tells of it: words of the struct, by their offsets. */
export type StatWords = readonly (readonly [offset: number, word: number])[];

export type Check =
  | { readonly kind: "text"; readonly path: string; readonly bytes: Uint8Array }
  | { readonly kind: "file"; readonly path: string; readonly words: StatWords }
  | { readonly kind: "absent"; readonly path: string }
  /** The same of a path inside a root, of which no symlink leads out. */
  | {
      readonly kind: "inside";
      readonly root: string;
      readonly path: string;
      /** undefined: it cannot be opened. */
      readonly words: StatWords | undefined;
    }
  | { readonly kind: "link"; readonly path: string; readonly target: Uint8Array }
  | { readonly kind: "filesystem"; readonly path: string; readonly magic: number }
  /** rlim_max of struct rlimit. */
  | { readonly kind: "limit"; readonly resource: number; readonly hard: Uint8Array }
  /** What capget(2) fills for this process, 24 bytes. */
  | { readonly kind: "capabilities"; readonly version: number; readonly bytes: Uint8Array }
  | { readonly kind: "folder"; readonly path: Uint8Array }
  /** The mask of sched_getaffinity(2). */
  | { readonly kind: "cpus"; readonly mask: Uint8Array };

const STATFS_BYTES = 120;
/** struct rlimit */
const RLIMIT = { bytes: 16, hard: 8 } as const;

/** @param otherwise where to go on where one of them does not hold */
export function writeChecks(tape: Tape, checks: readonly Check[], otherwise: Mark): void {
  const stat = tape.place(STATX.bytes);
  for (const check of checks) writeCheck(tape, check, stat, otherwise);
}

function writeCheck(tape: Tape, check: Check, stat: Place, otherwise: Mark): void {
  const fail = { fail: otherwise };
  switch (check.kind) {
    case "text":
      return writeText(tape, check.path, check.bytes, otherwise);
    case "file":
      tape.call("statx", [AT_FDCWD, check.path, 0, STATX_BASIC_AND_MOUNT, stat], fail);
      for (const [offset, word] of check.words) tape.compare(stat.at(offset), word, fail);
      return;
    case "absent":
      return tape.tryCall("faccessat", [AT_FDCWD, check.path, 0], { ok: otherwise });
    case "inside":
      return writeInside(tape, check, stat, otherwise);
    case "link": {
      const target = tape.place(check.target.length + 8);
      const length = tape.place();
      const args = [AT_FDCWD, check.path, target, target.byteLength];
      tape.call("readlinkat", args, { ...fail, into: length });
      tape.compare(length, check.target.length, fail);
      return tape.compareBytes(target, check.target, fail);
    }
    case "filesystem": {
      const about = tape.place(STATFS_BYTES);
      tape.call("statfs", [check.path, about], fail);
      return tape.compare(about, check.magic, fail);
    }
    case "limit": {
      const { resource, hard } = check;
      const limit = tape.place(RLIMIT.bytes);
      tape.call("prlimit64", [0, resource, null, limit], fail);
      return tape.compareBytes(limit, hard, fail, RLIMIT.hard);
    }
    case "capabilities": {
      const header = tape.bytes(bytesOf(check.version, 0));
      const data = tape.place(check.bytes.length);
      tape.call("capget", [header, data], fail);
      return tape.compareBytes(data, check.bytes, fail);
    }
    case "folder": {
      const folder = tape.place(check.path.length + 8);
      tape.call("getcwd", [folder, folder.byteLength], fail);
      return tape.compareBytes(folder, check.path, fail);
    }
    case "cpus": {
      const mask = tape.place(check.mask.length);
      tape.call("sched_getaffinity", [0, check.mask.length, mask], fail);
      return tape.compareBytes(mask, check.mask, fail);
    }
  }
}

/** Whole: one byte more is asked for than there should be. */
function writeText(tape: Tape, path: string, bytes: Uint8Array, otherwise: Mark): void {
  const fail = { fail: otherwise };
  const fd = tape.place();
  const text = tape.place(bytes.length + 8);
  const length = tape.place();
  tape.call("openat", [AT_FDCWD, path, O.O_RDONLY | O.O_CLOEXEC | O.O_NONBLOCK], {
    ...fail,
    into: fd,
  });
  tape.tryCall("read", [new Value(fd), text, bytes.length + 1], { into: length });
  tape.tryCall("close", [new Value(fd)]);
  tape.compare(length, bytes.length, fail);
  tape.compareBytes(text, bytes, fail);
}

function writeInside(
  tape: Tape,
  { root, path, words }: Extract<Check, { kind: "inside" }>,
  stat: Place,
  otherwise: Mark,
): void {
  const [folder, file] = [tape.place(), tape.place()];
  const [absent, done] = [new Mark(), new Mark()];
  const how = tape.bytes(howOf(O.O_PATH | O.O_CLOEXEC, RESOLVE.RESOLVE_IN_ROOT));
  const flags = O.O_PATH | O.O_DIRECTORY | O.O_CLOEXEC;
  tape.call("openat", [AT_FDCWD, root, flags], { into: folder, fail: otherwise });
  tape.call("openat2", [new Value(folder), path, how, how.byteLength], {
    into: file,
    fail: absent,
  });
  tape.tryCall("close", [new Value(folder)]);
  const asked = [new Value(file), "", AT.AT_EMPTY_PATH, STATX_BASIC_AND_MOUNT, stat];
  tape.tryCall("statx", asked);
  tape.tryCall("close", [new Value(file)]);
  if (words === undefined) tape.go(otherwise);
  for (const [offset, word] of words ?? []) {
    tape.compare(stat.at(offset), word, { fail: otherwise });
  }
  tape.go(done);
  tape.mark(absent);
  tape.tryCall("close", [new Value(folder)]);
  if (words !== undefined) tape.go(otherwise);
  tape.mark(done);
}

const bytesOf = (...words: number[]): Uint8Array => new Uint8Array(new Int32Array(words).buffer);

/** struct open_how */
function howOf(flags: number, resolve: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt(flags), 0n, BigInt(resolve)]).buffer);
}
