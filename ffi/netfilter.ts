// linux/netfilter/nfnetlink.h: telling the kernel's nf_tables something, as nft does. netlink(7)

import { closeLater } from "./close-later.ts";
import { Fd } from "./fd.ts";
import { bytesAddress, check, scratch } from "./library.ts";
import { rawCall } from "./syscall.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_NETFILTER = 12;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;

/** The kernel takes no longer message than this without being asked: net.core.wmem_default. */
const USUAL_BYTES = 64 * 1024;

// An answer: a header of 16 bytes, and minus the errno. What it answers follows, and is not read.
const ANSWER_BYTES = 20;
const ERROR_OFFSET = 16;

/** A socket that speaks of the calling thread's network namespace. @throws SyscallError */
export function openNetfilter(): Fd {
  const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
  return new Fd(check(rawCall("socket", AF_NETLINK, type, NETLINK_NETFILTER), "socket"));
}

/**
 * Performs a batch in the calling thread's network namespace: all of it or nothing. False where something
 * of it could not be done.
 * @param answers how many of its messages are to be answered
 * @throws SyscallError where there is no nf_tables to be asked
 */
export function tellNetfilter(batch: Uint8Array, answers: number): boolean {
  const fd = openNetfilter();
  try {
    if (batch.length > USUAL_BYTES) makeRoom(fd.number, batch.length);
    const address = bytesAddress(batch);
    if (rawCall("write", fd.number, address, batch.length) !== batch.length) return false;
    // Kernel: it has been done, and all answers are there, before write(2) returns.
    for (let answer = 0; answer < answers; answer++) if (readError(fd.number) !== 0) return false;
    return true;
  } finally {
    // Kernel: whoever closes such a socket waits until no packet sees any more what was taken away,
    // which takes 5 to 30 ms.
    closeLater(fd);
  }
}

function makeRoom(fd: number, byteLength: number): void {
  const { address, bytes } = scratch(4);
  new DataView(bytes.buffer, bytes.byteOffset).setInt32(0, byteLength * 2, true);
  rawCall("setsockopt", fd, SOL_SOCKET, SO_SNDBUFFORCE, address, 4);
}

/** What the next answer says; -1 where there is none. */
function readError(fd: number): number {
  const { address, bytes } = scratch(ANSWER_BYTES);
  if (rawCall("read", fd, address, ANSWER_BYTES) < ANSWER_BYTES) return -1;
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(ERROR_OFFSET, true);
}
