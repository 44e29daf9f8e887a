// `run` and `create` of the OCI runtime, as a tape: what src/engine/oci/replay.ts does, in the same order.
// What fails before the program runs is taken away by the runtime, which does it in the usual way. Pure.

import { AT_FDCWD, O, S } from "../../../ffi/constants.ts";
import {
  CHANNEL_ADDRESS,
  CONTROL_BYTES,
  CONTROL_DONE,
  CONTROL_STOP,
  RECORD_PENDING,
  RECORD_RESULT,
} from "../../../ffi/agent/layout.ts";
import { type Addressed, Mark, type Place, Value } from "../../../ffi/agent/tape.ts";
import type { Score } from "../score.ts";
import type { Boot } from "./boot.ts";
import { writeChecks } from "./checks.ts";
import {
  LOCK_EXCLUSIVE,
  makeIdTable,
  type OciPrelude,
  OciWriter,
  writeEndOfNumber,
} from "./oci-writer.ts";
import { CHANNEL_FD, ENDING_SIGNALS } from "./run-tape.ts";
import { describeVector, writeCopies } from "./vectors.ts";
import { encode, inChannel, type LaunchFile, makeChannel, SIGCHLD, SIGINFO } from "./writer.ts";

export interface BundlePrelude extends OciPrelude {
  readonly score: Score;
  readonly arena: Uint8Array;
  /** The record's text: before its status, for either status, and behind who the init process is. */
  readonly record: {
    readonly fixed: string;
    readonly creating: string;
    readonly created: string;
    readonly rest: string;
  };
  readonly pidFile?: string;
  readonly spare?: string;
  readonly signals: readonly number[];
  /** The hidden commands that the runtime is started with: to do it anew, and for the end. */
  readonly anew: string;
  readonly ended: string;
}

const STAT_DIGITS = 9;
const LOCK_UN = 8;

/** @param waits whether it is to be started later */
export function writeBundle(bundle: BundlePrelude, waits: boolean, boot: Boot): LaunchFile {
  const writer = new BundleWriter(bundle, boot);
  const channel = makeChannel(bundle.score, bundle.arena);
  return { tape: writer.perform(channel.length, waits), table: makeIdTable(), channel };
}

class BundleWriter extends OciWriter {
  readonly #pidFiles: { readonly temporary: Place; readonly path: Place } | undefined;
  /** Not zero once the pid file is there. */
  readonly #isTold = this.tape.place();
  readonly #records: Record<
    "first" | "known" | "created",
    { at: Place; count: number; length: number }
  >;
  readonly #ended: readonly (string | Place)[];

  constructor(
    readonly bundle: BundlePrelude,
    boot: Boot,
  ) {
    super(bundle, boot);
    const { ended, pidFile, root } = bundle;
    this.#pidFiles = pidFile === undefined ? undefined : this.#namePidFiles(pidFile);
    this.#records = this.#recordTexts();
    this.prepareAnew(bundle.anew);
    this.#ended = [ended, root, this.id, String(bundle.score.info)];
  }

  perform(channelBytes: number, waits: boolean): Uint8Array {
    const { bundle, tape } = this;
    const { score } = bundle;
    writeChecks(tape, bundle.checks, this.early);
    this.readId();
    const channelFd = this.openChannel(score, channelBytes);
    this.copy();
    this.compareWords();
    this.openLog();
    this.#takeFolder();
    tape.otherwise = this.undo;
    const gate = waits ? this.#makeGate() : undefined;
    this.#writeRecord("first");
    const inherit = gate === undefined ? [] : [gate];
    const agentPid = this.startAgent(score, channelFd, { inherit });
    const initFd = this.awaitInit(score, agentPid);
    if (gate === undefined) this.#run(channelFd, agentPid, initFd);
    else this.#leave(channelFd, agentPid);
    tape.mark(this.undo);
    this.killAgent(agentPid, initFd);
    this.#removePidFile();
    this.startAnew();
    return this.write();
  }

  /** Another container of that id is the runtime's to tell of. */
  #takeFolder(): void {
    const { folder, lock, stateFile, tape } = this;
    const { spare } = this.bundle;
    this.makeFolder(folder, 0o711, spare);
    tape.otherwise = this.undo;
    const flags = O.O_RDWR | O.O_CREAT | O.O_CLOEXEC | O.O_NOFOLLOW;
    tape.call("openat", [AT_FDCWD, stateFile, flags, 0o600], { into: lock });
    tape.call("flock", [new Value(lock), LOCK_EXCLUSIVE]);
    this.compareLinks(this.early);
  }

  /** Its descriptor is for the init process to inherit. */
  #makeGate(): Place {
    const { fifo, tape } = this;
    const gate = this.fd();
    tape.call("mknodat", [AT_FDCWD, fifo, S.S_IFIFO | 0o600, 0]);
    tape.call("openat", [AT_FDCWD, fifo, O.O_RDWR], { into: gate });
    const { gates } = this.bundle.score;
    const copies = gates.map((offset) => ({ from: gate, to: inChannel(offset), length: 4 }));
    writeCopies(tape, copies, this.pid);
    return gate;
  }

  #recordTexts() {
    const { score, record } = this.bundle;
    const { stats } = score;
    if (stats === undefined) throw new TypeError("a score without its processes' own words");
    const none = encode("0 ");
    const nobody: Part = [this.tape.bytes(none), none.length];
    const init: Part = [inChannel(stats.init), stats.byteLength];
    const texts = {
      first: [this.#part(`${record.fixed}${record.creating}`), nobody],
      known: [this.#part(`${record.fixed}${record.creating}`), init],
      created: [this.#part(`${record.fixed}${record.created}`), init],
    };
    const rest = this.#part(record.rest);
    const length = roundUp(lengthOf([...texts.known, rest]));
    const finish = (parts: readonly Part[]) => {
      const whole = [...parts, rest];
      const padding = new Uint8Array(length - lengthOf(whole)).fill(0x20);
      const all: Part[] = [...whole, [this.tape.bytes(padding), padding.length]];
      return { at: describeVector(this.tape, all), count: all.length, length };
    };
    return {
      first: finish(texts.first),
      known: finish(texts.known),
      created: finish(texts.created),
    };
  }

  #part(words: string): Part {
    return [this.named(words), encode(words).length];
  }

  /** Race: with one write each, of the same length: see LockedContainer.record(). */
  #writeRecord(which: "first" | "known" | "created"): void {
    const { tape } = this;
    const { at, count, length } = this.#records[which];
    const written = tape.place();
    tape.call("pwritev", [new Value(this.lock), at, count, 0, 0], { into: written });
    // Kernel: a full disk is told by less, and only of what was not there before.
    if (which === "first") tape.compare(written, length);
  }

  #namePidFiles(path: string): { readonly temporary: Place; readonly path: Place } {
    const slash = path.lastIndexOf("/");
    const { standInId } = this.bundle;
    const own = `${path.slice(0, slash + 1)}.${path.slice(slash + 1)}.${standInId}`;
    return { temporary: this.named(own), path: this.named(path) };
  }

  /** There all at once: see src/engine/oci/pid-file.ts. The number is what the process's own words begin with. */
  #writePidFile(channelFd: Place): void {
    const { tape } = this;
    if (this.#pidFiles === undefined) return;
    const { temporary, path } = this.#pidFiles;
    const { stats } = this.bundle.score;
    const at = stats?.init ?? 0;
    const [fd, digits, length] = [this.fd(), tape.place(STAT_DIGITS + 8), tape.place()];
    const each = Array.from({ length: STAT_DIGITS }, () => tape.place());
    each.forEach((digit, index) => {
      tape.call("pread64", [new Value(channelFd), digit, 1, at + index]);
    });
    writeEndOfNumber(this, each, (count) => {
      tape.call("pread64", [new Value(channelFd), digits, count, at], { into: length });
    });
    const flags = O.O_WRONLY | O.O_CREAT | O.O_TRUNC | O.O_CLOEXEC;
    tape.call("openat", [AT_FDCWD, temporary, flags, PID_FILE_MODE], { into: fd });
    const written = tape.place();
    tape.call("write", [new Value(fd), digits, new Value(length)], { into: written });
    tape.compareWith(written, length);
    tape.tryCall("close", [new Value(fd)]);
    tape.call("renameat2", [AT_FDCWD, temporary, AT_FDCWD, path, 0]);
    tape.call("getpid", [], { into: this.#isTold });
  }

  /** Of one that was made, and could not be started. */
  #removePidFile(): void {
    const { tape } = this;
    if (this.#pidFiles === undefined) return;
    const untold = new Mark();
    tape.tryCall("unlinkat", [AT_FDCWD, this.#pidFiles.temporary, 0]);
    tape.compare(this.#isTold, 0, { ok: untold, fail: tape.behind() });
    tape.tryCall("unlinkat", [AT_FDCWD, this.#pidFiles.path, 0]);
    tape.mark(untold);
  }

  /** To the gate, where it stays, and its agent ends. */
  #leave(channelFd: Place, agentPid: Place): void {
    const { tape } = this;
    const { score } = this.bundle;
    const { gate } = score;
    if (gate === undefined) throw new TypeError("a score without a gate");
    this.awaitWord(inChannel(CONTROL_BYTES + CONTROL_DONE), 0, agentPid);
    const end = CHANNEL_ADDRESS + score.init[1];
    tape.compare(inChannel(CONTROL_BYTES + CONTROL_STOP), end);
    // Order: it has said by now who it is, and from its next batch on it outlives us.
    this.#writeRecord("known");
    this.startBatch(1, score.exec);
    this.awaitWord(inChannel(gate.turn), 0, agentPid);
    // It tells that by another record where something has failed.
    const told = inChannel(gate.before[1] + RECORD_RESULT);
    tape.compare(told, RECORD_PENDING, { ok: this.undo, fail: tape.behind() });
    const isThere = new Mark();
    for (const look of gate.looks) {
      tape.compare(inChannel(look + RECORD_RESULT), 0, { ok: isThere, fail: tape.behind() });
    }
    tape.go(this.undo);
    tape.mark(isThere);
    this.startBatch(0, score.watch);
    tape.call("wait4", [new Value(agentPid), null, 0, null]);
    this.#writePidFile(channelFd);
    this.#writeRecord("created");
    tape.call("exit_group", [0]);
  }

  #run(channelFd: Place, agentPid: Place, initFd: Place): void {
    const { bundle, lock, tape } = this;
    const { score } = bundle;
    const blocked = [...bundle.signals, SIGCHLD];
    const mask = this.blockSignals(blocked);
    if (this.#pidFiles !== undefined) {
      this.awaitLatch(score, agentPid);
      this.#writePidFile(channelFd);
    }
    this.openLatch(score, agentPid);
    this.startBatch(0, score.watch);
    this.#writeRecord("created");
    // Order: from here on others may ask for it, and kill it.
    tape.call("flock", [new Value(lock), LOCK_UN]);
    tape.otherwise = this.end;
    this.watch(agentPid, initFd, mask);
    this.#refuseUnexecuted();
    this.#clear(this.makeExitCode(score.info));
    tape.mark(this.end);
    this.keepBlocked(blocked, mask, ENDING_SIGNALS);
    tape.tryCall("dup3", [new Value(channelFd), CHANNEL_FD, 0]);
    this.become(this.#ended);
  }

  /** The runtime says why. Where nobody knows how it ended, it has been executed. */
  #refuseUnexecuted(): void {
    const { tape } = this;
    const { score } = this.bundle;
    const known = new Mark();
    tape.compare(inChannel(score.info + SIGINFO.code), 0, { ok: known, fail: tape.behind() });
    this.refuseUnexecuted(score, this.undo);
    tape.mark(known);
  }

  /** Race: somebody may have deleted it by now, and made another of the same name. */
  #clear(status: Addressed): void {
    const { lock, tape } = this;
    const deleted = new Mark();
    tape.call("flock", [new Value(lock), LOCK_EXCLUSIVE]);
    this.compareLinks(deleted);
    this.removeCgroups();
    tape.call("unlinkat", [AT_FDCWD, this.configFile, 0]);
    tape.call("unlinkat", [AT_FDCWD, this.stateFile, 0]);
    this.removeFolder(this.folder, this.bundle.spare);
    tape.mark(deleted);
    tape.call("exit_group", [new Value(status)]);
  }
}

type Part = [at: Addressed, byteLength: number];

const PID_FILE_MODE = 0o666;
const RECORD_LENGTH = 1024;

const lengthOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, [, bytes]) => sum + bytes, 0);
const roundUp = (length: number): number => Math.ceil(length / RECORD_LENGTH) * RECORD_LENGTH;
