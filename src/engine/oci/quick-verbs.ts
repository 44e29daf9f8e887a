// `start` and `delete` of a container that was just made, as programs for the prelude: what they come
// to in the usual case is known by then. Whatever is unusual when they are called (it is paused, or
// runs, or is started already) makes them give up, and the verb goes its usual way.
// docs/decisions/prelude.md

import { AT, AT_FDCWD, O } from "../../../ffi/constants.ts";
import { EINTR, ENOENT, ESRCH } from "../../../ffi/errno.ts";
import { fileType, writeNewFile } from "../../../ffi/files.ts";
import { LOCK } from "../../../ffi/flock.ts";
import { hasPrelude } from "../../../ffi/prelude/has-prelude.ts";
import { At, Image, Label, type RecordOptions } from "../../../ffi/prelude/image.ts";
import {
  CONTAINER_FILE,
  HEAD_LAST_WORD,
  HEAD_LOG,
  IMAGE_ADDRESS,
} from "../../../ffi/prelude/layout.ts";
import { FREEZER } from "../../../cgroups/may-be-frozen.ts";
import { GATE_FILE } from "./gate.ts";
import { KNOWN_FILES, type OciRecord } from "./store.ts";

/** Leaves the programs in the container's folder, where its verbs are as usual. */
export function writeQuickVerbs(folder: string, record: OciRecord): void {
  if (!hasPrelude()) return;
  const file = makeQuickVerbs(folder, record);
  if (file !== undefined) writeNewFile(`${folder}/${CONTAINER_FILE}`, file);
}

/** undefined for a container whose verbs do more, or hang on more, than is written down here. */
export function makeQuickVerbs(
  folder: string,
  { id, initPid, initStart, hasHooks, cgroupDirectories, resctrlGroup }: OciRecord,
): Uint8Array<ArrayBuffer> | undefined {
  if (hasHooks === true || cgroupDirectories === undefined || resctrlGroup !== undefined) {
    return undefined;
  }
  const writer = new VerbWriter(folder, id, `/proc/${initPid}/stat`, initStart);
  // Only v1's freezer shows in the state of a process.
  if (fileType(FREEZER) !== 0) writer.start();
  for (const flags of [[], ["--force"], ["-f"]]) writer.delete(flags, cgroupDirectories);
  return writer.image.finish();
}

const STAT_BYTES = 1024;
/** More than a start time has digits, and the quotation mark before it. */
const FIELD_BYTES = 24;
const QUOTE = 0x22;
/** Fields behind the name of proc(5): the third is the first. */
const STATE_FIELD = 1;
const START_FIELD = 20;

const F_OK = 0;
const SIGPIPE = 13;
const SIG_IGN = 1;
const SIGACTION_BYTES = 32;
const SIGSET_BYTES = 8;

class VerbWriter {
  readonly image = new Image();
  readonly #lock = this.image.room(8);
  readonly #stat = this.image.room(8);
  readonly #text = this.image.room(STAT_BYTES);
  readonly #state = this.image.room(FIELD_BYTES) + FIELD_BYTES;
  readonly #start = this.image.room(FIELD_BYTES) + FIELD_BYTES;

  constructor(
    readonly folder: string,
    readonly id: string,
    readonly statPath: string,
    readonly initStart: string,
  ) {}

  /** The same as startContainer does. */
  start(): void {
    this.#verb(["start"], () => {
      const { image, folder } = this;
      // Like a socket of systemd's: its readiness is to be passed on.
      image.operation("variable", ["NOTIFY_SOCKET", 0]);
      image.call("faccessat", [AT_FDCWD, FREEZER, F_OK]);
      this.#readInit();
      // Anything else may be a frozen process.
      image.expectSame(this.#state - 1, image.text("S"), 1);
      this.#expectStart();
      const gate = image.room(8);
      const path = `${folder}/${GATE_FILE}`;
      const flags = O.O_WRONLY | O.O_NONBLOCK | O.O_CLOEXEC;
      image.call("openat", [AT_FDCWD, path, flags], { into: gate });
      // Race: killed in between, it reads no more; the signal of that would end this process.
      const action = new Uint8Array(SIGACTION_BYTES);
      action[0] = SIG_IGN;
      image.call("rt_sigaction", [SIGPIPE, image.bytes(action), 0, SIGSET_BYTES]);
      image.call("write", [new At(gate), "0", 1]);
      image.call("unlinkat", [AT_FDCWD, path, 0], { tolerate: "any" });
    });
  }

  /** The same as deleteContainer does where the init process is gone. */
  delete(flags: readonly string[], cgroupDirectories: readonly string[]): void {
    this.#verb(["delete", ...flags], () => {
      const { image, folder } = this;
      const gone = new Label();
      this.#readInit({ tolerate: [ENOENT, ESRCH], onError: gone });
      for (const state of ["Z", "X"]) {
        const options = { tolerate: "any", onSuccess: gone } as const;
        image.expectSame(this.#state - 1, image.text(state), 1, options);
      }
      this.#expectStart({ tolerate: "any", onError: gone });
      image.giveUp();
      image.set(gone);
      for (const directory of cgroupDirectories) {
        image.call("unlinkat", [AT_FDCWD, directory, AT.AT_REMOVEDIR], { tolerate: [ENOENT] });
      }
      for (const name of KNOWN_FILES) {
        image.call("unlinkat", [AT_FDCWD, `${folder}/${name}`, 0], { tolerate: [ENOENT] });
      }
      image.call("unlinkat", [AT_FDCWD, folder, AT.AT_REMOVEDIR]);
    });
  }

  /** A program for these words: while it works, the container is this process's to change. */
  #verb(words: readonly string[], perform: () => void): void {
    const { image, folder, id } = this;
    const undo = new Label();
    const path = `${folder}/state.json`;
    image.program(words, id);
    image.expectSame(new At(IMAGE_ADDRESS + HEAD_LAST_WORD), image.text(id), id.length);
    this.#openLog();
    image.call("openat", [AT_FDCWD, path, O.O_RDWR | O.O_CLOEXEC], { into: this.#lock });
    image.undoBy(undo);
    const again = image.set(new Label());
    image.call("flock", [new At(this.#lock), LOCK.LOCK_EX], { tolerate: [EINTR], onError: again });
    // Race: whoever had the lock before may have removed it all.
    image.call("faccessat", [AT_FDCWD, path, F_OK]);
    perform();
    image.call("exit_group", [0]);
    image.set(undo);
    image.call("close", [new At(this.#lock)]);
    image.giveUp();
  }

  /** As runc does, whose callers look for it. */
  #openLog(): void {
    const { image } = this;
    const log = IMAGE_ADDRESS + HEAD_LOG;
    const none = new Label();
    const fd = image.room(8);
    const flags = O.O_WRONLY | O.O_CREAT | O.O_APPEND | O.O_CLOEXEC;
    image.expectSame(log, image.word(0), 8, { onSuccess: none, tolerate: "any" });
    image.call("openat", [AT_FDCWD, new At(log), flags, 0o644], { into: fd });
    image.call("close", [new At(fd)]);
    image.set(none);
  }

  /** The init process's state and start time as they are. */
  #readInit(gone: RecordOptions = {}): void {
    const { image } = this;
    const stat = new At(this.#stat);
    const flags = O.O_RDONLY | O.O_CLOEXEC;
    image.call("openat", [AT_FDCWD, this.statPath, flags], { into: this.#stat, ...gone });
    image.call("read", [stat, this.#text, STAT_BYTES - 1], gone);
    image.call("close", [stat]);
    image.operation("field", [this.#state, this.#text, STATE_FIELD, QUOTE]);
    image.operation("field", [this.#start, this.#text, START_FIELD, QUOTE]);
  }

  /** Whether it is the process that it was. */
  #expectStart(options?: RecordOptions): void {
    const text = `"${this.initStart}`;
    this.image.expectSame(this.#start - text.length, this.image.text(text), text.length, options);
  }
}
