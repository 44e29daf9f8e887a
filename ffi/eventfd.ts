// sys/eventfd.h: a counter that can be waited for.

import { O } from "./constants.ts";
import { EAGAIN } from "./errno.ts";
import { Fd } from "./fd.ts";
import { check, errno, scratch } from "./library.ts";
import { rawCall } from "./syscall.ts";
import { SyscallError } from "./syscall-error.ts";

/** A counter at 0, which is never waited for by reading it. eventfd(2) */
export function eventfd(): Fd {
  return new Fd(check(rawCall("eventfd2", 0, O.O_CLOEXEC | O.O_NONBLOCK), "eventfd"));
}

/** The counter's value, which is 0 afterwards. */
export function readEventfd(fd: Fd): number {
  const { address, bytes } = scratch(8);
  if (rawCall("read", fd.number, address, 8) === -1) {
    const code = errno();
    if (code === EAGAIN) return 0;
    throw new SyscallError("read", code, { path: "eventfd" });
  }
  return Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
}
