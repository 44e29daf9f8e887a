// The index of the preludes: which words there are, and where what is done for them is kept. It goes on
// there, or to the runtime. Pure.

import { AT_FDCWD, O } from "../../../ffi/constants.ts";
import { Mark, type Place, Tape, Value } from "../../../ffi/agent/tape.ts";
import { type Boot, mapOurs } from "./boot.ts";
import { writeCopies } from "./vectors.ts";
import { INDEX_ADDRESS, LAUNCH_ADDRESS, MAPPED_BYTES, PRELUDES } from "./layout.ts";

/** A command line, as /proc/self/cmdline has it. */
export interface Words {
  readonly bytes: Uint8Array;
  /** The parts of it that may be something else of the same length, which is for the launch tape to read. */
  readonly open: readonly (readonly [from: number, to: number])[];
}

export interface IndexEntry {
  readonly words: Words;
  /** The name of its file, beside the index. */
  readonly file: string;
}

/** fcntl(2) */
const F_GETFD = 1;
const SIGCHLD = 17;
const SIG_DFL = 0;
/** struct sigaction, as the kernel has it. */
const SIGACTION_BYTES = 32;
const SIGSET_BYTES = 8;

/** Longer command lines are the runtime's. */
export const WORDS_BYTES = 8192;

/** undefined where there are more than fit. */
export function writeIndex(entries: readonly IndexEntry[], boot: Boot): Uint8Array | undefined {
  const tape = new Tape(INDEX_ADDRESS, boot.goOn);
  const found = new Mark();
  askCaller(tape);
  const { words, length } = readWords(tape);
  const pid = tape.place();
  tape.call("getpid", [], { into: pid });
  for (const { words: wanted, file } of entries) {
    const other = new Mark();
    tape.compare(length, wanted.bytes.length, { fail: other });
    compareWords(tape, words, wanted, pid, other);
    const flags = O.O_RDONLY | O.O_CLOEXEC | O.O_NOFOLLOW | O.O_NONBLOCK;
    const path = `${PRELUDES}/${file}`;
    tape.call("openat", [new Value(boot.runFolder), path, flags], { into: boot.launch, ok: found });
    tape.mark(other);
  }
  tape.go(boot.goOn);
  tape.mark(found);
  mapOurs(tape, boot.launch, LAUNCH_ADDRESS);
  const bytes = tape.write();
  return bytes.length > MAPPED_BYTES ? undefined : bytes;
}

/**
 * Whoever has no standard streams is given them by the runtime.
 * Kernel: to a parent that ignores SIGCHLD its children's ends are not told, so there is nothing to wait for.
 */
function askCaller(tape: Tape): void {
  for (const stream of [0, 1, 2]) tape.call("fcntl", [stream, F_GETFD]);
  const handler = tape.place(SIGACTION_BYTES);
  tape.call("rt_sigaction", [SIGCHLD, null, handler, SIGSET_BYTES]);
  tape.compare(handler, SIG_DFL);
}

function readWords(tape: Tape): { readonly words: Place; readonly length: Place } {
  const words = tape.place(WORDS_BYTES);
  const length = tape.place();
  const fd = tape.place();
  const flags = O.O_RDONLY | O.O_CLOEXEC;
  tape.call("openat", [AT_FDCWD, "/proc/self/cmdline", flags], { into: fd });
  tape.tryCall("read", [new Value(fd), words, WORDS_BYTES], { into: length });
  tape.call("close", [new Value(fd)]);
  return { words, length };
}

/** Last words first: that is where command lines differ. */
function compareWords(
  tape: Tape,
  at: Place,
  { bytes, open }: Words,
  pid: Place,
  other: Mark,
): void {
  const isOpen = (byte: number): boolean => open.some(([from, to]) => byte >= from && byte < to);
  const fixed = bytes.map((byte, index) => (isOpen(index) ? 0 : byte));
  const view = new DataView(fixed.buffer);
  const cut: number[] = [];
  for (let index = Math.ceil(bytes.length / 4) - 1; index >= 0; index--) {
    const from = index * 4;
    const ofWord = [0, 1, 2, 3].filter((byte) => isOpen(from + byte)).length;
    if (ofWord > 0 && ofWord < 4) cut.push(from);
    if (ofWord === 0) tape.compare(at.at(from), readWord(view, from), { fail: other });
  }
  compareCut(tape, at, view, { cut, isOpen, pid, other });
}

interface CutWords {
  /** Where words begin that are open in part. */
  readonly cut: readonly number[];
  readonly isOpen: (byte: number) => boolean;
  readonly pid: Place;
  readonly other: Mark;
}

/** Kernel: words are all that it compares, so the bytes of such a word are taken out of it. */
function compareCut(tape: Tape, at: Place, view: DataView, words: CutWords): void {
  const { cut, isOpen, pid, other } = words;
  if (cut.length === 0) return;
  const own = tape.place(cut.length * 4);
  const copies = cut.flatMap((from, index) =>
    [0, 1, 2, 3]
      .filter((byte) => !isOpen(from + byte))
      .map((byte) => ({ from: at.at(from + byte), to: own.at(index * 4 + byte), length: 1 })),
  );
  writeCopies(tape, copies, pid);
  cut.forEach((from, index) => {
    tape.compare(own.at(index * 4), readWord(view, from), { fail: other });
  });
}

function readWord(view: DataView, from: number): number {
  let word = 0;
  for (let index = 0; index < 4 && from + index < view.byteLength; index++) {
    word |= view.getUint8(from + index) << (index * 8);
  }
  return word;
}
