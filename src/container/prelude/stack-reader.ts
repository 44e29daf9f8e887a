// What a program is started with, read by a tape: argc, words, a NULL, variables, a NULL.

import { type Place, type Tape, Value } from "../../../ffi/agent/tape.ts";
import { describeVector } from "./vectors.ts";

const POINTER_BYTES = 8;
/** Of what a pointer points to as much is read as there is room for. */
const LONGEST_BYTES = 4096;

/**
 * Pointers, one after the other, and what they point to.
 * Kernel: a process may read its own memory by process_vm_readv(2), at an address that was read before.
 */
export class StackReader {
  /** A struct iovec each, of what is read next: its address is what changes. */
  readonly cursor: Place;
  readonly pointer: Place;
  readonly beginning: Place;
  readonly #pid: Place;

  /** @param beginningBytes how much of what a pointer points to is read */
  constructor(
    private readonly tape: Tape,
    private readonly beginningBytes: number,
  ) {
    this.cursor = tape.place(16, vectorOf(POINTER_BYTES));
    this.pointer = tape.place(16, vectorOf(LONGEST_BYTES));
    this.beginning = tape.place(beginningBytes);
    this.#pid = tape.place();
  }

  /** At argc, which is passed over. */
  start({ of }: Value): void {
    this.tape.call("getpid", [], { into: this.#pid });
    this.#read(describeVector(this.tape, [[of, POINTER_BYTES]]), this.cursor, POINTER_BYTES);
  }

  readPointer(): void {
    this.tape.add(this.cursor, POINTER_BYTES);
    this.#read(this.cursor, this.pointer, POINTER_BYTES);
  }

  /** Of what the pointer points to. Kernel: at the end of the stack it is shorter, which is no error. */
  readBeginning(): void {
    this.read(this.beginning, this.beginningBytes);
  }

  read(to: Place, byteLength: number): void {
    this.#read(this.pointer, to, byteLength);
  }

  #read(from: Place, to: Place, byteLength: number): void {
    const own = describeVector(this.tape, [[to, byteLength]]);
    this.tape.call("process_vm_readv", [new Value(this.#pid), own, 1, from, 1, 0]);
  }
}

/** struct iovec, whose address is not known yet */
const vectorOf = (byteLength: number): Uint8Array =>
  new Uint8Array(new BigUint64Array([0n, BigInt(byteLength)]).buffer);
