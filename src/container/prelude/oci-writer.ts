// What the tapes of the OCI verbs have in common: an id that the words give, and the container's folder,
// lock and record (src/engine/oci/store.ts, record-text.ts). Pure.

import { AT_FDCWD, O } from "../../../ffi/constants.ts";
import { Mark, type Place, Value } from "../../../ffi/agent/tape.ts";
import { type Boot, STAT } from "./boot.ts";
import type { Check } from "./checks.ts";
import type { Words } from "./index-tape.ts";
import type { Copy } from "./vectors.ts";
import { writeCopies } from "./vectors.ts";
import { LaunchWriter, type Prelude, TABLE_OFFSET } from "./writer.ts";

export interface OciPrelude extends Prelude {
  /** The words, with the places where the id stands in them. */
  readonly line: Words;
  /** Where containers are kept. */
  readonly root: string;
  /** Where messages go: it is made in any case, as the runtime does, since the caller may look for it. */
  readonly log?: string;
  /** What has to be as it was. */
  readonly checks: readonly Check[];
  readonly cgroupDirectories: readonly string[];
}

const ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
const FOUR_OF_THEM = 0x01010101;
export const LOCK_EXCLUSIVE = 2;

/** Whether an id may begin with it: what begins with another may be a flag, or "..". */
const isFirst = (character: string): boolean => /[a-zA-Z0-9]/.test(character);
const FIRST_OFFSET = 256;

/** What is looked up for each character: whether an id may have it, and begin with it. src/engine/oci/id.ts */
export function makeIdTable(): Uint8Array {
  const table = new Uint8Array(FIRST_OFFSET + 256);
  for (const character of ID_CHARACTERS) {
    table[character.charCodeAt(0)] = 1;
    if (isFirst(character)) table[FIRST_OFFSET + character.charCodeAt(0)] = 1;
  }
  return table;
}

export class OciWriter extends LaunchWriter {
  readonly folder: Place;
  readonly stateFile: Place;
  readonly configFile: Place;
  readonly fifo: Place;
  readonly lock: Place;
  readonly directories: readonly Place[];
  readonly #log: Place | undefined;
  /** The words as they should be. */
  readonly #expected: Place;
  readonly #line: Place;

  constructor(
    readonly oci: OciPrelude,
    boot: Boot,
  ) {
    super(oci, boot);
    const own = `${oci.root}/${oci.standInId}`;
    this.folder = this.named(own);
    this.stateFile = this.named(`${own}/state.json`);
    this.configFile = this.named(`${own}/config.json`);
    this.fifo = this.named(`${own}/exec.fifo`);
    this.directories = oci.cgroupDirectories.map((directory) => this.named(directory));
    this.#log = oci.log === undefined ? undefined : this.named(oci.log);
    this.lock = this.fd();
    const { bytes, open } = oci.line;
    this.#line = this.tape.place(bytes.length + 8);
    this.#expected = this.tape.bytes(bytes);
    for (const [from, to] of open) {
      this.copies.push({ from: this.id, to: this.#expected.at(from), length: to - from });
    }
  }

  /** The id of the words, and that it is one. */
  readId(): void {
    const { tape } = this;
    const { bytes, open } = this.oci.line;
    const [[first, end] = [0, 0]] = open;
    const length = tape.place();
    const fd = this.fd();
    const flags = O.O_RDONLY | O.O_CLOEXEC;
    tape.call("openat", [AT_FDCWD, "/proc/self/cmdline", flags], { into: fd });
    const args = [new Value(fd), this.#line, this.#line.byteLength];
    tape.call("read", args, { into: length });
    tape.compare(length, bytes.length);
    tape.call("getpid", [], { into: this.pid });
    const copies: Copy[] = [{ from: this.#line.at(first), to: this.id, length: end - first }];
    // As offsets in its file: the table, and the character.
    const slots = Array.from({ length: end - first }, (_, index) =>
      tape.bytes(tableSlot(index === 0 ? FIRST_OFFSET : 0)),
    );
    slots.forEach((slot, index) =>
      copies.push({ from: this.#line.at(first + index), to: slot, length: 1 }),
    );
    writeCopies(tape, copies, this.pid);
    const may = tape.place(slots.length + 8, new Uint8Array(slots.length + 8).fill(1));
    slots.forEach((slot, index) => {
      tape.call("pread64", [new Value(this.boot.launch), may.at(index), 1, new Value(slot)]);
    });
    for (let at = 0; at < slots.length; at += 4) tape.compare(may.at(at), FOUR_OF_THEM);
  }

  /** Whether the words are those, with that id wherever it stands. */
  compareWords(): void {
    this.compareTexts(this.#line, this.#expected, this.oci.line.bytes.length);
  }

  openLog(): void {
    if (this.#log === undefined) return;
    const flags = O.O_WRONLY | O.O_CREAT | O.O_APPEND | O.O_CLOEXEC;
    this.tape.call("openat", [AT_FDCWD, this.#log, flags, LOG_MODE], { into: this.fd() });
  }

  /** Whether there is the same in both, where zeros are behind it up to a multiple of four. */
  compareTexts(one: Place, other: Place, byteLength: number): void {
    for (let at = 0; at < byteLength; at += 4) this.tape.compareWith(one.at(at), other.at(at));
  }

  /** The lock of a container that is there, and so its record; others may have taken it away before. */
  lockContainer(): void {
    const { tape } = this;
    const flags = O.O_RDWR | O.O_CLOEXEC | O.O_NOFOLLOW;
    tape.call("openat", [AT_FDCWD, this.stateFile, flags], { into: this.lock });
    tape.call("flock", [new Value(this.lock), LOCK_EXCLUSIVE]);
    this.compareLinks(this.early);
  }

  /** Race: whoever had the lock before may have removed the container, and another one made it anew. */
  compareLinks(fail: Mark): void {
    const stat = this.tape.place(STAT.bytes);
    this.tape.call("fstat", [new Value(this.lock), stat]);
    this.tape.compare(stat.at(STAT.links), 1, { fail });
  }

  /** The runtime takes away what there is, and does what the words say in the usual way. */
  startAnew(): void {
    const { tape } = this;
    tape.tryCall("unlinkat", [AT_FDCWD, this.oci.file, 0]);
    this.become(this.#anew);
  }

  /** To be called before the copies are made. */
  prepareAnew(command: string): void {
    const { root, words } = this.oci;
    this.#anew = [command, root, this.id, ...words.slice(1).map((word) => this.named(word))];
  }

  #anew: readonly (string | Place)[] = [];

  /** Removes its cgroups: nobody is in them by now. */
  removeCgroups(): void {
    const { tape } = this;
    for (const directory of this.directories) {
      const result = tape.place();
      const gone = new Mark();
      const args = [AT_FDCWD, directory, AT_REMOVEDIR];
      tape.call("unlinkat", args, { into: result, ok: gone, fail: tape.behind() });
      tape.compare(result, -ENOENT);
      tape.mark(gone);
    }
  }
}

const AT_REMOVEDIR = 0x200;
const LOG_MODE = 0o644;
export const ENOENT = 2;

/** 64 bits of which the lowest eight are to be a character. */
function tableSlot(part: number): Uint8Array {
  return new Uint8Array(new BigInt64Array([BigInt(TABLE_OFFSET + part)]).buffer);
}

/** Finds where a number ends, of which the digits are bytes of their own. @param digits each 64 bits */
export function writeEndOfNumber(
  writer: LaunchWriter,
  digits: readonly Place[],
  found: (length: number) => void,
): void {
  const { tape } = writer;
  const done = new Mark();
  digits.forEach((digit, length) => {
    const next = new Mark();
    tape.compare(digit, SPACE, { fail: next });
    found(length);
    tape.go(done);
    tape.mark(next);
  });
  tape.go(tape.otherwise);
  tape.mark(done);
}

const SPACE = 0x20;
