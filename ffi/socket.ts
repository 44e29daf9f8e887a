// sys/socket.h: sockets of this machine (AF_UNIX), which carry descriptors between processes.

import { Fd } from "./fd.ts";
import { bytesAddress, check, library, scratch } from "./library.ts";
import { CMSGHDR, IOVEC, MSGHDR } from "./struct-tables.ts";
import { readScalar, structReader, writeStruct } from "./structs.ts";
import { SyscallError } from "./syscall-error.ts";

const socketH = library({
  socket: ["i32", "i32", "i32", "i32"],
  socketpair: ["i32", "i32", "i32", "i32", "pointer"],
  connect: ["i32", "i32", "pointer", "u32"],
  bind: ["i32", "i32", "pointer", "u32"],
  listen: ["i32", "i32", "i32"],
  accept4: ["i32", "i32", "pointer", "pointer", "i32"],
  sendmsg: ["i64", "i32", "pointer", "i32"],
  recvmsg: ["i64", "i32", "pointer", "i32"],
});

export const SOCK = { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_SEQPACKET: 5 } as const;
export const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const AF_UNIX = 1;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x8;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const ENAMETOOLONG = 36;
const EMSGSIZE = 90;

/** An AF_UNIX socket of `type` (SOCK), closed by exec. socket(2) */
export function socket(type: number): Fd {
  return new Fd(check(socketH().socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket"));
}

/** Two connected AF_UNIX sockets, closed by exec. socketpair(2) */
export function socketpair(type: number): [Fd, Fd] {
  const ends = scratch(8);
  const result = socketH().socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.address);
  check(result, "socketpair", { detail: `type ${type}` });
  const [one = -1, other = -1] = new Int32Array(ends.bytes.slice().buffer);
  return [new Fd(one), new Fd(other)];
}

/** `sun_path` holds 108 bytes with its final NUL; longer paths go through /proc/self/fd/N/name. */
const SUN_PATH_BYTES = 108;
const SOCKADDR_UN_BYTES = 2 + SUN_PATH_BYTES;

function unixAddress(path: string, call: string): number {
  const encoded = new TextEncoder().encode(path);
  if (encoded.length >= SUN_PATH_BYTES) throw new SyscallError(call, ENAMETOOLONG, { path });
  const { address, bytes } = scratch(SOCKADDR_UN_BYTES);
  bytes[0] = AF_UNIX;
  bytes.set(encoded, 2);
  return address;
}

/** Connects to the socket at `path`. connect(2); ECONNREFUSED where nobody listens. */
export function connect(fd: number, path: string): void {
  const address = unixAddress(path, "connect");
  check(socketH().connect(fd, address, SOCKADDR_UN_BYTES), "connect", { path });
}

/** Makes the socket at `path`. bind(2); EADDRINUSE where the file exists. */
export function bind(fd: number, path: string): void {
  const address = unixAddress(path, "bind");
  check(socketH().bind(fd, address, SOCKADDR_UN_BYTES), "bind", { path });
}

/** Lets others connect. listen(2) */
export function listen(fd: number, backlog: number): void {
  check(socketH().listen(fd, backlog), "listen", { detail: `fd ${fd}` });
}

/** The next connection, closed by exec. accept4(2). Blocks this thread. */
export function accept4(fd: number): Fd {
  return new Fd(
    check(socketH().accept4(fd, 0, 0, SOCK_CLOEXEC), "accept4", { detail: `fd ${fd}` }),
  );
}

// A control message with descriptors, as sendmsg takes and recvmsg fills it:
//
//   0         8            12          16                  16 + 4n
//   | cmsg_len | SOL_SOCKET | SCM_RIGHTS | fd | fd | …      | padding to 8
const controlBytes = (fdCount: number) => CMSGHDR.byteLength + ((fdCount * 4 + 7) & ~7);

function message(data: Uint8Array, control: { address: number; bytes: Uint8Array }) {
  const vector = scratch(IOVEC.byteLength);
  writeStruct(IOVEC, vector.bytes, { iov_base: bytesAddress(data), iov_len: data.length });
  const header = scratch(MSGHDR.byteLength);
  writeStruct(MSGHDR, header.bytes, {
    msg_iov: vector.address,
    msg_iovlen: 1,
    msg_control: control.bytes.length === 0 ? 0 : control.address,
    msg_controllen: control.bytes.length,
  });
  return header;
}

/** How many of `data`'s bytes were sent, and with them copies of `fds`. sendmsg(2), unix(7) */
export function sendmsg(fd: number, data: Uint8Array, fds: readonly number[]): number {
  const control = scratch(fds.length === 0 ? 0 : controlBytes(fds.length));
  if (fds.length > 0) {
    writeStruct(CMSGHDR, control.bytes, {
      cmsg_len: CMSGHDR.byteLength + fds.length * 4,
      cmsg_level: SOL_SOCKET,
      cmsg_type: SCM_RIGHTS,
    });
    const view = new DataView(control.bytes.buffer, control.bytes.byteOffset);
    fds.forEach((sent, i) => view.setInt32(CMSGHDR.byteLength + i * 4, sent, true));
  }
  const { address } = message(data, control);
  return check(socketH().sendmsg(fd, address, MSG_NOSIGNAL), "sendmsg", { detail: `fd ${fd}` });
}

/** What recvmsg got; no bytes and no descriptors: the other end is closed. */
export interface ReceivedMessage {
  readonly data: Uint8Array;
  /** The receiver's to close; exec closes them too. */
  readonly fds: readonly Fd[];
}

/**
 * The next message, of at most `maxBytes`, with at most `maxFds` descriptors. recvmsg(2). Blocks
 * this thread. EMSGSIZE where more descriptors came: then all of them are closed.
 */
export function recvmsg(fd: number, maxBytes: number, maxFds: number): ReceivedMessage {
  const data = new Uint8Array(maxBytes);
  const control = scratch(maxFds === 0 ? 0 : controlBytes(maxFds));
  const header = message(data, control);
  const result = socketH().recvmsg(fd, header.address, MSG_CMSG_CLOEXEC);
  const length = check(result, "recvmsg", { detail: `fd ${fd}` });
  const read = structReader(MSGHDR, header.bytes);
  const fds = receivedFds(control.bytes.subarray(0, read("msg_controllen")));
  // Padding may have had room for one more than the caller asked for.
  if ((read("msg_flags") & MSG_CTRUNC) !== 0 || fds.length > maxFds) {
    for (const received of fds) received[Symbol.dispose]();
    throw new SyscallError("recvmsg", EMSGSIZE, { detail: `more than ${maxFds} descriptors` });
  }
  return { data: data.subarray(0, length), fds };
}

function receivedFds(control: Uint8Array): Fd[] {
  if (control.length < CMSGHDR.byteLength) return [];
  const read = structReader(CMSGHDR, control);
  if (read("cmsg_level") !== SOL_SOCKET || read("cmsg_type") !== SCM_RIGHTS) return [];
  const view = new DataView(control.buffer, control.byteOffset, control.byteLength);
  const fds: Fd[] = [];
  for (let offset = CMSGHDR.byteLength; offset + 4 <= read("cmsg_len"); offset += 4) {
    fds.push(new Fd(readScalar(view, "i32", offset)));
  }
  return fds;
}
