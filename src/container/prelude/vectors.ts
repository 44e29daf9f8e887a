// Lists of memory for calls that take them: struct iovec of readv(2), process_vm_readv(2).

import { type Addressed, type Place, type Tape, Value } from "../../../ffi/agent/tape.ts";

const IOVEC_BYTES = 16;

/** The struct iovec[] of those places and lengths. */
export function describeVector(
  tape: Tape,
  parts: readonly (readonly [at: Addressed, byteLength: number])[],
): Place {
  const lengths = new BigUint64Array(parts.length * 2);
  const pointers = parts.map(([to, byteLength], index) => {
    lengths[index * 2 + 1] = BigInt(byteLength);
    return { offset: index * IOVEC_BYTES, to };
  });
  return tape.place(parts.length * IOVEC_BYTES, new Uint8Array(lengths.buffer), pointers);
}

/** Bytes that are to be in two places. */
export interface Copy {
  readonly from: Addressed;
  readonly to: Addressed;
  readonly length: number;
}

/** IOV_MAX */
const COPIES_MAX = 1024;

/** Kernel: a process may read its own memory, which is the one call that copies it. @param pid its own */
export function writeCopies(tape: Tape, copies: readonly Copy[], pid: Place): void {
  for (let first = 0; first < copies.length; first += COPIES_MAX) {
    const some = copies.slice(first, first + COPIES_MAX);
    const to = describeVector(
      tape,
      some.map((copy) => [copy.to, copy.length]),
    );
    const from = describeVector(
      tape,
      some.map((copy) => [copy.from, copy.length]),
    );
    const copied = tape.place();
    const args = [new Value(pid), to, some.length, from, some.length, 0];
    tape.call("process_vm_readv", args, { into: copied });
    tape.compare(
      copied,
      some.reduce((sum, { length }) => sum + length, 0),
    );
  }
}
