// The writing side of the channel: turns calls into records in the shared memory, and reads their
// results back. See layout.ts for the picture.

import { AddressOf, type Argument, type Call, Slot, StringArray, Struct } from "../call.ts";
import { E2BIG } from "../errno.ts";
import { SyscallError } from "../syscall-error.ts";
import { encodeInto } from "../text.ts";
import { syscallNumber } from "../syscall-numbers.ts";
import {
  ARENA_OFFSET,
  CHANNEL_ADDRESS,
  CHANNEL_BYTES,
  CONTROL_BYTES,
  RECORD_BYTES,
  RECORD_CHILD_PAGE,
  RECORD_INTO,
  RECORD_PENDING,
  RECORD_REFERENCES,
  RECORD_RESULT,
  RECORD_SKIP_ERROR,
  RECORD_SKIP_SUCCESS,
  RECORD_TOLERATE,
} from "./layout.ts";

/** Enough for a usual plan with its environment. */
const FIRST_WINDOW_BYTES = 128 * 1024;

/** The records of one batch: offsets in the channel. */
export interface Batch {
  readonly first: number;
  readonly end: number;
}

export class Channel {
  words: Int32Array;
  #bytes: Uint8Array;
  /** Strings and structs that were written already, by text or identity. */
  readonly #strings = new Map<string, number>();
  readonly #structs = new Map<object, number>();
  #next = ARENA_OFFSET;

  /**
   * @param window that many bytes of the channel, live. Asked for little by little: the garbage
   * collector counts what it sees, and a view of all 16 MiB would set it to work at once.
   */
  constructor(private readonly window: (byteLength: number) => ArrayBuffer) {
    const memory = window(FIRST_WINDOW_BYTES);
    this.words = new Int32Array(memory);
    this.#bytes = new Uint8Array(memory);
  }

  /** Makes sure that the first `byteLength` bytes can be written. */
  #widen(byteLength: number): void {
    if (byteLength <= this.#bytes.length) return;
    if (byteLength > CHANNEL_BYTES) {
      throw new SyscallError("mmap", E2BIG, { detail: "the calls to be made take over 16 MiB" });
    }
    let wider = this.#bytes.length;
    while (wider < byteLength) wider *= 2;
    // Views made before stay good: they show the same memory.
    const memory = this.window(wider);
    this.words = new Int32Array(memory);
    this.#bytes = new Uint8Array(memory);
  }

  /** The offset of control page `page`. */
  static controlOffset(page: number): number {
    return page * CONTROL_BYTES;
  }

  /** Where the next batch would begin: everything written lies before it. */
  get end(): number {
    return this.#next;
  }

  /** Makes room for what somebody else writes at the start of the arena. */
  take(byteLength: number): void {
    this.#reserve(byteLength);
  }

  /** Writes `text`, or the beginning of it, to each of the places; the first takes it whole. */
  insert(text: string, places: readonly (readonly [offset: number, length: number])[]): void {
    const bytes = this.#bytes;
    let whole = 0;
    for (const [offset, length] of places) {
      if (whole !== 0) bytes.copyWithin(offset, whole, whole + length);
      else encodeInto(text, bytes.subarray((whole = offset), offset + length));
    }
  }

  /** Writes `calls` as records in a row. Throws SyscallError E2BIG where the channel is full. */
  write(calls: readonly Call[]): Batch {
    const first = this.#reserve(calls.length * RECORD_BYTES);
    let offset = first;
    for (const call of calls) {
      this.#writeRecord(offset, call);
      offset += RECORD_BYTES;
    }
    return { first, end: offset };
  }

  /**
   * Writes the calls that `plan` gives, with all that they point to, into pages of their own: the
   * start of `memory`, whose address is known when `plan` is called.
   */
  writeApart(memory: Slot, plan: () => readonly Call[]): void {
    const { byteLength } = memory;
    this.#next = Math.ceil(this.#next / byteLength) * byteLength;
    memory.offset = this.#next;
    this.write(plan());
    if (this.#next > memory.offset + byteLength) throw new RangeError("the calls need more pages");
    this.#next = memory.offset + byteLength;
  }

  /** The result of record `index` of a batch: a value, or minus an errno; undefined if not run. */
  result(batch: Batch, index: number): number | undefined {
    const word =
      this.words[(batch.first + index * RECORD_BYTES + RECORD_RESULT) >> 2] ?? RECORD_PENDING;
    return word === RECORD_PENDING ? undefined : word;
  }

  /** What a slot holds: the low 32 bits. */
  slotValue(slot: Slot): number {
    return this.words[slot.offset >> 2] ?? 0;
  }

  /** A view of a slot that holds a struct. */
  slotView(slot: Slot): DataView {
    return this.view(slot.offset, slot.byteLength);
  }

  /** A view of what lies at `offset`. */
  view(offset: number, byteLength: number): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + offset, byteLength);
  }

  #writeRecord(offset: number, call: Call): void {
    const words = this.words;
    const at = offset >> 2;
    words[at] = syscallNumber(call.name);
    let references = 0;
    const { args } = call;
    for (let i = 0; i < args.length; i++) {
      const argument = args[i];
      if (typeof argument === "number") {
        words[at + 4 + i] = argument;
      } else if (argument instanceof Slot) {
        references |= 1 << i;
        words[at + 4 + i] = CHANNEL_ADDRESS + this.#slotOffset(argument);
      } else {
        words[at + 4 + i] = this.#argumentAddress(argument ?? null);
      }
    }
    words[at + (RECORD_REFERENCES >> 2)] = references;
    this.#writeOutcome(offset, call);
  }

  #writeOutcome(offset: number, call: Call): void {
    const words = this.words;
    const at = offset >> 2;
    if (call.tolerate === "any") {
      words[at + (RECORD_TOLERATE >> 2)] = -1;
      words[at + (RECORD_TOLERATE >> 2) + 1] = -1;
    } else if (call.tolerate !== undefined) {
      for (const errno of call.tolerate) {
        words[at + (RECORD_TOLERATE >> 2) + (errno >> 5)]! |= 1 << (errno & 31);
      }
    }
    const into =
      call.into === undefined
        ? offset + RECORD_RESULT
        : this.#slotOffset(call.into) + (call.intoOffset ?? 0);
    words[at + (RECORD_INTO >> 2)] = CHANNEL_ADDRESS + into;
    words[at + (RECORD_SKIP_ERROR >> 2)] = RECORD_BYTES * (1 + (call.skipAfterError ?? 0));
    words[at + (RECORD_SKIP_SUCCESS >> 2)] = RECORD_BYTES * (1 + (call.skipAfterSuccess ?? 0));
    if (call.jumpAfterSuccess !== undefined) {
      words[at + (RECORD_SKIP_SUCCESS >> 2)] = this.#slotOffset(call.jumpAfterSuccess) - offset;
    }
    if (call.childPage !== undefined) {
      words[at + (RECORD_CHILD_PAGE >> 2)] =
        CHANNEL_ADDRESS + Channel.controlOffset(call.childPage);
    }
    words[at + (RECORD_RESULT >> 2)] = RECORD_PENDING;
  }

  #argumentAddress(argument: Exclude<Argument, number | Slot>): number {
    if (argument === null) return 0;
    if (typeof argument === "string") return CHANNEL_ADDRESS + this.#stringOffset(argument);
    if (argument instanceof AddressOf) return CHANNEL_ADDRESS + this.#slotOffset(argument.slot);
    if (argument instanceof Struct) return CHANNEL_ADDRESS + this.#structOffset(argument);
    return CHANNEL_ADDRESS + this.#stringArrayOffset(argument);
  }

  #slotOffset(slot: Slot): number {
    if (slot.offset === 0) {
      slot.offset =
        slot.field === undefined
          ? this.#reserve(slot.byteLength)
          : this.#slotOffset(slot.field.of) + slot.field.byteOffset;
      if (slot.initial !== undefined) this.#bytes.set(slot.initial, slot.offset);
    }
    return slot.offset;
  }

  #stringOffset(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const offset = this.#next;
    this.#widen(offset + text.length * 3 + 1);
    const written = encodeInto(text, this.#bytes.subarray(offset));
    this.#reserve(written + 1);
    this.#strings.set(text, offset);
    return offset;
  }

  #structOffset(struct: Struct): number {
    const known = this.#structs.get(struct);
    if (known !== undefined) return known;
    const offset = this.#bytesOffset(struct.bytes);
    for (const pointer of struct.pointers) {
      const target = CHANNEL_ADDRESS + this.#bytesOffset(pointer.to);
      this.words[(offset + pointer.offset) >> 2] = target;
    }
    this.#structs.set(struct, offset);
    return offset;
  }

  #stringArrayOffset({ strings }: StringArray): number {
    const table = this.#reserve((strings.length + 1) * 8);
    let word = table >> 2;
    for (const text of strings) {
      this.words[word] = CHANNEL_ADDRESS + this.#stringOffset(text);
      word += 2;
    }
    return table;
  }

  #bytesOffset(bytes: Uint8Array): number {
    const offset = this.#reserve(bytes.length);
    this.#bytes.set(bytes, offset);
    return offset;
  }

  /** Room in the arena, 8-byte aligned. The memory is fresh, so it is zero. */
  #reserve(byteLength: number): number {
    const offset = this.#next;
    const next = (offset + byteLength + 7) & ~7;
    this.#widen(next);
    this.#next = next;
    return offset;
  }
}
