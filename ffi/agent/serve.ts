// The second performer: this program again as `internal-init CHANNELFD PAGE`. It serves a control
// page as the agent does, but each record is a function of libc that is called through the FFI. It
// runs where the agent cannot (no executable memfd), and is what the agent is compared with.
//
//   parent                                server                          child (pid 1)
//   channel, first batch
//   posix_spawn(self, internal-init) ───▶ maps the channel, page 0
//                                         clone: unshare + posix_spawn ─▶ page 1, in the
//                                         waits for its page              new namespaces
//
// What it cannot do: an engine has several threads, so the kernel refuses it user namespaces.

import { runtime } from "#runtime";
import { CLONE, MAP, O, PROT_READ, PROT_WRITE } from "../constants.ts";
import { EINVAL } from "../errno.ts";
import { open, openat, setCloseOnExec } from "../fcntl.ts";
import { futex_wait, futex_wake } from "../futex.ts";
import { mmap } from "../mman.ts";
import { setns, unshare } from "../sched.ts";
import { unignoreSignals } from "../signal.ts";
import { posix_spawn } from "../spawn.ts";
import { isSyscallError } from "../syscall-error.ts";
import { syscallNumber } from "../syscall-numbers.ts";
import { execve, write } from "../unistd.ts";
import {
  CHANNEL_ADDRESS,
  CHANNEL_BYTES,
  CONTROL_BYTES,
  CONTROL_DONE,
  CONTROL_END,
  CONTROL_FIRST,
  CONTROL_GO,
  CONTROL_STOP,
  RECORD_ARGUMENTS,
  RECORD_CHILD_PAGE,
  RECORD_INTO,
  RECORD_REFERENCES,
  RECORD_RESULT,
  RECORD_SKIP_ERROR,
  RECORD_SKIP_SUCCESS,
  RECORD_TOLERATE,
} from "./layout.ts";
import { performCall } from "./libc-calls.ts";
import { serveCommand } from "./serve-command.ts";

const ARGUMENT_COUNT = 6;
/** Stands for all above it as well. */
const LAST_ERRNO = 63;
/** How long one wait lasts; waking up for nothing costs a little time and nothing else. */
const WAIT_MS = 10_000;

/** Serves a page until a record ends or replaces this process. Throws SyscallError: no channel. */
export function serve(argv: readonly string[]): never {
  const [channelFd = -1, page = 0, attempt = 1] = argv.map(Number);
  mapChannel(channelFd, page, attempt);
  // Order: before anything can be executed, which would inherit what the engine ignores.
  unignoreSignals();
  const server = new Server(channelFd);
  for (;;) server.serveBatch(CHANNEL_ADDRESS + page * CONTROL_BYTES);
}

const ATTEMPTS = 8;

/**
 * Kernel: the heap of an executable with a fixed address starts at random within 1 GiB behind it
 * (x86-64 since 6.9), and now and then lies where the channel belongs. Then this program is
 * executed again, in the same process.
 */
function mapChannel(channelFd: number, page: number, attempt: number): void {
  try {
    mmap({
      address: CHANNEL_ADDRESS,
      byteLength: CHANNEL_BYTES,
      protection: PROT_READ | PROT_WRITE,
      flags: MAP.MAP_SHARED | MAP.MAP_FIXED_NOREPLACE,
      fd: channelFd,
    });
  } catch (error) {
    if (!isSyscallError(error, "EEXIST") || attempt >= ATTEMPTS) throw error;
    // Bun marks whatever it inherits as to be closed by exec.
    setCloseOnExec(channelFd, false);
    const command = [...serveCommand(channelFd, page), String(attempt + 1)];
    execve(command[0] ?? "", command, []);
  }
}

/** All addresses here are those of the channel's mapping, which are the records' own. */
class Server {
  readonly #memory = new DataView(runtime.memoryAt(CHANNEL_ADDRESS, CHANNEL_BYTES));
  readonly #words = new Int32Array(this.#memory.buffer);
  readonly #clone = syscallNumber("clone");
  readonly #clone3 = syscallNumber("clone3");

  constructor(readonly channelFd: number) {}

  serveBatch(page: number): void {
    const go = this.#waitForGo(page);
    const stop = this.#performAll(this.#load(page + CONTROL_FIRST), this.#load(page + CONTROL_END));
    this.#store(page + CONTROL_STOP, stop);
    // Order: the results and where it ended must be visible before `done` changes.
    this.#store(page + CONTROL_DONE, go);
    futex_wake(page + CONTROL_DONE, 1);
  }

  #waitForGo(page: number): number {
    for (;;) {
      const go = this.#load(page + CONTROL_GO);
      if (go !== this.#load(page + CONTROL_DONE)) return go;
      futex_wait(page + CONTROL_GO, go, WAIT_MS);
    }
  }

  /** The address where it stopped: `end`, or the record that failed. */
  #performAll(first: number, end: number): number {
    let record = first;
    while (record < end) {
      const result = this.#perform(record);
      this.#write64(record + RECORD_RESULT, result);
      this.#write64(this.#load(record + RECORD_INTO), result);
      if (result < 0 && !this.#tolerates(record, -result)) return record;
      record += this.#load(record + (result < 0 ? RECORD_SKIP_ERROR : RECORD_SKIP_SUCCESS));
    }
    return end;
  }

  #perform(record: number): number {
    const number = this.#load(record);
    const args = this.#arguments(record);
    const childPage = this.#load(record + RECORD_CHILD_PAGE);
    if (childPage === 0) return performCall(number, args);
    const page = (childPage - CHANNEL_ADDRESS) / CONTROL_BYTES;
    if (number === this.#clone) return this.#makeChild(page, args[0] ?? 0);
    return number === this.#clone3 ? this.#makeChildIn(page, args[0] ?? 0) : -EINVAL;
  }

  #arguments(record: number): number[] {
    const references = this.#load(record + RECORD_REFERENCES);
    return Array.from({ length: ARGUMENT_COUNT }, (_, i) => {
      const value = this.#load(record + RECORD_ARGUMENTS + 4 * i);
      return (references & (1 << i)) === 0 ? value : this.#read64(value);
    });
  }

  #tolerates(record: number, errno: number): boolean {
    const bit = Math.min(errno, LAST_ERRNO);
    const word = this.#load(record + RECORD_TOLERATE + 4 * (bit >> 5));
    return (word & (1 << (bit & 31))) !== 0;
  }

  /** clone_args of clone3(2): the child is moved into the cgroup before anybody hears of it. */
  #makeChildIn(page: number, cloneArgs: number): number {
    const pid = this.#makeChild(page, this.#read64(cloneArgs));
    if (pid < 0) return pid;
    return orErrno(() => {
      const cgroup = this.#read64(cloneArgs + CLONE_ARGS_CGROUP_OFFSET);
      using procs = openat(cgroup, "cgroup.procs", O.O_WRONLY);
      write(procs.number, new TextEncoder().encode(String(pid)));
      return pid;
    });
  }

  /** The pid of a child that serves `page` in the namespaces of `flags`, made by unshare(2). */
  #makeChild(page: number, flags: number): number {
    const namespaces = flags & ~SIGNAL_BITS;
    const argv = serveCommand(this.channelFd, page);
    const inherited = { kind: "dup2", from: this.channelFd, to: this.channelFd } as const;
    const spawn = (path: string) => posix_spawn(path, argv, [], { fileActions: [inherited] });
    return orErrno(() => {
      unshare(namespaces & ~CLONE.CLONE_NEWPID);
      if ((namespaces & CLONE.CLONE_NEWPID) === 0) return spawn(argv[0] ?? "");
      return bearInPidNamespace(spawn, argv[0] ?? "");
    });
  }

  #load(address: number): number {
    return Atomics.load(this.#words, (address - CHANNEL_ADDRESS) >> 2);
  }

  #store(address: number, value: number): void {
    Atomics.store(this.#words, (address - CHANNEL_ADDRESS) >> 2, value);
  }

  #read64(address: number): number {
    return Number(this.#memory.getBigInt64(address - CHANNEL_ADDRESS, true));
  }

  #write64(address: number, value: number): void {
    this.#memory.setBigInt64(address - CHANNEL_ADDRESS, BigInt(value), true);
  }
}

const SIGNAL_BITS = 0x7f;
const CLONE_ARGS_CGROUP_OFFSET = 80;

const NO_PROGRAM = "/";

/**
 * The pid of the first process of a new pid namespace.
 *
 * Kernel: while children are born into another pid namespace, no thread can be made, and an engine
 * that cannot make one aborts. So the three calls are made once before, to no effect: afterwards
 * nothing in between is looked up, loaded or compiled for the first time.
 */
function bearInPidNamespace(spawn: (path: string) => number, program: string): number {
  using own = open("/proc/self/ns/pid", O.O_RDONLY);
  unshare(0);
  orErrno(() => spawn(NO_PROGRAM));
  setns(own.number, CLONE.CLONE_NEWPID);
  unshare(CLONE.CLONE_NEWPID);
  const pid = orErrno(() => spawn(program));
  setns(own.number, CLONE.CLONE_NEWPID);
  return pid;
}

/** The value, or minus the errno with which a call in `perform` failed. */
function orErrno(perform: () => number): number {
  try {
    return perform();
  } catch (error) {
    if (isSyscallError(error)) return -error.errno;
    throw error;
  }
}
