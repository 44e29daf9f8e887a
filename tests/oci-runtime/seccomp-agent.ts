// A seccomp agent: `bun seccomp-agent.ts SOCKET`. It prints the state that comes with each listener,
// and answers mkdir with ENOMEDIUM and everything else by letting it go on. seccomp_unotify(2)

import type { Fd } from "../../ffi/fd.ts";
import { bytesAddress } from "../../ffi/library.ts";
import { poll } from "../../ffi/poll.ts";
import { accept4, bind, listen, recvmsg, SOCK, socket } from "../../ffi/socket.ts";
import { rawSyscall } from "../../ffi/syscall.ts";
import { syscallNumber } from "../../ffi/syscall-numbers.ts";

const NOTIF_RECV = 0xc0502100;
const NOTIF_SEND = 0xc0182101;
const CONTINUE = 1;
const ENOMEDIUM = 123;
const MKDIR = [83, 258, 34];
const POLLIN = 1;

const [path = ""] = process.argv.slice(2);
const server = socket(SOCK.SOCK_STREAM);
bind(server.number, path);
listen(server.number, 8);
console.log("ready");

let listeners: Fd[] = [];
for (;;) {
  const fds = [server, ...listeners].map(({ number: fd }) => ({ fd, events: POLLIN }));
  const [atServer = 0, ...ready] = poll(fds, -1);
  // Nobody is left who could ask.
  const gone = listeners.filter((_, i) => ((ready[i] ?? 0) & ~POLLIN) !== 0);
  listeners.forEach(({ number }, i) => {
    if (ready[i] === POLLIN) answer(number);
  });
  listeners = listeners.filter((listener) => !gone.includes(listener));
  for (const listener of gone) listener[Symbol.dispose]();
  if (atServer === POLLIN) listeners.push(...receive());
}

function receive(): readonly Fd[] {
  using connection = accept4(server.number);
  const { data, fds } = recvmsg(connection.number, 64 * 1024, 1);
  if (data.length > 0) console.log(new TextDecoder().decode(data));
  return fds;
}

//   seccomp_notif       │ id u64 │ pid u32 │ flags u32 │ nr i32 │ …                  80 bytes
//   seccomp_notif_resp  │ id u64 │ val i64 │ error i32 │ flags u32 │                 24 bytes
function answer(listener: number): void {
  const notification = new Uint8Array(80);
  if (call(listener, NOTIF_RECV, notification) < 0) return;
  const view = new DataView(notification.buffer);
  const response = new Uint8Array(24);
  const reply = new DataView(response.buffer);
  reply.setBigUint64(0, view.getBigUint64(0, true), true);
  if (MKDIR.includes(view.getInt32(16, true))) reply.setInt32(16, -ENOMEDIUM, true);
  else reply.setUint32(20, CONTINUE, true);
  call(listener, NOTIF_SEND, response);
}

function call(fd: number, request: number, bytes: Uint8Array): number {
  return rawSyscall(syscallNumber("ioctl"), [fd, request, bytesAddress(bytes)]);
}
