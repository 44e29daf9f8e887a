// netinet/in.h, as far as finding out goes whether a port of this host is taken.

import { baseFunctions, cString, errno, library, scratch } from "./library.ts";
import { type SyscallName, syscallNumber } from "./syscall-numbers.ts";

const inetH = library({
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
  const fd = call("socket", family, type | SOCK_CLOEXEC, protocol === "sctp" ? IPPROTO_SCTP : 0);
  if (fd < 0) return false;
  try {
    if (isSix) setFlag(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    const { address, bytes } = scratch(SOCKADDR_IN6_BYTES);
    bytes[0] = family;
    bytes[2] = port >> 8;
    bytes[3] = port & 0xff;
    // Zeros are every address.
    if (ip !== "0.0.0.0" && ip !== "::") {
      const place = address + (isSix ? 8 : 4);
      if (inetH().inet_pton(family, cString(ip), place) !== 1) return false;
    }
    const length = isSix ? SOCKADDR_IN6_BYTES : SOCKADDR_IN_BYTES;
    if (!isInUse(fd, address, length)) return false;
    if (protocol !== "tcp") return true;
    // What waits in TIME_WAIT does not keep a server from starting, and so does not keep us.
    setFlag(fd, SOL_SOCKET, SO_REUSEADDR);
    return isInUse(fd, address, length);
  } finally {
    call("close", fd);
  }
}

const isInUse = (fd: number, address: number, length: number): boolean =>
  call("bind", fd, address, length) === -1 && errno() === EADDRINUSE;

function setFlag(fd: number, level: number, option: number): void {
  const { address, bytes } = scratch(4);
  bytes[0] = 1;
  call("setsockopt", fd, level, option, address, 4);
}

// Start-up time: none of these functions has to be looked up in libc, and nothing is made of the
// arguments, as a container may have many ports.
function call(name: SyscallName, a: number, b = 0, c = 0, d = 0, e = 0): number {
  return baseFunctions().syscall(syscallNumber(name), a, b, c, d, e, 0);
}
