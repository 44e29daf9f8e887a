// The tape that bunker's executable begins with (src/build/add-prelude.ts puts it there): it looks in the
// run folder for what earlier runs have left to be performed without a runtime, and goes on there. In any
// other case, and for everybody but root, the runtime starts as if nothing had been.
//
//   the environment   is $BUNKER_RUN in it, or any other $BUNKER_…?
//   RUN/preludes/BUILD   the index: which words there are (index-tape.ts)
//
// Pure. What is here is in the executable for good, so it knows as little as can be.

import { AT_FDCWD, O } from "../../../ffi/constants.ts";
import { CONTROL_END, CONTROL_FIRST, CONTROL_GO } from "../../../ffi/agent/layout.ts";
import { type Inside, Mark, NO_END, type Place, Tape, Value } from "../../../ffi/agent/tape.ts";
import { CHANNEL_BYTES } from "../../../ffi/agent/layout.ts";
import { StackReader } from "./stack-reader.ts";
import { INDEX_ADDRESS, MAPPED_BYTES, PRELUDES, RUN_FOLDER, VIEW_ADDRESS } from "./layout.ts";

/** struct ucontext of x86-64, by which rt_sigreturn(2) goes on: asm/sigcontext.h, asm/ucontext.h */
const CONTEXT = {
  bytes: 304,
  flags: 0,
  stackFlags: 24,
  rdx: 136,
  rsp: 160,
  rip: 168,
  flagsRegister: 176,
  cs: 184,
  ss: 190,
  mask: 296,
} as const;
const UC_SIGCONTEXT_SS = 2;
const UC_STRICT_RESTORE_SS = 4;
const SS_DISABLE = 2;
const USER_CS = 0x33;
const USER_SS = 0x2b;
/** The bit that is always set, and interrupts. */
const RFLAGS = 0x202;

/** What the loop pushes: six arguments, with room to spare. */
const STACK_BYTES = 64;

/** What other tapes use of it. */
export interface Boot {
  readonly bytes: Uint8Array;
  /** What the entry's code is to know: see ffi/agent/entry.ts. */
  readonly stack: number;
  readonly exit: number;
  readonly frame: number;
  readonly control: number;
  /** The address of argc, and so of all that a program is started with. */
  readonly started: Value;
  /** The caller's signal mask. */
  readonly mask: Inside;
  /** A descriptor of the run folder. */
  readonly runFolder: Place;
  /** Not zero where there are other variables of ours: each tape knows which it is for. */
  readonly others: Place;
  /** A descriptor of what is performed, from the index on. */
  readonly launch: Place;
  /** Where the runtime starts. */
  readonly goOn: Mark;
}

const SIG_BLOCK = 0;
const SIGSET_BYTES = 8;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE = 2;
const MAP_FIXED_NOREPLACE = 0x100000;
/** struct stat of x86-64. */
export const STAT = { bytes: 144, links: 16, mode: 24, uid: 28, size: 48 } as const;
const REGULAR_0600 = 0o100600;

/** From the index to the end of the channel: all that a prelude maps. */
const UNMAPPED_BYTES = VIEW_ADDRESS - INDEX_ADDRESS + CHANNEL_BYTES;

/** Of a variable: enough to tell which one it is. */
const BEGINNING_BYTES = 16;

/**
 * @param base where it lies; `entry` where the runtime would have started
 * @param build what tells this executable from others, a file name
 */
export function writeBoot(base: number, entry: number, build: string): Boot {
  const goOn = new Mark();
  const control = 64;
  const tape = new Tape(base + control, goOn);
  const frame = tape.place(STACK_BYTES + CONTEXT.bytes, contextFor(entry));
  const mask = frame.at(STACK_BYTES + CONTEXT.mask);
  const started = new Value(frame.at(STACK_BYTES + CONTEXT.rsp));
  const runFolder = tape.place(8, word(-1));
  const index = tape.place(8, word(-1));
  const others = tape.place();
  const launch = tape.place(8, word(-1));

  tape.call("rt_sigprocmask", [SIG_BLOCK, null, mask, SIGSET_BYTES]);
  findRunFolder(tape, started, runFolder, others);
  openIndex(tape, build, runFolder, index);
  tape.mark(goOn);
  for (const fd of [runFolder, index, launch]) tape.tryCall("close", [new Value(fd)]);
  tape.tryCall("munmap", [INDEX_ADDRESS, UNMAPPED_BYTES]);
  tape.call("rt_sigreturn", []);

  const records = tape.write();
  const bytes = new Uint8Array(control + records.length);
  bytes.set(records, control);
  const view = new DataView(bytes.buffer);
  view.setUint32(CONTROL_GO, 1, true);
  view.setUint32(CONTROL_FIRST, base + control, true);
  view.setUint32(CONTROL_END, NO_END, true);
  const context = frame.address + STACK_BYTES;
  return {
    ...{ bytes, control: base, frame: context, stack: context + CONTEXT.rsp },
    ...{ exit: context + CONTEXT.rdx, started, mask, runFolder, others, launch, goOn },
  };
}

const O_PATH_FOLDER = O.O_PATH | O.O_DIRECTORY | O.O_CLOEXEC;

/** LISTEN_FDS and NOTIFY_SOCKET ask an OCI runtime for more than what is written down. */
const FOR_RUNTIME = ["LIST", "NOTI"];

/**
 * Opens the run folder. Where a variable names it, that has to be by a whole path.
 */
function findRunFolder(tape: Tape, started: Value, runFolder: Place, others: Place): void {
  const [words, variables, all, known] = [new Mark(), new Mark(), new Mark(), new Mark()];
  const other = new Mark();
  const stack = new StackReader(tape, BEGINNING_BYTES);
  const { pointer, beginning } = stack;
  stack.start(started);
  tape.mark(words);
  stack.readPointer();
  tape.compare(pointer, 0, { fail: words });
  tape.mark(variables);
  stack.readPointer();
  tape.compare(pointer, 0, { ok: all, fail: tape.behind() });
  stack.readBeginning();
  for (const other of FOR_RUNTIME) {
    tape.compare(beginning, wordOf(other), { ok: tape.otherwise, fail: tape.behind() });
  }
  tape.compare(beginning, wordOf("BUNK"), { fail: variables });
  tape.compare(beginning.at(4), wordOf("ER_R"), { fail: other });
  tape.compare(beginning.at(8), wordOf("UN=/"));
  tape.compare(runFolder, -1);
  tape.add(pointer, "BUNKER_RUN=".length);
  tape.call("openat", [AT_FDCWD, new Value(pointer), O_PATH_FOLDER], { into: runFolder });
  tape.go(variables);
  tape.mark(other);
  tape.call("getpid", [], { into: others, ok: variables });
  tape.mark(all);
  tape.compare(runFolder, -1, { fail: known });
  tape.call("openat", [AT_FDCWD, RUN_FOLDER, O_PATH_FOLDER], { into: runFolder });
  tape.mark(known);
}

/** Security: what is in it is performed as root, so nobody else may have had a hand in it. */
function openIndex(tape: Tape, build: string, runFolder: Place, index: Place): void {
  const flags = O.O_RDONLY | O.O_CLOEXEC | O.O_NOFOLLOW | O.O_NONBLOCK;
  tape.call("openat", [new Value(runFolder), `${PRELUDES}/${build}`, flags], { into: index });
  mapOurs(tape, index, INDEX_ADDRESS);
}

/** Maps the tape in a file that is root's alone, and goes on there. */
export function mapOurs(tape: Tape, fd: Place, address: number): void {
  const stat = tape.place(STAT.bytes);
  tape.call("fstat", [new Value(fd), stat]);
  tape.compare(stat.at(STAT.mode), REGULAR_0600);
  tape.compare(stat.at(STAT.uid), 0);
  tape.compare(stat.at(STAT.links), 1);
  // Kernel: what is mapped behind the end of a file that was cut short ends the process.
  tape.compare(stat.at(STAT.size), MAPPED_BYTES);
  const how = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
  tape.call("mmap", [address, MAPPED_BYTES, PROT_READ_WRITE, how, new Value(fd), 0]);
  tape.go(new Mark(address));
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const word = (value: number): Uint8Array =>
  new Uint8Array(new BigInt64Array([BigInt(value)]).buffer);
const wordOf = (text: string): number => new DataView(encode(text).buffer).getInt32(0, true);

function contextFor(entry: number): Uint8Array {
  const bytes = new Uint8Array(STACK_BYTES + CONTEXT.bytes);
  const view = new DataView(bytes.buffer, STACK_BYTES);
  view.setUint32(CONTEXT.flags, UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS, true);
  view.setUint32(CONTEXT.stackFlags, SS_DISABLE, true);
  view.setUint32(CONTEXT.rip, entry, true);
  view.setUint32(CONTEXT.flagsRegister, RFLAGS, true);
  view.setUint16(CONTEXT.cs, USER_CS, true);
  view.setUint16(CONTEXT.ss, USER_SS, true);
  return bytes;
}
