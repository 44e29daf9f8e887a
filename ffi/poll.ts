// poll.h: waiting until one of several descriptors is ready.

import { EINTR } from "./errno.ts";
import { errno, library, scratch } from "./library.ts";
import { POLLFD } from "./struct-tables.ts";
import { structReader, writeStruct } from "./structs.ts";
import { SyscallError } from "./syscall-error.ts";

const pollH = library({ poll: ["i32", "pointer", "i64", "i32"] });

export const POLL = {
  POLLIN: 1,
  POLLPRI: 2,
  POLLOUT: 4,
  POLLERR: 8,
  POLLHUP: 16,
  POLLNVAL: 32,
} as const;

export interface PollRequest {
  readonly fd: number;
  /** POLL bits; errors and hang-ups are always told. */
  readonly events: number;
}

/**
 * The POLL bits of what is ready, one number for each request; all 0 after `timeoutMs` (-1 waits
 * for ever). poll(2), again for the rest of the time after EINTR. Blocks this thread.
 */
export function poll(requests: readonly PollRequest[], timeoutMs: number): number[] {
  const table = scratch(requests.length * POLLFD.byteLength);
  const part = (i: number) => table.bytes.subarray(i * POLLFD.byteLength);
  requests.forEach((request, i) => writeStruct(POLLFD, part(i), { ...request }));
  const end = performance.now() + timeoutMs;
  let leftMs = timeoutMs;
  while (pollH().poll(table.address, requests.length, leftMs) === -1) {
    const number = errno();
    if (number !== EINTR) throw new SyscallError("poll", number);
    if (timeoutMs >= 0) leftMs = Math.max(0, Math.ceil(end - performance.now()));
  }
  return requests.map((_, i) => structReader(POLLFD, part(i))("revents"));
}
