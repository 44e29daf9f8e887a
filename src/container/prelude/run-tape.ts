// A run in the foreground, as a tape: all that bunker does for a replayed run (src/engine/replay/replay.ts),
// in the same order, without a runtime. What goes otherwise than it went before is left to the runtime:
// before the container's program runs, as if nothing had been; after its end, to clear up. Pure.
//
//   checks ─▶ id and name ─▶ channel ─▶ place ─▶ agent ─▶ gate ─▶ record ─▶ wait ─▶ clear
//      │          │             │         │        │        │                │        │
//      ▼          ▼             ▼         ▼        ▼        ▼                ▼        ▼
//   the runtime, as if nothing had been ◀─ undo ◀──┴────────┘         the runtime, for the end

import { AT, AT_FDCWD, O } from "../../../ffi/constants.ts";
import { RECORD_BYTES, RECORD_RESULT } from "../../../ffi/agent/layout.ts";
import { type Addressed, Mark, type Place, Value } from "../../../ffi/agent/tape.ts";
import type { Score } from "../score.ts";
import { writeAbandonedCheck } from "./abandoned.ts";
import type { Boot } from "./boot.ts";
import { type Check, writeChecks } from "./checks.ts";
import { type Row, ROW } from "./rows.ts";
import { describeVector } from "./vectors.ts";
import {
  CLD_EXITED,
  encode,
  inChannel,
  type LaunchFile,
  LaunchWriter,
  makeChannel,
  type Prelude,
  SIGCHLD,
  SIGINFO,
  TABLE_OFFSET,
} from "./writer.ts";

export interface RunPrelude extends Prelude {
  readonly checks: readonly Check[];
  readonly score: Score;
  readonly arena: Uint8Array;
  /** Where containers and names are kept: see src/engine/state-store.ts. */
  readonly containers: string;
  readonly names: string;
  /** Where those are that are kept, and the file of each: see src/engine/kept-folder.ts. */
  readonly kept: string;
  readonly keptFile: string;
  readonly cgroupsPath: string;
  /** The name that was asked for. Without one each has that of its row. */
  readonly name?: string;
  readonly spare?: string;
  /** The command that the runtime is started with for the end; behind it come the words. */
  readonly afterwards: string;
  /** What that command is to know. */
  readonly end: Uint8Array;
  /** Signals that are the container's from the gate on. */
  readonly signals: readonly number[];
}

/**
 * The descriptors that the runtime finds at the end: the file of the prelude, the channel, and the lock of
 * the place. As high as the set-up of a container itself comes, as there may be no more for a process.
 */
export const LAUNCH_FD = 61;
export const CHANNEL_FD = 62;
export const LOCK_FD = 63;
const FIRST_FREE_FD = 64;
const F_DUPFD_CLOEXEC = 1030;

/** Who hears of these ends by them, even where they come twice: SIGHUP SIGINT SIGQUIT SIGTERM */
export const ENDING_SIGNALS = [1, 2, 3, 15];

const RECORD_TEXT_BYTES = 2048;
const LOCK_EXCLUSIVE_NONBLOCKING = 6;

/** @param rows the names that it may have */
export function writeRun(run: RunPrelude, rows: readonly Row[], boot: Boot): LaunchFile {
  const writer = new RunWriter(run, boot);
  const channel = makeChannel(run.score, run.arena);
  const tape = writer.perform(channel.length);
  return { tape, table: ROW.write(rows), channel, end: run.end };
}

class RunWriter extends LaunchWriter {
  readonly #blocked: readonly number[];

  constructor(
    readonly run: RunPrelude,
    boot: Boot,
  ) {
    super(run, boot);
    this.#blocked = [...run.signals, SIGCHLD];
  }

  perform(channelBytes: number): Uint8Array {
    const { run, tape } = this;
    const { score } = run;
    writeChecks(tape, run.checks, this.early);
    const row = this.#chooseId();
    const channelFd = this.openChannel(score, channelBytes);
    const place = this.#takePlace(row);
    const agentPid = this.startAgent(score, channelFd);
    const initFd = this.awaitInit(score, agentPid);
    const mask = this.blockSignals(this.#blocked);
    this.openLatch(score, agentPid);
    this.startBatch(0, score.watch);
    const { lock, record } = place;
    tape.tryCall("pwritev", [new Value(lock), record.running, record.count.running, 0, 0]);
    const abandoned = this.#lookForAbandoned();
    tape.otherwise = this.end;
    this.watch(agentPid, initFd, mask);
    this.#clear(place, row, abandoned);
    this.#handOver(channelFd, place, mask);
    this.#takeBack(agentPid, initFd, place);
    return this.write();
  }

  /** An id whose first digits, and so the name, are those of a row; the rest is the kernel's. */
  #chooseId(): ChosenRow {
    const { tape } = this;
    const { name, names } = this.run;
    const offset = tape.place();
    const folder = encode(`${names}/`);
    const path =
      name === undefined
        ? tape.place(folder.length + ROW.nameBytes + 8, folder)
        : tape.text(`${names}/${name}`);
    const json = name === undefined ? undefined : encode(ROW.json(name));
    const text = tape.place(json?.length ?? ROW.jsonBytes, json);
    tape.call("getrandom", [offset, 2, 0]);
    tape.clear(offset, ROW.bytes - 1);
    tape.clear(offset, 0x8000);
    tape.add(offset, TABLE_OFFSET);
    const parts: [Addressed, number][] = [[this.id, ROW.prefixBytes]];
    if (name === undefined) {
      parts.push([path.at(folder.length), ROW.nameBytes], [text, ROW.jsonBytes]);
    }
    const row = describeVector(tape, parts);
    const { launch } = this.boot;
    tape.call("preadv", [new Value(launch), row, parts.length, new Value(offset), 0]);
    // Of the second there is room for 24 digits.
    this.fillId(ROW.prefixBytes, [
      [8, 4, 4, 4, 12],
      [8, 4, 4, 4, 4],
    ]);
    return { offset, path, text };
  }

  /** The container's folder, its lock, its record and its name: as StateStore.reserve() takes them. */
  #takePlace(row: ChosenRow): TakenPlace {
    const { tape } = this;
    const { containers, spare, standInId } = this.run;
    const own = `${containers}/${standInId}`;
    const folder = this.named(own);
    const file = this.named(`${own}/state.json`);
    const lock = this.fd();
    const isNamed = tape.place();
    const record = this.#recordTexts(row);
    this.copy();
    this.makeFolder(folder, 0o700, spare);
    tape.otherwise = this.undo;
    const flags = O.O_RDWR | O.O_CREAT | O.O_CLOEXEC | O.O_NOFOLLOW;
    tape.call("openat", [AT_FDCWD, file, flags, 0o600], { into: lock });
    tape.call("flock", [new Value(lock), LOCK_EXCLUSIVE_NONBLOCKING]);
    // Race: a sweep may have taken it for abandoned until it was locked.
    tape.call("faccessat", [AT_FDCWD, file, 0]);
    tape.call("symlinkat", [this.id, AT_FDCWD, row.path]);
    tape.call("getpid", [], { into: isNamed });
    tape.call("pwritev", [new Value(lock), record.creating, record.count.creating, 0, 0]);
    return { folder, file, lock, isNamed, name: row.path, record };
  }

  /** One write each, of the same length: see Reservation.record(). */
  #recordTexts({ text }: ChosenRow): RecordTexts {
    const { cgroupsPath, score, standInId } = this.run;
    const { stats } = score;
    if (stats?.agent === undefined) throw new TypeError("a score without its processes' own words");
    const name: Part = [text, text.byteLength];
    const head = `{"id":"${standInId}",`;
    const middle = `"createdMs":0,"cgroupsPath":${JSON.stringify(cgroupsPath)},`;
    const part = (words: string): Part => [this.named(words), encode(words).length];
    const ofAgent: Part = [inChannel(stats.agent), stats.byteLength];
    const ofInit: Part = [inChannel(stats.init), stats.byteLength];
    const none = `"agentPid":0,"initPid":0,"agentStart":"","initStart":""}`;
    const creating = [part(head), name, part(`"status":"creating",${middle}${none}`)];
    const running = [
      ...[part(head), name, part(`"status":"running",${middle}"agentStat":"`), ofAgent],
      ...[part(`","initStat":"`), ofInit, part(`"}`)],
    ];
    return {
      creating: describeVector(this.tape, this.#padded(creating)),
      running: describeVector(this.tape, this.#padded(running)),
      count: { creating: creating.length + 1, running: running.length + 1 },
    };
  }

  #padded(parts: readonly Part[]): Part[] {
    const length = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
    const padding = new Uint8Array(Math.max(0, RECORD_TEXT_BYTES - length)).fill(0x20);
    return [...parts, [this.tape.bytes(padding), padding.length]];
  }

  /** Not zero where a container may have lost its owner, as then the runtime clears what is left of it. */
  #lookForAbandoned(): Place {
    const found = this.tape.place();
    writeAbandonedCheck(this.tape, { ...this.run, pid: this.pid, found });
    return found;
  }

  /** After exit(0), with all cleared and nothing of a crash there, only its place is left. */
  #clear(place: TakenPlace, { offset }: ChosenRow, abandoned: Place): void {
    const { tape } = this;
    const { score, spare } = this.run;
    tape.compare(inChannel(score.info + SIGINFO.code), CLD_EXITED);
    tape.compare(inChannel(score.info + SIGINFO.status), 0);
    for (let at = score.cleared[0]; at < score.cleared[1]; at += RECORD_BYTES) {
      tape.compare(inChannel(at + RECORD_RESULT), 0);
    }
    tape.compare(abandoned, 0);
    // Now and then by the runtime, which looks how long the file of events has become.
    tape.compare(offset, TABLE_OFFSET, { ok: this.end, fail: tape.behind() });
    tape.call("unlinkat", [AT_FDCWD, place.name, 0]);
    tape.call("unlinkat", [AT_FDCWD, place.file, 0]);
    this.removeFolder(place.folder, spare);
    tape.call("exit_group", [0]);
  }

  /** The runtime says how it ended, and clears up: see src/engine/replay/prelude/ended.ts. */
  #handOver(channelFd: Place, { lock }: TakenPlace, mask: Place): void {
    const { tape } = this;
    const { afterwards, words } = this.run;
    tape.mark(this.end);
    this.keepBlocked(this.#blocked, mask, ENDING_SIGNALS);
    const { launch } = this.boot;
    for (const fd of [launch, channelFd, lock]) {
      tape.tryCall("fcntl", [new Value(fd), F_DUPFD_CLOEXEC, FIRST_FREE_FD], { into: fd });
    }
    tape.tryCall("dup3", [new Value(launch), LAUNCH_FD, 0]);
    tape.tryCall("dup3", [new Value(channelFd), CHANNEL_FD, 0]);
    tape.tryCall("dup3", [new Value(lock), LOCK_FD, 0]);
    this.become([afterwards, ...words.slice(1)]);
  }

  /** What is left is swept away by the runtime, which runs the container in the usual way. */
  #takeBack(agentPid: Place, initFd: Place, place: TakenPlace): void {
    const { tape } = this;
    const unnamed = new Mark();
    tape.mark(this.undo);
    this.killAgent(agentPid, initFd);
    tape.compare(place.isNamed, 0, { ok: unnamed, fail: tape.behind() });
    tape.tryCall("unlinkat", [AT_FDCWD, place.name, 0]);
    tape.mark(unnamed);
    const wasStarted = new Mark();
    tape.compare(agentPid, 0, { fail: wasStarted });
    tape.tryCall("unlinkat", [AT_FDCWD, place.file, 0]);
    tape.tryCall("unlinkat", [AT_FDCWD, place.folder, AT.AT_REMOVEDIR]);
    tape.go(this.early);
    tape.mark(wasStarted);
    // What has failed once is the runtime's, until it has been written down anew.
    tape.tryCall("unlinkat", [AT_FDCWD, this.run.file, 0]);
    this.restoreSignals();
  }
}

interface ChosenRow {
  /** Where in the file. */
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
