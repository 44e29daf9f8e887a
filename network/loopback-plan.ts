// The loopback link of a new network namespace, which the kernel leaves down. Pure.

import { Slot, type Step, Struct } from "../ffi/call.ts";
import { close, ioctl, socket } from "../ffi/calls.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const IFF_RUNNING = 0x40;
const IFREQ_BYTES = 40;
const IFNAMSIZ = 16;

/** Brings `lo` up. netdevice(7) */
export function planLoopback(): Step {
  const request = new Uint8Array(IFREQ_BYTES);
  request.set([0x6c, 0x6f]); // "lo"
  request[IFNAMSIZ] = IFF_UP | IFF_RUNNING;
  const fd = new Slot("socket");
  return {
    why: "127.0.0.1 of the network namespace: the loopback link comes up",
    calls: [
      socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd),
      ioctl(fd, SIOCSIFFLAGS, new Struct(request, () => '{"lo", IFF_UP|IFF_RUNNING}')),
      close(fd),
    ],
  };
}
