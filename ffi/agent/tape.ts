// A tape: records with all that they point to, at an address that is known when it is written. What is
// in a channel serves a process that somebody steers; a tape steers itself. Each record says where to
// go on, whatever its call brings, so that loops and choices are data as well. See layout.ts for a record.
//
// Kernel: the agent can neither compare nor count, so the kernel does: futex(2) compares a word with a
// number, and adds to one.

import { syscallNumber, type SyscallName } from "../syscall-numbers.ts";
import { encodeText } from "../text.ts";
import {
  CONTROL_END,
  CONTROL_FIRST,
  CONTROL_GO,
  RECORD_ARGUMENTS,
  RECORD_BYTES,
  RECORD_CHILD_PAGE,
  RECORD_INTO,
  RECORD_REFERENCES,
  RECORD_RESULT,
  RECORD_SKIP_ERROR,
  RECORD_SKIP_SUCCESS,
  RECORD_TOLERATE,
} from "./layout.ts";

/** An address, known once the tape is written where it is not given. */
export class Mark {
  constructor(public address = 0) {}
}

/** Memory of a tape, or with an address that of somebody else. */
export class Place extends Mark {
  constructor(
    readonly byteLength = 8,
    readonly initial: Uint8Array = new Uint8Array(0),
    /** Where in it the addresses of others belong, 64 bits each. */
    readonly pointers: readonly { readonly offset: number; readonly to: Addressed }[] = [],
  ) {
    super();
  }

  /** What is so many bytes behind its beginning. */
  at(offset: number): Inside {
    return new Inside(this, offset);
  }
}

/** A part of a place. */
export class Inside {
  constructor(
    readonly of: Mark,
    readonly offset: number,
  ) {}

  get address(): number {
    return this.of.address + this.offset;
  }
}

/** As an argument: the 64 bits that are there by then, not the address. */
export class Value {
  constructor(readonly of: Addressed) {}
}

export type Addressed = Mark | Inside;
/** A number is passed as 32 bits, sign-extended; a mark as its address; null as NULL. */
export type TapeArgument = number | string | null | Addressed | Value;

export interface Outcome {
  /** Where the result goes as well, 64 bits. */
  readonly into?: Addressed;
  /** Where to go on; behind the record unless said. */
  readonly ok?: Mark;
  /** The same after any error; the tape's `otherwise` unless said. */
  readonly fail?: Mark;
  /** The control page that a child of this call serves. */
  readonly childPage?: Mark;
}

interface Note extends Outcome {
  readonly fail: Mark;
  readonly name: SyscallName;
  readonly args: readonly TapeArgument[];
}

const FUTEX_WAIT = 0;
const FUTEX_WAKE = 1;
const FUTEX_CMP_REQUEUE = 4;
const FUTEX_WAKE_OP = 5;
const FUTEX_PRIVATE = 128;
const FUTEX_OP_ADD = 1;
const FUTEX_OP_ANDN = 3;
const FUTEX_OP_SHIFT = 8;
/** What an operation of futex(2) takes: 12 bits with a sign. */
const OPERAND_MASK = 0xfff;
const OPERAND_MAX = 0x7ff;

/** A tape ends nowhere: it says itself where to go on. */
export const NO_END = 0xffffffff;

export class Tape {
  readonly #notes: Note[] = [];
  readonly #marks = new Map<number, Mark[]>();
  readonly #places: Place[] = [];
  readonly #strings = new Map<string, Place>();
  readonly #pages: { readonly page: Place; readonly begin: Mark }[] = [];
  readonly #nobody = this.place();

  /** @param otherwise where to go on after an error, unless a call says */
  constructor(
    readonly base: number,
    public otherwise: Mark,
  ) {}

  /** Room of its own, with something in it from the start or not. */
  place(
    byteLength?: number,
    initial?: Uint8Array,
    pointers?: ConstructorParameters<typeof Place>[2],
  ): Place {
    const place = new Place(byteLength, initial, pointers);
    this.#places.push(place);
    return place;
  }

  /** Bytes, with zeros behind them up to a multiple of eight. */
  bytes(initial: Uint8Array): Place {
    return this.place(initial.length, initial);
  }

  /** A text with a NUL behind it; each text is there once. */
  text(text: string): Place {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const place = this.bytes(encodeText(`${text}\0`));
    this.#strings.set(text, place);
    return place;
  }

  /** What follows is what `mark` stands for. */
  mark(mark = new Mark()): Mark {
    const at = this.#notes.length;
    this.#marks.set(at, [...(this.#marks.get(at) ?? []), mark]);
    return mark;
  }

  call(name: SyscallName, args: readonly TapeArgument[], outcome: Outcome = {}): void {
    const own = args.map((argument) =>
      typeof argument === "string" ? this.text(argument) : argument,
    );
    this.#notes.push({ name, args: own, fail: this.otherwise, ...outcome });
  }

  /** The same, and goes on behind it whatever comes of it. */
  tryCall(name: SyscallName, args: readonly TapeArgument[], outcome: Outcome = {}): void {
    const fail = this.behind();
    this.call(name, args, { ...outcome, fail });
  }

  /** What the record after the next one will be. */
  behind(): Mark {
    const mark = new Mark();
    const at = this.#notes.length + 1;
    this.#marks.set(at, [...(this.#marks.get(at) ?? []), mark]);
    return mark;
  }

  /** A child that serves `page` begins there. */
  startAt(page: Place, begin: Mark): void {
    this.#pages.push({ page, begin });
  }

  /** Goes on there, whatever else. */
  go(to: Mark): void {
    this.call("getpid", [], { ok: to });
  }

  /** Whether the word there is that number: `ok` or `fail`. */
  compare(at: Addressed, value: number, outcome: Outcome = {}): void {
    const operation = FUTEX_CMP_REQUEUE | FUTEX_PRIVATE;
    this.call("futex", [at, operation, 0, 0, this.#nobody, value | 0], outcome);
  }

  /** Whether the same word is in both. */
  compareWith(at: Addressed, other: Addressed, outcome: Outcome = {}): void {
    const operation = FUTEX_CMP_REQUEUE | FUTEX_PRIVATE;
    this.call("futex", [at, operation, 0, 0, this.#nobody, new Value(other)], outcome);
  }

  /** Whether those bytes are there, in whole words: with zeros up to a multiple of four. */
  compareBytes(at: Place, bytes: Uint8Array, outcome: Outcome = {}, offset = 0): void {
    const words = wordsOf(bytes);
    for (let index = 0; index < words.length; index++) {
      const isLast = index === words.length - 1;
      const { ok, ...rest } = outcome;
      const own = isLast && ok !== undefined ? { ...rest, ok } : rest;
      this.compare(at.at(offset + index * 4), words[index] ?? 0, own);
    }
  }

  /** Adds to the word there. @param value −2048 or more */
  add(at: Addressed, value: number): void {
    let rest = value;
    for (; rest > OPERAND_MAX; rest -= 2 ** Math.floor(Math.log2(rest))) {
      this.#operate(at, FUTEX_OP_ADD | FUTEX_OP_SHIFT, Math.floor(Math.log2(rest)));
    }
    if (rest !== 0 || value === 0) this.#operate(at, FUTEX_OP_ADD, rest & OPERAND_MASK);
  }

  /** Clears those bits of the word there. @param bits 0 to 2047, or a power of two */
  clear(at: Addressed, bits: number): void {
    if (bits < 2048) this.#operate(at, FUTEX_OP_ANDN, bits);
    else this.#operate(at, FUTEX_OP_ANDN | FUTEX_OP_SHIFT, Math.log2(bits));
  }

  /** Adds one to a word that another process waits for, and wakes it. */
  bump(at: Addressed): void {
    const how = (FUTEX_OP_ADD << 28) | (1 << 12);
    this.call("futex", [at, FUTEX_WAKE_OP, 1, 0, at, how]);
  }

  /** Wakes who waits for that word. */
  wake(at: Addressed): void {
    this.call("futex", [at, FUTEX_WAKE, 1]);
  }

  /** Waits for another process as long as the word there is that number, and no longer than the time. */
  wait(at: Addressed, value: number, time: Addressed, outcome: Outcome): void {
    this.call("futex", [at, FUTEX_WAIT, value, time], outcome);
  }

  #operate(at: Addressed, operation: number, operand: number): void {
    const how = (operation << 28) | (operand << 12);
    this.call("futex", [this.#nobody, FUTEX_WAKE_OP | FUTEX_PRIVATE, 0, 0, at, how]);
  }

  /** The records, and behind them all places. From now on every mark has its address. */
  write(): Uint8Array<ArrayBuffer> {
    const recordsEnd = this.base + this.#notes.length * RECORD_BYTES;
    this.#place(recordsEnd);
    const last = this.#places.at(-1);
    const end = last === undefined ? recordsEnd : last.address + roundUp(last.byteLength);
    const bytes = new Uint8Array(end - this.base);
    const view = new DataView(bytes.buffer);
    this.#notes.forEach((note, index) => this.#writeRecord(view, index * RECORD_BYTES, note));
    for (const place of this.#places) this.#writePlace(bytes, view, place);
    for (const { page, begin } of this.#pages) {
      const at = page.address - this.base;
      view.setUint32(at + CONTROL_GO, 1, true);
      view.setUint32(at + CONTROL_FIRST, begin.address, true);
      view.setUint32(at + CONTROL_END, NO_END, true);
    }
    return bytes;
  }

  #place(recordsEnd: number): void {
    for (const [index, marks] of this.#marks) {
      for (const mark of marks) mark.address = this.base + index * RECORD_BYTES;
    }
    let next = recordsEnd;
    for (const place of this.#places) {
      place.address = next;
      next += roundUp(place.byteLength);
    }
  }

  #writePlace(bytes: Uint8Array, view: DataView, { address, initial, pointers }: Place): void {
    const at = address - this.base;
    bytes.set(initial, at);
    for (const { offset, to } of pointers) {
      view.setUint32(at + offset, to.address, true);
    }
  }

  #writeRecord(view: DataView, at: number, note: Note): void {
    const own = this.base + at;
    view.setUint32(at, syscallNumber(note.name), true);
    view.setUint32(at + RECORD_REFERENCES, referencesOf(note.args), true);
    view.setInt32(at + RECORD_TOLERATE, -1, true);
    view.setInt32(at + RECORD_TOLERATE + 4, -1, true);
    note.args.forEach((argument, index) => {
      view.setInt32(at + RECORD_ARGUMENTS + index * 4, wordOf(argument), true);
    });
    view.setUint32(at + RECORD_INTO, note.into?.address ?? own + RECORD_RESULT, true);
    view.setInt32(at + RECORD_SKIP_ERROR, note.fail.address - own, true);
    view.setInt32(at + RECORD_SKIP_SUCCESS, note.ok ? note.ok.address - own : RECORD_BYTES, true);
    view.setUint32(at + RECORD_CHILD_PAGE, note.childPage?.address ?? 0, true);
  }
}

const roundUp = (byteLength: number): number => (byteLength + 7) & ~7;

function referencesOf(args: readonly TapeArgument[]): number {
  return args.reduce<number>(
    (references, argument, index) =>
      argument instanceof Value ? references | (1 << index) : references,
    0,
  );
}

function wordOf(argument: TapeArgument): number {
  if (argument === null) return 0;
  if (typeof argument === "number") return argument | 0;
  if (argument instanceof Value) return argument.of.address;
  if (typeof argument === "string") throw new TypeError("a text has no place yet");
  return argument.address;
}

function wordsOf(bytes: Uint8Array): Int32Array {
  const whole = new Uint8Array((bytes.length + 3) & ~3);
  whole.set(bytes);
  return new Int32Array(whole.buffer);
}
