// Writes images: see layout.ts. Pure but for the bytes that come out.

import {
  RECORD_BYTES,
  RECORD_INTO,
  RECORD_REFERENCES,
  RECORD_ARGUMENTS,
  RECORD_RESULT,
  RECORD_SKIP_ERROR,
  RECORD_SKIP_SUCCESS,
  RECORD_TOLERATE,
} from "../agent/layout.ts";
import { type SyscallName, syscallNumber } from "../syscall-numbers.ts";
import { encodeText } from "../text.ts";
import {
  hashWords,
  HEAD_BYTES,
  HEAD_END,
  HEAD_LAST_WORD,
  HEAD_PROGRAMS,
  HEAD_UNDO,
  HEAD_WORDS,
  IMAGE_ADDRESS,
  MAGIC,
  type Operation,
  OPERATIONS,
  PROGRAMS_MAX,
  RECORD_CHILD,
} from "./layout.ts";

/** As an argument: the 64 bits that lie at an address by then. */
export class At {
  constructor(readonly address: number) {}
}

/** A place among the records, which may come later. */
export class Label {
  /** Which record; -1 until it is set. */
  index = -1;
}

export type ImageArgument = number | string | At;

export interface RecordOptions {
  /** Errnos that are no failure; 63 stands for all above it as well. */
  readonly tolerate?: readonly number[] | "any";
  /** Where to go on after those, and after success; with the next record unless said. */
  readonly onError?: Label;
  readonly onSuccess?: Label;
  /** Where the child of a clone goes on. */
  readonly child?: Label;
  /** Where the result goes as well: 64 bits. */
  readonly into?: number;
}

interface ImageRecord extends RecordOptions {
  readonly number: number;
  readonly args: readonly (number | At)[];
}

const BYTES_FIRST = 16 * 1024;

/** An image in the making. Whatever is given back is an address in it. */
export class Image {
  #data = new Uint8Array(BYTES_FIRST);
  #length = HEAD_BYTES;
  readonly #records: ImageRecord[] = [];
  readonly #texts = new Map<string, number>();
  readonly #labelWords: { readonly at: number; readonly label: Label }[] = [];
  readonly #programs: { readonly hash: number; readonly label: Label }[] = [];

  /** Some bytes of its own. */
  bytes(bytes: Uint8Array): number {
    const at = this.room(bytes.length);
    this.#data.set(bytes, at - IMAGE_ADDRESS);
    return at;
  }

  /** A text with a NUL behind it; the same text lies there once. */
  text(text: string): number {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    const at = this.bytes(encodeText(`${text}\0`));
    this.#texts.set(text, at);
    return at;
  }

  /** Zeros, at a multiple of 8. */
  room(byteLength: number): number {
    const at = this.#length;
    this.#length = (at + byteLength + 7) & ~7;
    while (this.#length > this.#data.length) {
      const larger = new Uint8Array(this.#data.length * 2);
      larger.set(this.#data);
      this.#data = larger;
    }
    return IMAGE_ADDRESS + at;
  }

  word(value: number): number {
    return this.bytes(new Uint8Array(new Int32Array([value, value < 0 ? -1 : 0]).buffer));
  }

  /** A system call. */
  call(name: SyscallName, args: readonly ImageArgument[], options: RecordOptions = {}): void {
    this.#add(syscallNumber(name), args, options);
  }

  /** Something that the prelude does itself. */
  operation(name: Operation, args: readonly ImageArgument[], options: RecordOptions = {}): void {
    this.#add(-1 - OPERATIONS.indexOf(name), args, options);
  }

  /** The next record is at that label. */
  set(label: Label): Label {
    label.index = this.#records.length;
    return label;
  }

  /** From here on, what fails goes on there; that ends with `giveUp`. */
  undoBy(label: Label): void {
    const at = this.room(8);
    this.#labelWords.push({ at, label });
    this.operation("copy", [IMAGE_ADDRESS + HEAD_UNDO, at, 4]);
  }

  /** A failure. */
  giveUp(): void {
    this.expectSame(this.text("a"), this.text("b"), 1);
  }

  /** A failure, unless the bytes are the same. */
  expectSame(a: number | At, b: number | At, length: number, options: RecordOptions = {}): void {
    this.operation("compare", [a, b, length], options);
  }

  /** A program for these words: its records are the next ones. @param id the last word, if apart */
  program(words: readonly string[], id?: string): void {
    const key = encodeText(words.map((word) => `${word}\0`).join(""));
    const last = encodeText(id ?? words.at(-1) ?? "");
    this.#programs.push({ hash: hashWords(key, last.length), label: this.set(new Label()) });
    if (this.#programs.length > PROGRAMS_MAX) throw new RangeError("too many programs");
    this.expectSame(IMAGE_ADDRESS + HEAD_WORDS + 8, this.word(key.length), 8);
    this.expectSame(new At(IMAGE_ADDRESS + HEAD_WORDS), this.bytes(key), key.length);
    this.expectSame(IMAGE_ADDRESS + HEAD_LAST_WORD + 8, this.word(last.length), 8);
  }

  /** The whole file. */
  finish(): Uint8Array<ArrayBuffer> {
    const first = this.#length;
    const file = new Uint8Array(first + this.#records.length * RECORD_BYTES);
    const view = new DataView(file.buffer);
    const addressOf = ({ index }: Label): number => {
      if (index < 0) throw new Error("a label was never set");
      return IMAGE_ADDRESS + first + index * RECORD_BYTES;
    };
    for (const { at, label } of this.#labelWords) {
      new DataView(this.#data.buffer).setUint32(at - IMAGE_ADDRESS, addressOf(label), true);
    }
    file.set(this.#data.subarray(0, first));
    file.set(encodeText(MAGIC));
    view.setUint32(HEAD_END, IMAGE_ADDRESS + file.length, true);
    this.#programs.forEach(({ hash, label }, index) => {
      view.setUint32(HEAD_PROGRAMS + index * 8, hash, true);
      view.setUint32(HEAD_PROGRAMS + index * 8 + 4, addressOf(label), true);
    });
    this.#records.forEach((record, index) => {
      writeRecord(view, first + index * RECORD_BYTES, record, addressOf);
    });
    return file;
  }

  #add(number: number, args: readonly ImageArgument[], options: RecordOptions): void {
    const numbers = args.map((arg) => (typeof arg === "string" ? this.text(arg) : arg));
    this.#records.push({ ...options, number, args: numbers });
  }
}

const TOLERATE_ALL = 63;

function writeRecord(
  view: DataView,
  at: number,
  { number, args, tolerate = [], onError, onSuccess, child, into }: ImageRecord,
  addressOf: (label: Label) => number,
): void {
  view.setInt32(at, number, true);
  args.forEach((arg, index) => {
    const value = typeof arg === "number" ? arg : arg.address;
    view.setInt32(at + RECORD_ARGUMENTS + index * 4, value, true);
  });
  const references = args.reduce<number>(
    (bits, arg, index) => (arg instanceof At ? bits | (1 << index) : bits),
    0,
  );
  view.setUint32(at + RECORD_REFERENCES, references, true);
  view.setBigUint64(at + RECORD_TOLERATE, toleratedBits(tolerate), true);
  const skipTo = (label: Label | undefined): number =>
    label === undefined ? RECORD_BYTES : addressOf(label) - IMAGE_ADDRESS - at;
  view.setInt32(at + RECORD_SKIP_ERROR, skipTo(onError), true);
  view.setInt32(at + RECORD_SKIP_SUCCESS, skipTo(onSuccess), true);
  view.setUint32(at + RECORD_INTO, into ?? IMAGE_ADDRESS + at + RECORD_RESULT, true);
  if (child !== undefined) view.setUint32(at + RECORD_CHILD, addressOf(child), true);
}

function toleratedBits(tolerate: readonly number[] | "any"): bigint {
  if (tolerate === "any") return (1n << 64n) - 1n;
  let bits = 0n;
  for (const errno of tolerate) bits |= 1n << BigInt(Math.min(errno, TOLERATE_ALL));
  return bits;
}
