// What the tapes of all launches have in common: their memory, the container's id, and the way of an agent
// and an init process from their start to the gate. Pure.

import { AT, AT_FDCWD, CLONE, F_ADD_SEALS, O, P_PID, W } from "../../../ffi/constants.ts";
import {
  ARENA_OFFSET,
  CHANNEL_ADDRESS,
  CHANNEL_BYTES,
  CONTROL_BYTES,
  CONTROL_DONE,
  CONTROL_END,
  CONTROL_FIRST,
  CONTROL_GO,
  CONTROL_STOP,
  EXECUTABLE_CHANNEL_OFFSET,
  RECORD_BYTES,
  RECORD_PENDING,
  RECORD_RESULT,
} from "../../../ffi/agent/layout.ts";
import {
  type Addressed,
  Inside,
  Mark,
  type Outcome,
  type Place,
  Tape,
  Value,
} from "../../../ffi/agent/tape.ts";
import type { Score, Span } from "../score.ts";
import type { Boot } from "./boot.ts";
import { LAUNCH_ADDRESS, VIEW_ADDRESS } from "./layout.ts";
import { StackReader } from "./stack-reader.ts";
import { type Copy, describeVector, writeCopies } from "./vectors.ts";

/** Where in its file the second part and the channel begin; before them is the tape. */
export const TABLE_OFFSET = 1024 * 1024;
export const CHANNEL_OFFSET = 2 * 1024 * 1024;
/** What the runtime is to know where it comes to the end. */
export const END_OFFSET = 3 * 1024 * 1024;

/** The whole file, in pieces. */
export interface LaunchFile {
  readonly tape: Uint8Array;
  /** What it looks up: the names of a run, the characters of an id. */
  readonly table: Uint8Array;
  readonly channel?: Uint8Array;
  readonly end?: Uint8Array;
}

/** What every tape is to know. */
export interface Prelude {
  /** What stands for the id in its texts. */
  readonly standInId: string;
  /** The command line that it is for. */
  readonly words: readonly string[];
  /** Its own file, to be removed where it fails. */
  readonly file: string;
  /** All variables of ours but for $BUNKER_RUN: as `NAME=value`. */
  readonly variables: readonly string[];
}

export const SIGCHLD = 17;
const SIGKILL = 9;
const EINTR = 4;
/** What a shell adds to a signal. */
const SIGNALLED = 128;
const SIGNALS = 64;
export const SIGSET_BYTES = 8;
const [SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK] = [0, 1, 2];
export const SIGACTION_BYTES = 32;
/** siginfo_t of SIGCHLD. */
export const SIGINFO = { bytes: 128, code: 8, pid: 16, status: 24 } as const;
export const CLD_EXITED = 1;
const MFD_CLOEXEC_ALLOW_SEALING = 3;
const ALL_SEALS = 15;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED_NOREPLACE = 0x100001;
const RENAME_NOREPLACE = 1;
const AT_EMPTY_PATH = 0x1000;
const F_SETFD = 2;
const CLOSE_RANGE_CLOEXEC = 4;
const FIRST_OTHER_FD = 3;
const LAST_FD = -1;
const DIRENTS_BYTES = 1024;
/** struct linux_dirent64 of "." and "..". */
const EMPTY_DIRENTS_BYTES = 48;
/** How variables of ours begin, as far as a word goes; and the one that names the run folder. */
const OURS = "BUNK";
const OUR_FOLDER = "BUNKER_RUN=/";
const BEGINNING_BYTES = 16;
const POLLIN = 1;
const WAIT_NANOSECONDS = 200_000_000n;

/** What an agent has of the caller's. */
interface AgentOptions {
  /** Instead of the caller's own. */
  readonly stdin?: Place | undefined;
  /** What it has besides the streams and the channel, and its children with it. */
  readonly inherit?: readonly Place[];
}

/** What lies at that offset of the channel, as a prelude sees it. */
export const inChannel = (offset: number): Inside => new Inside(new Mark(VIEW_ADDRESS), offset);

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export class LaunchWriter {
  /** Nothing has been done yet that anybody could see. */
  readonly early = new Mark();
  readonly undo = new Mark();
  readonly end = new Mark();
  readonly tape = new Tape(LAUNCH_ADDRESS, this.early);
  readonly id: Place;
  readonly pid = this.tape.place();
  readonly info = this.tape.place(SIGINFO.bytes);
  readonly copies: Copy[] = [];
  readonly #atOnce = this.tape.bytes(int64s(0n, 0n));
  readonly #moment = this.tape.bytes(int64s(0n, WAIT_NANOSECONDS));
  readonly #fds: Place[] = [];
  /** struct pollfd of the init process, once there is one. */
  #init: Place | undefined;

  constructor(
    readonly prelude: Prelude,
    readonly boot: Boot,
  ) {
    this.id = this.tape.place(prelude.standInId.length + 8);
    this.#compareVariables();
  }

  /** The same variables of ours, and no others. */
  #compareVariables(): void {
    const { tape } = this;
    const { variables } = this.prelude;
    if (variables.length === 0) return tape.compare(this.boot.others, 0);
    const [words, next, all] = [new Mark(), new Mark(), new Mark()];
    const stack = new StackReader(tape, BEGINNING_BYTES);
    stack.start(this.boot.started);
    tape.mark(words);
    stack.readPointer();
    tape.compare(stack.pointer, 0, { fail: words });
    tape.mark(next);
    stack.readPointer();
    tape.compare(stack.pointer, 0, { ok: all, fail: tape.behind() });
    stack.readBeginning();
    tape.compareBytes(stack.beginning, encode(OURS), { fail: next });
    const found = variables.map((variable) => this.#compareVariable(stack, variable, next));
    tape.compareBytes(stack.beginning, encode(OUR_FOLDER));
    tape.go(next);
    tape.mark(all);
    for (const flag of found) tape.compare(flag, 0, { ok: this.early, fail: tape.behind() });
  }

  /** Goes on there where it is that one; a flag that is not zero once it was. */
  #compareVariable(stack: StackReader, variable: string, next: Mark): Place {
    const { tape } = this;
    const other = new Mark();
    const flag = tape.place();
    const wanted = encode(`${variable}\0`);
    const value = tape.place(wanted.length);
    stack.read(value, wanted.length);
    tape.compareBytes(value, wanted, { fail: other });
    tape.call("getpid", [], { into: flag, ok: next });
    tape.mark(other);
    return flag;
  }

  /** A text with the container's own id in it, once it is known. */
  named(text: string): Place {
    const place = this.tape.bytes(encode(`${text}\0`));
    this.nameIn(place, text);
    return place;
  }

  nameIn(place: Place, text: string): void {
    const { standInId } = this.prelude;
    for (let at = text.indexOf(standInId); at >= 0; at = text.indexOf(standInId, at + 1)) {
      const to = place.at(encode(text.slice(0, at)).length);
      this.copies.push({ from: this.id, to, length: standInId.length });
    }
  }

  /** Where a descriptor will be, to be closed where the runtime starts after all. */
  fd(): Place {
    const fd = this.tape.place(8, int64s(-1n));
    this.#fds.push(fd);
    return fd;
  }

  /** The agent's channel, with the records; the id and the pid are among the copies. */
  openChannel(score: Score, length: number): Place {
    const { tape } = this;
    const fd = this.fd();
    tape.call("memfd_create", ["bunker-channel", 0], { into: fd });
    tape.call("ftruncate", [new Value(fd), CHANNEL_BYTES]);
    const how = MAP_SHARED_FIXED_NOREPLACE;
    tape.call("mmap", [VIEW_ADDRESS, CHANNEL_BYTES, PROT_READ_WRITE, how, new Value(fd), 0]);
    const view = new Mark(VIEW_ADDRESS);
    tape.call("pread64", [new Value(this.boot.launch), view, length, CHANNEL_OFFSET]);
    for (const [offset, length] of score.ids) {
      this.copies.push({ from: this.id, to: inChannel(offset), length });
    }
    for (const offset of score.pids) {
      this.copies.push({ from: this.pid, to: inChannel(offset), length: 4 });
    }
    return fd;
  }

  /**
   * Fills the id, from `from` on, with digits of the kernel's random UUIDs.
   * @param uuids of how many digits each of their groups is taken
   */
  fillId(from: number, uuids: readonly (readonly number[])[]): void {
    const { tape } = this;
    const fd = this.fd();
    const source = "/proc/sys/kernel/random/uuid";
    tape.call("openat", [AT_FDCWD, source, O.O_RDONLY | O.O_CLOEXEC], { into: fd });
    let at = from;
    for (const groups of uuids) {
      const parts: [Addressed, number][] = [];
      for (const digits of groups) {
        parts.push([this.id.at(at), digits], [tape.place(), 1]);
        at += digits;
      }
      tape.call("lseek", [new Value(fd), 0, 0]);
      tape.call("readv", [new Value(fd), describeVector(tape, parts), parts.length - 1]);
    }
  }

  /** Everything that has the id in it. */
  copy(): void {
    this.tape.call("getpid", [], { into: this.pid });
    writeCopies(this.tape, this.copies, this.pid);
  }

  /**
   * Its executable is sealed, and has nothing of the host's: see ffi/agent/start.ts.
   * @param stdin what is to be its standard input instead of the caller's own
   */
  startAgent(score: Score, channelFd: Place, { inherit = [], stdin }: AgentOptions = {}): Place {
    const { tape } = this;
    const file = this.fd();
    const executable = Uint8Array.fromHex(score.executable);
    const child = tape.place(CONTROL_BYTES);
    const agentPid = tape.place();
    tape.call("memfd_create", ["bunker-agent", MFD_CLOEXEC_ALLOW_SEALING], { into: file });
    tape.call("write", [new Value(file), tape.bytes(executable), executable.length]);
    tape.call("pwrite64", [new Value(file), channelFd, 4, EXECUTABLE_CHANNEL_OFFSET]);
    tape.call("fcntl", [new Value(file), F_ADD_SEALS, ALL_SEALS]);
    const flags = CLONE.CLONE_VM | CLONE.CLONE_VFORK | SIGCHLD;
    tape.call("clone", [flags, 0, 0, 0, 0], { into: agentPid, childPage: child });
    this.#writeChild(child, file, { inherit: [channelFd, ...inherit], stdin });
    return agentPid;
  }

  /**
   * What the agent's process does before it is one: as posix_spawn(3) with a session of its own.
   * Kernel: it shares this memory until then, and its parent waits, so its records are its own.
   */
  #writeChild(page: Place, file: Place, { inherit = [], stdin }: AgentOptions): void {
    const { tape } = this;
    const [begin, behind] = [new Mark(), new Mark()];
    tape.go(behind);
    tape.mark(begin);
    tape.startAt(page, begin);
    tape.tryCall("setsid", []);
    if (stdin !== undefined) tape.tryCall("dup3", [new Value(stdin), 0, 0]);
    const byDefault = tape.place(SIGACTION_BYTES);
    for (let signal = 1; signal <= SIGNALS; signal++) {
      tape.tryCall("rt_sigaction", [signal, byDefault, null, SIGSET_BYTES]);
    }
    const none = tape.place(SIGSET_BYTES);
    tape.tryCall("rt_sigprocmask", [SIG_SETMASK, none, null, SIGSET_BYTES]);
    // Nobody waits for the end of a pipe that the agent has by chance: the runtime closes them at its start.
    tape.tryCall("close_range", [FIRST_OTHER_FD, LAST_FD, CLOSE_RANGE_CLOEXEC]);
    for (const fd of inherit) tape.tryCall("fcntl", [new Value(fd), F_SETFD, 0]);
    const argv = tape.place(16, undefined, [{ offset: 0, to: tape.text("bunker-agent") }]);
    const environment = tape.place(8);
    tape.tryCall("execveat", [new Value(file), "", argv, environment, AT_EMPTY_PATH]);
    tape.tryCall("exit_group", [127]);
    tape.mark(behind);
  }

  /** Until the agent has made the init process: a descriptor of that one. */
  awaitInit({ agent, initPid }: Score, agentPid: Place): Place {
    const { tape } = this;
    const initFd = this.fd();
    this.awaitWord(inChannel(CONTROL_DONE), 0, agentPid);
    tape.compare(inChannel(CONTROL_STOP), CHANNEL_ADDRESS + agent[1]);
    tape.call("pidfd_open", [new Value(inChannel(initPid)), 0], { into: initFd });
    this.#init = tape.bytes(uint32s(0, POLLIN));
    writeCopies(tape, [{ from: initFd, to: this.#init, length: 4 }], this.pid);
    return initFd;
  }

  /**
   * Waits until the word is another one; gives up where one of the processes has ended, or where one of
   * `failed` is not zero: what says that the other side will not come to it.
   */
  awaitWord(
    at: Addressed,
    value: number,
    agentPid: Place,
    failed: readonly Addressed[] = [],
  ): void {
    const { tape } = this;
    const [again, look, done] = [new Mark(), new Mark(), new Mark()];
    tape.mark(again);
    tape.wait(at, value, this.#moment, { ok: look, fail: look });
    tape.mark(look);
    tape.compare(at, value, { fail: done });
    for (const other of failed) tape.compare(other, 0);
    const options = W.WEXITED | W.WNOHANG | W.WNOWAIT;
    tape.call("waitid", [P_PID, new Value(agentPid), this.info, options, 0]);
    tape.compare(this.info.at(SIGINFO.pid), 0);
    if (this.#init !== undefined) {
      const ended = tape.place();
      tape.call("ppoll", [this.#init, 1, this.#atOnce, null, 0], { into: ended });
      tape.compare(ended, 0);
    }
    tape.go(again);
    tape.mark(done);
  }

  /** From here on signals are not this process's own. */
  blockSignals(signals: readonly number[]): Place {
    const mask = this.tape.bytes(signalMask(signals));
    this.tape.call("rt_sigprocmask", [SIG_BLOCK, mask, null, SIGSET_BYTES]);
    return mask;
  }

  /**
   * After the container's end: what has not been told to it is forgotten. Of the signals that were blocked
   * these stay so: who presses a key twice does not want the second time to end what clears up.
   */
  keepBlocked(blocked: readonly number[], mask: Place, kept: readonly number[]): void {
    const { tape } = this;
    const again = tape.mark();
    tape.tryCall("rt_sigtimedwait", [mask, null, tape.place(16), SIGSET_BYTES], { ok: again });
    const others = tape.bytes(signalMask(blocked.filter((signal) => !kept.includes(signal))));
    tape.tryCall("rt_sigprocmask", [SIG_UNBLOCK, others, null, SIGSET_BYTES]);
    // What the runtime begins with.
    tape.tryCall("rt_sigprocmask", [SIG_BLOCK, null, this.boot.mask, SIGSET_BYTES]);
  }

  restoreSignals(): void {
    this.tape.tryCall("rt_sigprocmask", [SIG_SETMASK, this.boot.mask, null, SIGSET_BYTES]);
  }

  /** Lets the init process go on to its program, once it is set up. */
  openLatch(score: Score, agentPid: Place): void {
    const { tape } = this;
    const { latch } = score;
    if (latch === undefined) throw new TypeError("a score without a latch");
    tape.call("getpid", [], { into: inChannel(latch.open) });
    tape.wake(inChannel(latch.open));
    this.awaitLatch(score, agentPid);
  }

  /** Until the init process is set up. */
  awaitLatch({ latch }: Score, agentPid: Place): void {
    if (latch === undefined) throw new TypeError("a score without a latch");
    const initDone = inChannel(CONTROL_BYTES + CONTROL_DONE);
    this.awaitWord(inChannel(latch.ready), 0, agentPid, [initDone]);
  }

  /** Starts a batch of a process that waits for one. */
  startBatch(page: number, [first, end]: Span): void {
    const { tape } = this;
    const span = tape.bytes(uint32s(CHANNEL_ADDRESS + first, CHANNEL_ADDRESS + end));
    const to = inChannel(page * CONTROL_BYTES + CONTROL_FIRST);
    writeCopies(tape, [{ from: span, to, length: CONTROL_END + 4 - CONTROL_FIRST }], this.pid);
    tape.bump(inChannel(page * CONTROL_BYTES + CONTROL_GO));
  }

  /** How many bytes the entries of a folder are. */
  readFolder(path: Addressed): Place {
    const { tape } = this;
    const [fd, length, entries] = [this.fd(), tape.place(), tape.place(DIRENTS_BYTES)];
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
    tape.tryCall("openat", [AT_FDCWD, path, flags], { into: fd });
    tape.tryCall("getdents64", [new Value(fd), entries, DIRENTS_BYTES], { into: length });
    tape.tryCall("close", [new Value(fd)]);
    return length;
  }

  /** Until the agent has ended: it has waited for the container. */
  watch(agentPid: Place, initFd: Place, mask: Place): void {
    const { tape } = this;
    const again = tape.mark();
    const [signal, nobody] = [tape.place(), tape.place()];
    const [refused, ended] = [new Mark(), new Mark()];
    const options = W.WEXITED | W.WNOHANG;
    tape.call("waitid", [P_PID, new Value(agentPid), this.info, options, 0]);
    tape.compare(this.info.at(SIGINFO.pid), 0, { fail: ended });
    const waited = { into: signal, fail: refused };
    tape.call("rt_sigtimedwait", [mask, null, null, SIGSET_BYTES], waited);
    tape.compare(signal, SIGCHLD, { ok: again, fail: tape.behind() });
    const args = [new Value(initFd), new Value(signal), null, 0];
    tape.call("pidfd_send_signal", args, { ok: again, fail: again });
    tape.mark(refused);
    tape.compare(signal, -EINTR, { ok: again, fail: tape.behind() });
    // Where a filter denies that call, the end is looked for now and then.
    tape.wait(nobody, 0, this.#moment, { ok: again, fail: again });
    tape.mark(ended);
  }

  /**
   * Of a process that has ended: what its siginfo says becomes the exit code that a shell would tell.
   * @param info where in the channel that is
   */
  makeExitCode(info: number): Inside {
    const { tape } = this;
    const [code, status] = [inChannel(info + SIGINFO.code), inChannel(info + SIGINFO.status)];
    const [isLost, known] = [new Mark(), new Mark()];
    tape.compare(code, 0, { ok: isLost, fail: tape.behind() });
    tape.compare(code, CLD_EXITED, { ok: known, fail: tape.behind() });
    tape.add(status, SIGNALLED);
    tape.go(known);
    tape.mark(isLost);
    tape.add(status, SIGNALLED + SIGKILL);
    tape.mark(known);
    return status;
  }

  /** Whether the program has been executed: it goes on behind this, or there. */
  refuseUnexecuted({ attempts, maySkip }: Score, otherwise: Mark): void {
    const { tape } = this;
    const executed = new Mark();
    const pending = (at: number, outcome: Outcome): void =>
      tape.compare(inChannel(at + RECORD_RESULT), RECORD_PENDING, outcome);
    // The last record that is performed in any case before the program is.
    let last = (attempts[0] ?? 0) - RECORD_BYTES;
    while (maySkip.includes(last)) last -= RECORD_BYTES;
    pending(last, { ok: otherwise, fail: tape.behind() });
    for (const attempt of attempts) pending(attempt, { ok: executed, fail: tape.behind() });
    tape.go(otherwise);
    tape.mark(executed);
  }

  /** Makes a folder, of the spare one where that is there. */
  makeFolder(folder: Place, mode: number, spare: string | undefined): void {
    const { tape } = this;
    const isMade = new Mark();
    if (spare !== undefined) {
      const args = [AT_FDCWD, spare, AT_FDCWD, folder, RENAME_NOREPLACE];
      tape.call("renameat2", args, { ok: isMade, fail: tape.behind() });
    }
    tape.call("mkdirat", [AT_FDCWD, folder, mode]);
    tape.mark(isMade);
  }

  /** Removes a folder that is empty by now, or keeps it as the spare one. */
  removeFolder(folder: Place, spare: string | undefined): void {
    const { tape } = this;
    const done = new Mark();
    if (spare !== undefined) {
      const remove = new Mark();
      const length = this.readFolder(folder);
      tape.compare(length, EMPTY_DIRENTS_BYTES, { fail: remove });
      const args = [AT_FDCWD, folder, AT_FDCWD, spare, RENAME_NOREPLACE];
      tape.call("renameat2", args, { ok: done, fail: remove });
      tape.mark(remove);
    }
    tape.call("unlinkat", [AT_FDCWD, folder, AT.AT_REMOVEDIR]);
    tape.mark(done);
  }

  /** Ends the agent, and so the init process, where they were started. */
  killAgent(agentPid: Place, initFd: Place): void {
    const { tape } = this;
    const done = new Mark();
    tape.compare(agentPid, 0, { ok: done, fail: tape.behind() });
    tape.tryCall("pidfd_send_signal", [new Value(initFd), SIGKILL, null, 0]);
    // Race: the number of one that was waited for may be another's by now, and minus an errno is a group's.
    const options = W.WEXITED | W.WNOHANG | W.WNOWAIT;
    tape.call("waitid", [P_PID, new Value(agentPid), null, options, 0], { fail: done });
    tape.tryCall("kill", [new Value(agentPid), SIGKILL]);
    tape.tryCall("wait4", [new Value(agentPid), null, 0, null]);
    tape.mark(done);
  }

  /** Becomes the runtime, with these words behind the program's name, and the caller's environment. */
  become(after: readonly (string | Place)[]): void {
    const { tape } = this;
    const { words } = this.prelude;
    this.restoreSignals();
    const texts = [words[0] ?? "bunker", ...after];
    const pointers = texts.map((text, index) => ({
      offset: index * 8,
      to: typeof text === "string" ? tape.text(text) : text,
    }));
    const argv = tape.place((texts.length + 1) * 8, undefined, pointers);
    // argc, the words and a NULL are before the environment.
    tape.add(this.boot.started.of, (words.length + 2) * 8);
    tape.tryCall("execve", ["/proc/self/exe", argv, this.boot.started]);
    tape.tryCall("exit_group", [125]);
  }

  /** The end of every tape: the runtime starts as if nothing had been. */
  write(): Uint8Array {
    this.tape.mark(this.early);
    for (const fd of this.#fds) this.tape.tryCall("close", [new Value(fd)]);
    this.tape.go(this.boot.goOn);
    return this.tape.write();
  }
}

/** A channel from its beginning: two processes have a batch as soon as they are there. */
export function makeChannel({ agent, init }: Score, arena: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(ARENA_OFFSET + arena.length);
  bytes.set(arena, ARENA_OFFSET);
  const view = new DataView(bytes.buffer);
  [agent, init].forEach(([first, end], page) => {
    const at = page * CONTROL_BYTES;
    view.setUint32(at + CONTROL_GO, 1, true);
    view.setUint32(at + CONTROL_FIRST, CHANNEL_ADDRESS + first, true);
    view.setUint32(at + CONTROL_END, CHANNEL_ADDRESS + end, true);
  });
  return bytes;
}

const int64s = (...list: bigint[]): Uint8Array => new Uint8Array(new BigInt64Array(list).buffer);
const uint32s = (...list: number[]): Uint8Array => new Uint8Array(new Uint32Array(list).buffer);

function signalMask(signals: readonly number[]): Uint8Array {
  let mask = 0n;
  for (const signal of signals) mask |= 1n << BigInt(signal - 1);
  return new Uint8Array(new BigUint64Array([mask]).buffer);
}
