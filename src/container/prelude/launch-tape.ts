// A run in the foreground, as a tape: all that bunker does for a replayed run (src/engine/replay/replay.ts),
// in the same order, without a runtime. What goes otherwise than it went before is left to the runtime:
// before the container's program runs, as if nothing had been; after its end, to clear up. Pure.
//
//   checks ─▶ id and name ─▶ channel ─▶ place ─▶ agent ─▶ gate ─▶ record ─▶ wait ─▶ clear
//      │          │             │         │        │        │                │        │
//      ▼          ▼             ▼         ▼        ▼        ▼                ▼        ▼
//   the runtime, as if nothing had been ◀─ undo ◀──┴────────┘         the runtime, for the end

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
  RECORD_RESULT,
} from "../../../ffi/agent/layout.ts";
import { type Addressed, Inside, Mark, type Place, Tape, Value } from "../../../ffi/agent/tape.ts";
import type { Score } from "../score.ts";
import type { Boot } from "./boot.ts";
import { type Check, writeChecks } from "./checks.ts";
import { LAUNCH_ADDRESS, VIEW_ADDRESS } from "./layout.ts";
import { type Row, ROW, ROWS_OFFSET } from "./rows.ts";
import { type Copy, describeVector, writeCopies } from "./vectors.ts";

/** Where in its file the channel begins; before it are the tape and the rows. */
export const CHANNEL_OFFSET = 2 * 1024 * 1024;

export interface LaunchPrelude {
  readonly checks: readonly Check[];
  readonly score: Score;
  readonly arena: Uint8Array;
  /** What stands for the id in the texts here. */
  readonly standInId: string;
  /** Where containers and names are kept: see src/engine/state-store.ts. */
  readonly containers: string;
  readonly names: string;
  readonly cgroupsPath: string;
  /** The name that was asked for. Without one each has that of its row. */
  readonly name?: string;
  readonly spare?: string;
  /** What the runtime is started with for the end; behind it come the words. */
  readonly afterwards: readonly string[];
  readonly words: readonly string[];
  /** Its own file, to be removed where it fails. */
  readonly file: string;
  /** Signals that are the container's from the gate on. */
  readonly signals: readonly number[];
}

/** The descriptors that the runtime finds at the end: the channel, and the lock of the place. */
export const CHANNEL_FD = 250;
export const LOCK_FD = 251;

const ID_LENGTH = 64;
export const RECORD_TEXT_BYTES = 2048;
const SIGCHLD = 17;
const SIGKILL = 9;
const SIGNALS = 64;
const SIGSET_BYTES = 8;
const [SIG_BLOCK, SIG_SETMASK] = [0, 2];
const SIGACTION_BYTES = 32;
const SIGINFO = { bytes: 128, code: 8, pid: 16, status: 24 } as const;
const CLD_EXITED = 1;
const MFD_CLOEXEC_ALLOW_SEALING = 3;
const ALL_SEALS = 15;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED_NOREPLACE = 0x100001;
const LOCK_EXCLUSIVE_NONBLOCKING = 6;
const RENAME_NOREPLACE = 1;
const AT_EMPTY_PATH = 0x1000;
const DIRENTS_BYTES = 1024;
/** struct linux_dirent64 of ".", "..", and of a folder that is named by an id. */
const DIRENTS = { empty: 48, one: 136 } as const;

/** The whole file, in pieces: what lies where. */
export interface LaunchFile {
  readonly tape: Uint8Array;
  readonly rows: Uint8Array;
  readonly channel: Uint8Array;
}

/** @param rows the names that it may have */
export function writeLaunch(launch: LaunchPrelude, rows: readonly Row[], boot: Boot): LaunchFile {
  const writer = new LaunchWriter(launch, boot);
  return { ...writer.write(), rows: ROW.write(rows) };
}

class LaunchWriter {
  /** Nothing has been done yet that anybody could see. */
  readonly #early = new Mark();
  readonly #undo = new Mark();
  readonly #end = new Mark();
  readonly #tape: Tape;
  readonly #channel: Uint8Array;
  readonly #id: Place;
  readonly #pid: Place;
  readonly #info: Place;
  readonly #moment: Place;
  readonly #copies: Copy[] = [];
  readonly #fds: Place[] = [];

  constructor(
    private readonly launch: LaunchPrelude,
    private readonly boot: Boot,
  ) {
    const tape = new Tape(LAUNCH_ADDRESS, this.#early);
    this.#tape = tape;
    this.#id = tape.place(ID_LENGTH + 8);
    this.#pid = tape.place();
    this.#info = tape.place(SIGINFO.bytes);
    this.#moment = tape.bytes(new Uint8Array(new BigInt64Array([0n, 200_000_000n]).buffer));
    this.#channel = makeChannel(launch);
  }

  write(): Pick<LaunchFile, "tape" | "channel"> {
    const { launch } = this;
    writeChecks(this.#tape, launch.checks, this.#early);
    const row = this.#chooseId();
    const channelFd = this.#openChannel();
    const place = this.#takePlace(row);
    const agentPid = this.#startAgent(channelFd);
    const initFd = this.#awaitInit(agentPid);
    const signals = this.#openGate(agentPid);
    this.#recordRunning(place);
    const others = this.#lookForOthers();
    this.#tape.otherwise = this.#end;
    this.#watch(agentPid, initFd, signals);
    this.#clear(place, row, others);
    this.#handOver(channelFd, place);
    this.#takeBack(agentPid, place);
    this.#tape.mark(this.#early);
    for (const fd of this.#fds) this.#tape.tryCall("close", [new Value(fd)]);
    this.#tape.go(this.boot.goOn);
    return { tape: this.#tape.write(), channel: this.#channel };
  }

  /** A text with the container's own id in it, once it is known. */
  #named(text: string): Place {
    const place = this.#tape.place(text.length + 1, encode(`${text}\0`));
    this.#nameIn(place, text);
    return place;
  }

  #nameIn(place: Place, text: string): void {
    const { standInId } = this.launch;
    for (let at = text.indexOf(standInId); at >= 0; at = text.indexOf(standInId, at + 1)) {
      this.#copies.push({ from: this.#id, to: place.at(at), length: ID_LENGTH });
    }
  }

  #fd(): Place {
    const fd = this.#tape.place(8, new Uint8Array(8).fill(0xff));
    this.#fds.push(fd);
    return fd;
  }

  /** An id whose first digits, and so the name, are those of a row; the rest is the kernel's. */
  #chooseId(): ChosenRow {
    const tape = this.#tape;
    const { name, names } = this.launch;
    const offset = tape.place();
    const path = tape.place(names.length + 1 + ROW.nameBytes + 8, encode(`${names}/${name ?? ""}`));
    const json = name === undefined ? undefined : encode(ROW.json(name));
    const text = tape.place(json?.length ?? ROW.jsonBytes, json);
    tape.call("getrandom", [offset, 2, 0]);
    tape.clear(offset, ROW.bytes - 1);
    tape.clear(offset, 0x8000);
    tape.add(offset, ROWS_OFFSET);
    const parts: [Addressed, number][] = [[this.#id, ROW.prefixBytes]];
    if (name === undefined) {
      parts.push([path.at(names.length + 1), ROW.nameBytes], [text, ROW.jsonBytes]);
    }
    const row = describeVector(tape, parts);
    const { launch } = this.boot;
    tape.call("preadv", [new Value(launch), row, parts.length, new Value(offset), 0]);
    this.#fillId();
    return { offset, path, text };
  }

  /** 56 digits of the kernel's two random UUIDs: RFC 9562 says which digits of them are fixed. */
  #fillId(): void {
    const tape = this.#tape;
    const fd = this.#fd();
    const flags = O.O_RDONLY | O.O_CLOEXEC;
    const source = "/proc/sys/kernel/random/uuid";
    tape.call("openat", [AT_FDCWD, source, flags], { into: fd });
    let at: number = ROW.prefixBytes;
    for (const groups of [
      [8, 4, 4, 4, 12],
      [8, 4, 4, 4, 4],
    ]) {
      const parts: [Addressed, number][] = [];
      for (const digits of groups) {
        parts.push([this.#id.at(at), digits], [tape.place(), 1]);
        at += digits;
      }
      tape.call("lseek", [new Value(fd), 0, 0]);
      tape.call("readv", [new Value(fd), describeVector(tape, parts), parts.length - 1]);
    }
  }

  /** The agent's channel, with the records, the id and the pid in it. */
  #openChannel(): Place {
    const tape = this.#tape;
    const { score } = this.launch;
    const fd = this.#fd();
    tape.call("memfd_create", ["bunker-channel", 0], { into: fd });
    tape.call("ftruncate", [new Value(fd), CHANNEL_BYTES]);
    const how = MAP_SHARED_FIXED_NOREPLACE;
    tape.call("mmap", [VIEW_ADDRESS, CHANNEL_BYTES, PROT_READ_WRITE, how, new Value(fd), 0]);
    const { length } = this.#channel;
    const view = new Mark(VIEW_ADDRESS);
    tape.call("pread64", [new Value(this.boot.launch), view, length, CHANNEL_OFFSET]);
    tape.call("getpid", [], { into: this.#pid });
    for (const [offset, length] of score.ids) {
      this.#copies.push({ from: this.#id, to: inChannel(offset), length });
    }
    for (const offset of score.pids) {
      this.#copies.push({ from: this.#pid, to: inChannel(offset), length: 4 });
    }
    return fd;
  }

  /** The container's folder, its lock, its record and its name: as StateStore.reserve() takes them. */
  #takePlace(row: ChosenRow): TakenPlace {
    const tape = this.#tape;
    const { containers, spare, standInId } = this.launch;
    const own = `${containers}/${standInId}`;
    const folder = this.#named(own);
    const file = this.#named(`${own}/state.json`);
    const lock = this.#fd();
    const isNamed = tape.place();
    const isMade = new Mark();
    const record = this.#recordTexts(row);
    writeCopies(tape, this.#copies, this.#pid);
    if (spare !== undefined) {
      const there = tape.behind();
      const args = [AT_FDCWD, spare, AT_FDCWD, folder, RENAME_NOREPLACE];
      tape.call("renameat2", args, { ok: isMade, fail: there });
    }
    tape.call("mkdirat", [AT_FDCWD, folder, 0o700]);
    tape.mark(isMade);
    tape.otherwise = this.#undo;
    const flags = O.O_RDWR | O.O_CREAT | O.O_CLOEXEC | O.O_NOFOLLOW;
    tape.call("openat", [AT_FDCWD, file, flags, 0o600], { into: lock });
    tape.call("flock", [new Value(lock), LOCK_EXCLUSIVE_NONBLOCKING]);
    // Race: a sweep may have taken it for abandoned until it was locked.
    tape.call("faccessat", [AT_FDCWD, file, 0]);
    tape.call("symlinkat", [this.#id, AT_FDCWD, row.path]);
    tape.call("getpid", [], { into: isNamed });
    const { creating, count } = record;
    tape.call("pwritev", [new Value(lock), creating, count.creating, 0, 0]);
    return { folder, file, lock, isNamed, name: row.path, record };
  }

  /** One write each, of the same length: see Reservation.record(). */
  #recordTexts({ text }: ChosenRow): RecordTexts {
    const { cgroupsPath, score, standInId } = this.launch;
    const { stats } = score;
    if (stats === undefined) throw new TypeError("a score without its processes' own words");
    const name: Part = [text, text.byteLength];
    const head = `{"id":"${standInId}",`;
    const middle = `"createdMs":0,"cgroupsPath":${JSON.stringify(cgroupsPath)},`;
    const part = (words: string): Part => [this.#named(words), words.length];
    const ofAgent: Part = [inChannel(stats.agent), stats.byteLength];
    const ofInit: Part = [inChannel(stats.init), stats.byteLength];
    const none = `"agentPid":0,"initPid":0,"agentStart":"","initStart":""}`;
    const creating = [part(head), name, part(`"status":"creating",${middle}${none}`)];
    const running = [
      ...[part(head), name, part(`"status":"running",${middle}"agentStat":"`), ofAgent],
      ...[part(`","initStat":"`), ofInit, part(`"}`)],
    ];
    return {
      creating: describeVector(this.#tape, this.#padded(creating)),
      running: describeVector(this.#tape, this.#padded(running)),
      count: { creating: creating.length + 1, running: running.length + 1 },
    };
  }

  #padded(parts: readonly Part[]): Part[] {
    const length = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
    const padding = new Uint8Array(RECORD_TEXT_BYTES - length).fill(0x20);
    return [...parts, [this.#tape.bytes(padding), padding.length]];
  }

  /** Its executable is sealed, and has nothing of the host's: see ffi/agent/start.ts. */
  #startAgent(channelFd: Place): Place {
    const tape = this.#tape;
    const file = this.#fd();
    const executable = Uint8Array.fromHex(this.launch.score.executable);
    const child = tape.place(CONTROL_BYTES);
    const agentPid = tape.place();
    const name = ["bunker-agent", MFD_CLOEXEC_ALLOW_SEALING];
    const where = EXECUTABLE_CHANNEL_OFFSET;
    tape.call("memfd_create", name, { into: file });
    const image = tape.bytes(executable);
    tape.call("write", [new Value(file), image, executable.length]);
    tape.call("pwrite64", [new Value(file), channelFd, 4, where]);
    tape.call("fcntl", [new Value(file), F_ADD_SEALS, ALL_SEALS]);
    const flags = CLONE.CLONE_VM | CLONE.CLONE_VFORK | SIGCHLD;
    const outcome = { into: agentPid, childPage: child };
    tape.call("clone", [flags, 0, 0, 0, 0], outcome);
    this.#writeChild(child, file);
    return agentPid;
  }

  /**
   * What the agent's process does before it is one: as posix_spawn(3) with a session of its own.
   * Kernel: it shares this memory until then, and its parent waits, so its records are its own.
   */
  #writeChild(page: Place, file: Place): void {
    const tape = this.#tape;
    const behind = new Mark();
    const begin = new Mark();
    tape.go(behind);
    tape.mark(begin);
    tape.startAt(page, begin);
    tape.tryCall("setsid", []);
    const byDefault = tape.place(SIGACTION_BYTES);
    for (let signal = 1; signal <= SIGNALS; signal++) {
      tape.tryCall("rt_sigaction", [signal, byDefault, null, SIGSET_BYTES]);
    }
    const none = tape.place(SIGSET_BYTES);
    tape.tryCall("rt_sigprocmask", [SIG_SETMASK, none, null, SIGSET_BYTES]);
    const argv = tape.place(16, undefined, [{ offset: 0, to: tape.text("bunker-agent") }]);
    const environment = tape.place(8);
    tape.tryCall("execveat", [new Value(file), "", argv, environment, AT_EMPTY_PATH]);
    tape.tryCall("exit_group", [127]);
    tape.mark(behind);
  }

  /** Until the agent has made the init process: a descriptor of that one. */
  #awaitInit(agentPid: Place): Place {
    const tape = this.#tape;
    const { score } = this.launch;
    const initFd = this.#fd();
    this.#awaitWord(inChannel(CONTROL_DONE), 0, agentPid, []);
    const end = CHANNEL_ADDRESS + score.agent[1];
    tape.compare(inChannel(CONTROL_STOP), end);
    tape.call("pidfd_open", [new Value(inChannel(score.initPid)), 0], { into: initFd });
    return initFd;
  }

  /**
   * Waits until the word is another one; undoes all where the agent has ended, or where one of `failed`
   * is not zero: what says that the other side will not come to it.
   */
  #awaitWord(at: Addressed, value: number, agentPid: Place, failed: readonly Addressed[]): void {
    const tape = this.#tape;
    const [again, look, done] = [new Mark(), new Mark(), new Mark()];
    tape.mark(again);
    tape.wait(at, value, this.#moment, { ok: look, fail: look });
    tape.mark(look);
    tape.compare(at, value, { fail: done });
    for (const other of failed) tape.compare(other, 0);
    const options = W.WEXITED | W.WNOHANG | W.WNOWAIT;
    tape.call("waitid", [P_PID, new Value(agentPid), this.#info, options, 0]);
    tape.compare(this.#info.at(SIGINFO.pid), 0, { ok: again });
    tape.mark(done);
  }

  /** From here on signals are the container's; the init process comes to its program. */
  #openGate(agentPid: Place): Place {
    const tape = this.#tape;
    const { score, signals } = this.launch;
    const { latch, watch } = score;
    if (latch === undefined) throw new TypeError("a score without a latch");
    const mask = tape.bytes(signalMask([...signals, SIGCHLD]));
    tape.call("rt_sigprocmask", [SIG_BLOCK, mask, null, SIGSET_BYTES]);
    tape.call("getpid", [], { into: inChannel(latch.open) });
    tape.wake(inChannel(latch.open));
    const initDone = inChannel(CONTROL_BYTES + CONTROL_DONE);
    this.#awaitWord(inChannel(latch.ready), 0, agentPid, [initDone]);
    const span = tape.bytes(words(CHANNEL_ADDRESS + watch[0], CHANNEL_ADDRESS + watch[1]));
    const to = inChannel(CONTROL_FIRST);
    writeCopies(tape, [{ from: span, to, length: span.byteLength }], this.#pid);
    tape.bump(inChannel(CONTROL_GO));
    return mask;
  }

  #recordRunning({ lock, record }: TakenPlace): void {
    const { running, count } = record;
    this.#tape.tryCall("pwritev", [new Value(lock), running, count.running, 0, 0]);
  }

  /** What a crash may have left is looked for by the runtime, where there is more than this container. */
  #lookForOthers(): Place {
    const tape = this.#tape;
    const others = tape.place();
    const alone = new Mark();
    const length = this.#readFolder(tape.text(this.launch.containers));
    tape.compare(length, DIRENTS.one, { ok: alone, fail: tape.behind() });
    tape.call("getpid", [], { into: others });
    tape.mark(alone);
    return others;
  }

  #readFolder(path: Place): Place {
    const tape = this.#tape;
    const [fd, length, entries] = [this.#fd(), tape.place(), tape.place(DIRENTS_BYTES)];
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
    tape.tryCall("openat", [AT_FDCWD, path, flags], { into: fd });
    tape.tryCall("getdents64", [new Value(fd), entries, DIRENTS_BYTES], { into: length });
    tape.tryCall("close", [new Value(fd)]);
    return length;
  }

  /** Until the agent has ended: it has waited for the container, told of it and cleared up. */
  #watch(agentPid: Place, initFd: Place, mask: Place): void {
    const tape = this.#tape;
    const again = tape.mark();
    const signal = tape.place();
    const ended = new Mark();
    const options = W.WEXITED | W.WNOHANG;
    tape.call("waitid", [P_PID, new Value(agentPid), this.#info, options, 0]);
    tape.compare(this.#info.at(SIGINFO.pid), 0, { fail: ended });
    const waited = { into: signal, fail: again };
    tape.call("rt_sigtimedwait", [mask, null, null, SIGSET_BYTES], waited);
    tape.compare(signal, SIGCHLD, { ok: again, fail: tape.behind() });
    const args = [new Value(initFd), new Value(signal), null, 0];
    tape.call("pidfd_send_signal", args, { ok: again, fail: again });
    tape.mark(ended);
  }

  /** After exit(0), with all cleared and nobody else there, only its place is left. */
  #clear(place: TakenPlace, { offset }: ChosenRow, others: Place): void {
    const tape = this.#tape;
    const { score, spare } = this.launch;
    tape.compare(inChannel(score.info + SIGINFO.code), CLD_EXITED);
    tape.compare(inChannel(score.info + SIGINFO.status), 0);
    for (let at = score.cleared[0]; at < score.cleared[1]; at += RECORD_BYTES) {
      tape.compare(inChannel(at + RECORD_RESULT), 0);
    }
    tape.compare(others, 0);
    // Now and then by the runtime, which looks how long the file of events has become.
    tape.compare(offset, ROWS_OFFSET, { ok: this.#end, fail: tape.behind() });
    tape.call("unlinkat", [AT_FDCWD, place.name, 0]);
    tape.call("unlinkat", [AT_FDCWD, place.file, 0]);
    const done = new Mark();
    if (spare !== undefined) {
      const remove = new Mark();
      const length = this.#readFolder(place.folder);
      tape.compare(length, DIRENTS.empty, { fail: remove });
      const args = [AT_FDCWD, place.folder, AT_FDCWD, spare, RENAME_NOREPLACE];
      tape.call("renameat2", args, { ok: done, fail: remove });
      tape.mark(remove);
    }
    tape.call("unlinkat", [AT_FDCWD, place.folder, AT.AT_REMOVEDIR]);
    tape.mark(done);
    tape.call("exit_group", [0]);
  }

  /** The runtime says how it ended, and clears up: see src/engine/replay/ended.ts. */
  #handOver(channelFd: Place, { lock }: TakenPlace): void {
    const tape = this.#tape;
    const { afterwards, words } = this.launch;
    tape.mark(this.#end);
    tape.tryCall("dup3", [new Value(channelFd), CHANNEL_FD, 0]);
    tape.tryCall("dup3", [new Value(lock), LOCK_FD, 0]);
    tape.tryCall("rt_sigprocmask", [SIG_SETMASK, this.boot.mask, null, SIGSET_BYTES]);
    const [name = "bunker", ...rest] = words;
    const texts = [name, ...afterwards, ...rest];
    const pointers = texts.map((text, index) => ({ offset: index * 8, to: tape.text(text) }));
    const argv = tape.place((texts.length + 1) * 8, undefined, pointers);
    // argc, the words and a NULL are before the environment.
    tape.add(this.boot.started.of, (words.length + 2) * 8);
    tape.tryCall("execve", ["/proc/self/exe", argv, this.boot.started]);
    tape.tryCall("exit_group", [125]);
  }

  /** What is left is swept away by the runtime, which runs the container in the usual way. */
  #takeBack(agentPid: Place, { file, folder, isNamed, lock, name }: TakenPlace): void {
    const tape = this.#tape;
    const [isStarted, notStarted, unnamed] = [new Mark(), new Mark(), new Mark()];
    tape.mark(this.#undo);
    tape.compare(agentPid, 0, { ok: notStarted, fail: isStarted });
    tape.mark(isStarted);
    tape.tryCall("kill", [new Value(agentPid), SIGKILL]);
    tape.tryCall("wait4", [new Value(agentPid), null, 0, null]);
    tape.mark(notStarted);
    tape.compare(isNamed, 0, { ok: unnamed, fail: tape.behind() });
    tape.tryCall("unlinkat", [AT_FDCWD, name, 0]);
    tape.mark(unnamed);
    const started = new Mark();
    tape.compare(agentPid, 0, { fail: started });
    tape.tryCall("unlinkat", [AT_FDCWD, file, 0]);
    tape.tryCall("unlinkat", [AT_FDCWD, folder, AT.AT_REMOVEDIR]);
    tape.go(this.#early);
    tape.mark(started);
    // What has failed once is the runtime's, until it has been written down anew.
    tape.tryCall("unlinkat", [AT_FDCWD, this.launch.file, 0]);
    tape.tryCall("close", [new Value(lock)]);
    tape.tryCall("rt_sigprocmask", [SIG_SETMASK, this.boot.mask, null, SIGSET_BYTES]);
  }
}

interface ChosenRow {
  readonly offset: Place;
  /** Of its name. */
  readonly path: Place;
  /** Its name as a record has it. */
  readonly text: Place;
}

interface RecordTexts {
  readonly creating: Place;
  readonly running: Place;
  readonly count: { readonly creating: number; readonly running: number };
}

interface TakenPlace {
  readonly folder: Place;
  readonly file: Place;
  readonly lock: Place;
  /** Not zero once the name is its own. */
  readonly isNamed: Place;
  readonly name: Place;
  readonly record: RecordTexts;
}

type Part = [at: Addressed, byteLength: number];

/** What lies at that offset of the channel, as the prelude sees it. */
const inChannel = (offset: number): Inside => new Inside(new Mark(VIEW_ADDRESS), offset);

/** From its beginning: two processes have a batch as soon as they are there. */
function makeChannel({ score, arena }: LaunchPrelude): Uint8Array {
  const bytes = new Uint8Array(ARENA_OFFSET + arena.length);
  bytes.set(arena, ARENA_OFFSET);
  const view = new DataView(bytes.buffer);
  [score.agent, score.init].forEach(([first, end], page) => {
    const at = page * CONTROL_BYTES;
    view.setUint32(at + CONTROL_GO, 1, true);
    view.setUint32(at + CONTROL_FIRST, CHANNEL_ADDRESS + first, true);
    view.setUint32(at + CONTROL_END, CHANNEL_ADDRESS + end, true);
  });
  return bytes;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const words = (...list: number[]): Uint8Array => new Uint8Array(new Uint32Array(list).buffer);

function signalMask(signals: readonly number[]): Uint8Array {
  let mask = 0n;
  for (const signal of signals) mask |= 1n << BigInt(signal - 1);
  return new Uint8Array(new BigUint64Array([mask]).buffer);
}
