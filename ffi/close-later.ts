// Leaving a descriptor to the kernel, where closing it takes its time.

import type { Fd } from "./fd.ts";
import { sendmsg, SOCK, socketpair } from "./socket.ts";
import { SyscallError } from "./syscall-error.ts";

/**
 * Closes a descriptor without waiting for what hangs on that.
 * Kernel: it lies in the queue of a socket of which nothing is left but a copy in the same queue. The
 * collector of such rings (unix_gc) is started by the next end of a socket, the other of the two, and
 * closes what it finds in a thread of the kernel's. Tried on 6.1 (Debian's of 2026), 6.12 and 6.18; a 6.1 of
 * before 2025 does so in the process that has started it, which waits then after all.
 */
export function closeLater(fd: Fd): void {
  using descriptor = fd;
  try {
    const [near, far] = socketpair(SOCK.SOCK_STREAM);
    using end = near;
    // Order: what is declared last is closed first, and the end of the first starts the collector.
    using ring = far;
    sendmsg(end.number, Uint8Array.of(0), [descriptor.number, ring.number]);
    descriptor[Symbol.dispose]();
  } catch (error) {
    // There is no room for more of them: it is closed here.
    if (!(error instanceof SyscallError)) throw error;
  }
}
