// Leaving a descriptor to the kernel, where closing it takes its time.

import { Fd } from "./fd.ts";
import { scratch } from "./library.ts";
import { rawCall } from "./syscall.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

// One piece of memory, as this is on the way of a run with a port and its structs are few:
//
//   0        56      72                   88                      96            104
//   | msghdr | iovec | length, level, type | the two descriptors | far and near | a byte
const IOVEC_OFFSET = 56;
const CONTROL_OFFSET = 72;
const CONTROL_BYTES = 24;
const ENDS_OFFSET = 96;
const DATA_OFFSET = 104;

/**
 * Closes a descriptor without waiting for what hangs on that.
 * Kernel: it lies in the queue of a socket of which nothing is left but a copy in the same queue. The
 * collector of such rings (unix_gc) is started by the next end of a socket, the other of the two, and
 * closes what it finds in a thread of the kernel's. Tried on 6.1 (Debian's of 2026), 6.12 and 6.18; a 6.1 of
 * before 2025 does so in the process that has started it, which waits then after all.
 */
export function closeLater(fd: Fd): void {
  using descriptor = fd;
  const { address, bytes } = scratch(DATA_OFFSET + 1);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, DATA_OFFSET / 4);
  const type = SOCK_STREAM | SOCK_CLOEXEC;
  // Where there is no room for more of them, it is closed here.
  if (rawCall("socketpair", AF_UNIX, type, 0, address + ENDS_OFFSET) === -1) return;
  // Order: what is declared last is closed first, and the end of the near one starts the collector.
  using near = new Fd(words[ENDS_OFFSET / 4 + 1] ?? -1);
  using far = new Fd(words[ENDS_OFFSET / 4] ?? -1);
  putAddress(words, 16, address + IOVEC_OFFSET);
  words[24 / 4] = 1;
  putAddress(words, 32, address + CONTROL_OFFSET);
  words[40 / 4] = CONTROL_BYTES;
  putAddress(words, IOVEC_OFFSET, address + DATA_OFFSET);
  words[IOVEC_OFFSET / 4 + 2] = 1;
  words.set([CONTROL_BYTES, 0, SOL_SOCKET, SCM_RIGHTS, fd.number, far.number], CONTROL_OFFSET / 4);
  // Order: it is no longer open here by the time that the ring is found.
  if (rawCall("sendmsg", near.number, address, 0) > 0) descriptor[Symbol.dispose]();
}

function putAddress(words: Int32Array, offset: number, address: number): void {
  words[offset / 4] = address;
  words[offset / 4 + 1] = address / 2 ** 32;
}
