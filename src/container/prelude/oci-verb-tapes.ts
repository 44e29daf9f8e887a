// `start` and `delete` of the OCI runtime, as tapes, for containers that need no more than every one: see
// src/engine/oci/start.ts, delete.ts. Whatever is otherwise is left to the runtime. Pure.

import { AT, AT_FDCWD, O } from "../../../ffi/constants.ts";
import { Mark, type Place, Value } from "../../../ffi/agent/tape.ts";
import type { Boot } from "./boot.ts";
import { writeChecks } from "./checks.ts";
import { ENOENT, makeIdTable, type OciPrelude, OciWriter, writeEndOfNumber } from "./oci-writer.ts";
import { describeVector, writeCopies } from "./vectors.ts";
import { encode, type LaunchFile, SIGACTION_BYTES, SIGSET_BYTES } from "./writer.ts";

export interface VerbPrelude extends OciPrelude {
  /** The record's text up to who the init process is, of one that was created. */
  readonly record: string;
}

export interface StartPrelude extends VerbPrelude {
  /** The file that tells whether it is frozen, and what is in it where it is not. */
  readonly freezer: { readonly path: string; readonly text: string };
}

export function writeStart(start: StartPrelude, boot: Boot): LaunchFile {
  return { tape: new StartWriter(start, boot).perform(), table: makeIdTable() };
}

export function writeDelete(deletion: VerbPrelude, boot: Boot): LaunchFile {
  return { tape: new DeleteWriter(deletion, boot).perform(), table: makeIdTable() };
}

const SIGPIPE = 13;
const SIG_IGN = 1;

/** A process has a number of that many digits at most, and a space behind it. */
const PID_DIGITS = 11;

class VerbWriter extends OciWriter {
  readonly #record: Place;
  readonly #recordLength: number;
  /** What the text goes on with: the number of the init process. */
  readonly init: Place;

  constructor(verb: VerbPrelude, boot: Boot) {
    super(verb, boot);
    this.#record = this.named(verb.record);
    this.#recordLength = encode(verb.record).length;
    this.init = this.tape.place(PID_DIGITS + 8);
  }

  /** The container is there, and as every other; nobody else changes it. */
  find(): void {
    const { init, tape } = this;
    writeChecks(tape, this.oci.checks, this.early);
    this.readId();
    this.copy();
    this.compareWords();
    this.openLog();
    this.lockContainer();
    const text = tape.place(this.#recordLength + 8);
    const parts = describeVector(tape, [
      [text, this.#recordLength],
      [init, PID_DIGITS],
    ]);
    tape.call("readv", [new Value(this.lock), parts, 2]);
    this.compareTexts(text, this.#record, this.#recordLength);
  }
}

class StartWriter extends VerbWriter {
  readonly #freezer: Place;
  readonly #ignored = this.tape.place(SIGACTION_BYTES, new Uint8Array([SIG_IGN]));

  constructor(
    readonly start: StartPrelude,
    boot: Boot,
  ) {
    super(start, boot);
    this.#freezer = this.named(start.freezer.path);
  }

  perform(): Uint8Array {
    const { fifo, tape } = this;
    this.find();
    this.#refuseFrozen();
    const gate = this.fd();
    const flags = O.O_WRONLY | O.O_NONBLOCK | O.O_CLOEXEC;
    tape.call("openat", [AT_FDCWD, fifo, flags], { into: gate });
    // Race: whoever waits may be killed by now, which is an error of this call only where nobody is sent SIGPIPE.
    const [before, killed, passed] = [tape.place(SIGACTION_BYTES), new Mark(), new Mark()];
    tape.call("rt_sigaction", [SIGPIPE, this.#ignored, before, SIGSET_BYTES]);
    tape.call("write", [new Value(gate), tape.text("0"), 1], { ok: passed, fail: killed });
    tape.mark(killed);
    tape.tryCall("rt_sigaction", [SIGPIPE, before, null, SIGSET_BYTES]);
    tape.go(this.early);
    tape.mark(passed);
    // Race: killed before this, a start has been made all the same.
    tape.tryCall("unlinkat", [AT_FDCWD, fifo, 0]);
    tape.call("exit_group", [0]);
    return this.write();
  }

  #refuseFrozen(): void {
    const { tape } = this;
    const bytes = encode(this.start.freezer.text);
    const [fd, text, length] = [this.fd(), tape.place(bytes.length + 8), tape.place()];
    tape.call("openat", [AT_FDCWD, this.#freezer, O.O_RDONLY | O.O_CLOEXEC], { into: fd });
    tape.call("read", [new Value(fd), text, bytes.length + 1], { into: length });
    tape.compare(length, bytes.length);
    tape.compareBytes(text, bytes);
  }
}

class DeleteWriter extends VerbWriter {
  perform(): Uint8Array {
    const { tape } = this;
    this.find();
    this.#refuseRunning();
    this.removeCgroups();
    tape.tryCall("unlinkat", [AT_FDCWD, this.configFile, 0]);
    tape.tryCall("unlinkat", [AT_FDCWD, this.fifo, 0]);
    tape.call("unlinkat", [AT_FDCWD, this.stateFile, 0]);
    tape.call("unlinkat", [AT_FDCWD, this.folder, AT.AT_REMOVEDIR]);
    tape.call("exit_group", [0]);
    return this.write();
  }

  /** Kernel: who has ended has no executable any more, also as a zombie. proc_pid_exe(5) */
  #refuseRunning(): void {
    const { init, tape } = this;
    const each = Array.from({ length: PID_DIGITS }, () => tape.place());
    const copies = each.map((to, index) => ({ from: init.at(index), to, length: 1 }));
    writeCopies(tape, copies, this.pid);
    const number = tape.place(PID_DIGITS + 8);
    writeEndOfNumber(this, each, (length) => {
      if (length > 0) writeCopies(tape, [{ from: init, to: number, length }], this.pid);
      else tape.go(this.early);
    });
    const [processes, process, result] = [this.fd(), this.fd(), tape.place()];
    const target = tape.place(64);
    const gone = new Mark();
    const flags = O.O_PATH | O.O_DIRECTORY | O.O_CLOEXEC;
    tape.call("openat", [AT_FDCWD, "/proc", flags], { into: processes });
    const open = [new Value(processes), number, flags];
    tape.call("openat", open, { into: process, fail: tape.behind() });
    tape.compare(process, -ENOENT, { ok: gone, fail: tape.behind() });
    const args = [new Value(process), "exe", target, target.byteLength];
    tape.call("readlinkat", args, { into: result, fail: tape.behind() });
    tape.compare(result, -ENOENT);
    tape.mark(gone);
  }
}
