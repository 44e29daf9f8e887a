// netinet/in.h, as far as finding out goes whether a port of this host is taken.

import { Fd } from "./fd.ts";
import { cString, errno, library, scratch } from "./library.ts";

const inetH = library({
  socket: ["i32", "i32", "i32", "i32"],
  bind: ["i32", "i32", "pointer", "u32"],
  setsockopt: ["i32", "i32", "i32", "i32", "pointer", "u32"],
  inet_pton: ["i32", "i32", "pointer", "pointer"],
});

const EADDRINUSE = 98;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_SCTP = 132;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOCKADDR_IN_BYTES = 16;
const SOCKADDR_IN6_BYTES = 28;

/**
 * Whether somebody has the port already, found out by taking it for a moment. False where it cannot
 * be told: the protocol or the address is not known here. bind(2)
 */
export function isPortTaken(protocol: "tcp" | "udp" | "sctp", ip: string, port: number): boolean {
  const isSix = ip.includes(":");
  const family = isSix ? AF_INET6 : AF_INET;
  const type = protocol === "udp" ? SOCK_DGRAM : SOCK_STREAM;
  const number = inetH().socket(
    family,
    type | SOCK_CLOEXEC,
    protocol === "sctp" ? IPPROTO_SCTP : 0,
  );
  if (number < 0) return false;
  using fd = new Fd(number);
  // What waits in TIME_WAIT does not keep a server from starting, and so does not keep us.
  if (protocol === "tcp") setFlag(fd.number, SOL_SOCKET, SO_REUSEADDR);
  if (isSix) setFlag(fd.number, IPPROTO_IPV6, IPV6_V6ONLY);
  const length = isSix ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
  const text = cString(ip);
  const { address, bytes } = scratch(SOCKADDR_IN6_BYTES);
  bytes.fill(0);
  bytes[0] = family;
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  if (inetH().inet_pton(family, text, address + (isSix ? 8 : 4)) !== 1) return false;
  return inetH().bind(fd.number, address, length) === -1 && errno() === EADDRINUSE;
}

function setFlag(fd: number, level: number, option: number): void {
  const { address, bytes } = scratch(4);
  bytes.fill(0);
  bytes[0] = 1;
  inetH().setsockopt(fd, level, option, address, 4);
}
