// `exec`, as a tape: a process in a container that is as it was. What src/engine/replay/enter.ts does, and what
// src/engine/containers/replay-exec-words.ts tells of it. Pure.

import { AT_FDCWD, O } from "../../../ffi/constants.ts";
import { CHANNEL_ADDRESS, CONTROL_DONE, CONTROL_STOP } from "../../../ffi/agent/layout.ts";
import { type Addressed, type Place, Value } from "../../../ffi/agent/tape.ts";
import type { Score } from "../score.ts";
import type { Boot } from "./boot.ts";
import { type Check, writeChecks } from "./checks.ts";
import { describeVector, writeCopies } from "./vectors.ts";
import {
  encode,
  inChannel,
  type LaunchFile,
  LaunchWriter,
  makeChannel,
  type Prelude,
  SIGCHLD,
  TABLE_OFFSET,
} from "./writer.ts";

export interface EnterPrelude extends Prelude {
  readonly checks: readonly Check[];
  readonly score: Score;
  readonly arena: Uint8Array;
  readonly detach: boolean;
  /** Without it, it has nothing to read. */
  readonly interactive: boolean;
  readonly signals: readonly number[];
  readonly told?: EnterTold;
}

/** What events say, with the stand-in for the id of the exec. */
export interface EnterTold {
  readonly file: string;
  readonly headBytes: number;
  readonly timeOffset: number;
  /** The first byte of the head. */
  readonly kind: number;
  readonly begun: string;
  /** Before and behind its exit code. */
  readonly ended: readonly [string, string];
}

const CLOCK_REALTIME = 0;
const EVENTS_MODE = 0o600;
const CODE_BYTES = 5;
const CODES = 256;
const CODE_STRIDE = 256;

export function writeEnter(enter: EnterPrelude, boot: Boot): LaunchFile {
  const channel = makeChannel(enter.score, enter.arena);
  return {
    tape: new EnterWriter(enter, boot).perform(channel.length),
    table: makeCodes(),
    channel,
  };
}

/** Each exit code as JSON, by itself. */
function makeCodes(): Uint8Array {
  const table = new Uint8Array(CODES * CODE_STRIDE);
  for (let code = 0; code < CODES; code++) {
    table.set(encode(`"${code}"`.padEnd(CODE_BYTES)), code * CODE_STRIDE);
  }
  return table;
}

class EnterWriter extends LaunchWriter {
  constructor(
    readonly enter: EnterPrelude,
    boot: Boot,
  ) {
    super(enter, boot);
  }

  perform(channelBytes: number): Uint8Array {
    const { enter, tape } = this;
    const { score } = enter;
    writeChecks(tape, enter.checks, this.early);
    const told = enter.told && this.#prepareTelling(enter.told);
    const channelFd = this.openChannel(score, channelBytes);
    this.copy();
    const stdin = enter.interactive ? undefined : this.#openNothing();
    tape.otherwise = this.undo;
    // Order: it has no gate, so that whoever sees it at work may send a signal at once.
    const mask = this.blockSignals([...enter.signals, SIGCHLD]);
    const agentPid = this.startAgent(score, channelFd, { stdin });
    this.awaitWord(inChannel(CONTROL_DONE), 0, agentPid);
    tape.compare(inChannel(CONTROL_STOP), CHANNEL_ADDRESS + score.agent[1]);
    this.refuseUnexecuted(score, this.undo);
    const processFd = this.fd();
    if (!enter.detach) {
      // Order: before the agent waits for it, so that it is there, be it as a zombie.
      tape.call("pidfd_open", [new Value(inChannel(score.initPid)), 0], { into: processFd });
    }
    this.startBatch(0, score.watch);
    tape.otherwise = this.end;
    told?.begun();
    if (enter.detach) tape.tryCall("wait4", [new Value(agentPid), null, 0, null]);
    else this.#watchProcess(agentPid, processFd, mask, told);
    tape.mark(this.end);
    tape.call("exit_group", [0]);
    tape.mark(this.undo);
    // The runtime finds out why.
    this.killAgent(agentPid, processFd);
    tape.tryCall("unlinkat", [AT_FDCWD, enter.file, 0]);
    this.restoreSignals();
    return this.write();
  }

  #openNothing(): Place {
    const fd = this.fd();
    this.tape.call("openat", [AT_FDCWD, "/dev/null", O.O_RDONLY | O.O_CLOEXEC], { into: fd });
    return fd;
  }

  #watchProcess(agentPid: Place, processFd: Place, mask: Place, told: Telling | undefined): void {
    const { tape } = this;
    this.watch(agentPid, processFd, mask);
    const status = this.makeExitCode(this.enter.score.info);
    told?.ended(status);
    tape.call("exit_group", [new Value(status)]);
  }

  /** To be called before the copies are made, as the id of the exec is in the texts. */
  #prepareTelling(told: EnterTold): Telling {
    const { tape } = this;
    this.fillId(0, [
      [8, 4, 4, 4, 12],
      [8, 4, 4, 4, 12],
    ]);
    const begun = this.#head(told, told.begun);
    const [before, behind] = told.ended;
    const ended = this.#head(told, before);
    const rest = this.named(behind);
    return {
      begun: () => this.#tell(told, begun, [[begun, begun.byteLength - 1]]),
      ended: (status) => {
        const slot = tape.bytes(new Uint8Array(new BigInt64Array([BigInt(TABLE_OFFSET)]).buffer));
        const code = tape.place(CODE_BYTES + 3);
        writeCopies(tape, [{ from: status, to: slot.at(1), length: 1 }], this.pid);
        tape.tryCall("pread64", [new Value(this.boot.launch), code, CODE_BYTES, new Value(slot)]);
        this.#tell(told, ended, [
          [ended, ended.byteLength - 1],
          [code, CODE_BYTES],
          [rest, rest.byteLength - 1],
        ]);
      },
    };
  }

  /** A line, or its beginning, with room for the time before it. */
  #head({ headBytes, kind }: EnterTold, text: string): Place {
    const head = "\0".repeat(headBytes - 1);
    const place = this.named(`${head} ${text}`);
    place.initial[0] = kind;
    place.initial[headBytes - 1] = 0;
    return place;
  }

  #tell(told: EnterTold, head: Place, parts: readonly [Addressed, number][]): void {
    const { tape } = this;
    const fd = this.fd();
    const flags = O.O_WRONLY | O.O_APPEND | O.O_CREAT | O.O_CLOEXEC;
    tape.tryCall("clock_gettime", [CLOCK_REALTIME, head.at(told.timeOffset)]);
    tape.tryCall("openat", [AT_FDCWD, told.file, flags, EVENTS_MODE], { into: fd });
    tape.tryCall("writev", [new Value(fd), describeVector(tape, parts), parts.length]);
    tape.tryCall("close", [new Value(fd)]);
  }
}

interface Telling {
  readonly begun: () => void;
  readonly ended: (status: Addressed) => void;
}
