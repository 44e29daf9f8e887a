// socketcall(2) and ipc(2) of i386: two system calls that carry all of sockets and System V IPC,
// their first argument saying which. A rule on `socket` is therefore also one on `socketcall` with
// 1 there; what the rule asks of the first argument is lost, as only memory holds it (docker's
// profile lets every socketcall pass for that reason).
import type { SyscallArch } from "./syscalls.ts";

/** How a call travels inside another one. */
export interface MultiplexedCall {
  /** The number of the carrying system call. */
  readonly nr: number;
  /** Its first argument. Kernel: include/uapi/linux/net.h (SYS_…), include/uapi/linux/ipc.h. */
  readonly call: number;
}

const SOCKETCALL = 102;
const IPC = 117;

/** Each call at the place of its number; "-" has none. */
const SOCKET_CALLS =
  "- socket bind connect listen accept getsockname getpeername socketpair send recv sendto recvfrom " +
  "shutdown setsockopt getsockopt sendmsg recvmsg accept4 recvmmsg sendmmsg";
const IPC_CALLS =
  "- semop semget semctl semtimedop - - - - - - msgsnd msgrcv msgget msgctl - - - - - - " +
  "shmat shmdt shmget shmctl";

let calls: Map<string, MultiplexedCall> | undefined;

/** How `name` travels on `arch`, or undefined where it is only a system call of its own. */
export function multiplexedCall(arch: SyscallArch, name: string): MultiplexedCall | undefined {
  if (arch !== "x86") return undefined;
  calls ??= readCalls();
  return calls.get(name);
}

function readCalls(): Map<string, MultiplexedCall> {
  const map = new Map<string, MultiplexedCall>();
  SOCKET_CALLS.split(" ").forEach((name, call) => map.set(name, { nr: SOCKETCALL, call }));
  IPC_CALLS.split(" ").forEach((name, call) => map.set(name, { nr: IPC, call }));
  map.delete("-");
  return map;
}
