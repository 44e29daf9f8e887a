// Whether a crash has left a container, as a tape asks it: one whose lock nobody holds, and that is not kept, as a
// kept one's end is its guardian's matter. What is to be done then is the runtime's, see src/engine/sweep.ts. Pure.

import { AT_FDCWD, O } from "../../../ffi/constants.ts";
import {
  type Addressed,
  type Inside,
  Mark,
  type Place,
  type Tape,
  Value,
} from "../../../ffi/agent/tape.ts";
import { encodeText } from "../../../ffi/text.ts";
import { STAT } from "./boot.ts";
import { describeVector, writeCopies } from "./vectors.ts";

const ID_BYTES = 64;
/** Of struct linux_dirent64: getdents64(2). Before its length are its inode and its place. */
const ENTRY = { before: 16, length: 2, type: 1 } as const;
/** Of the whole of it: "." and "..", and an id. */
const [DOTS_BYTES, ID_ENTRY_BYTES] = [24, 88];
const ENTRIES_BYTES = 8192;
const LOCK_SHARED_NONBLOCKING = 5;
const ENOENT = 2;

export interface AbandonedCheck {
  /** The folder of all containers. */
  readonly containers: string;
  /** That of those that are kept, and what makes one of them so: a file that is not empty. */
  readonly kept: string;
  readonly keptFile: string;
  /** The tape's own process. */
  readonly pid: Place;
  /** Not zero afterwards where one has lost its owner, or where anything is not as it should be. */
  readonly found: Place;
}

export const writeAbandonedCheck = (tape: Tape, check: AbandonedCheck): void =>
  new Check(tape, check).write();

class Check {
  /** Of the container that is looked at: its lock, its folder, and what is kept of it. */
  readonly #lock: IdPath;
  readonly #folder: IdPath;
  readonly #kept: IdPath;
  readonly #entries: Place;
  /** struct iovec: what is looked at. */
  readonly #cursor: Place;
  readonly #rest: Place;
  readonly #entryBytes: Place;
  readonly #isFound = new Mark();
  readonly #done = new Mark();

  constructor(
    readonly tape: Tape,
    readonly check: AbandonedCheck,
  ) {
    const { containers, kept, keptFile } = check;
    this.#lock = idPath(tape, containers, "/state.json");
    this.#folder = idPath(tape, containers, "");
    this.#kept = idPath(tape, kept, `/${keptFile}`);
    this.#entries = tape.place(ENTRIES_BYTES + ID_ENTRY_BYTES);
    this.#cursor = describeVector(tape, [[this.#entries, ID_ENTRY_BYTES]]);
    this.#rest = tape.place();
    this.#entryBytes = tape.place();
  }

  write(): void {
    const { tape } = this;
    const before = tape.otherwise;
    tape.otherwise = this.#isFound;
    const directory = tape.place();
    const flags = O.O_RDONLY | O.O_DIRECTORY | O.O_CLOEXEC;
    tape.call("openat", [AT_FDCWD, this.check.containers, flags], { into: directory });
    const more = tape.mark();
    this.#readEntries(directory);
    this.#lookAtEach(more);
    tape.mark(this.#isFound);
    tape.call("getpid", [], { into: this.check.found });
    tape.mark(this.#done);
    tape.tryCall("close", [new Value(directory)]);
    tape.otherwise = before;
  }

  #readEntries(directory: Place): void {
    const { tape } = this;
    const args = [new Value(directory), this.#entries, ENTRIES_BYTES];
    tape.call("getdents64", args, { into: this.#rest });
    tape.compare(this.#rest, 0, { ok: this.#done, fail: tape.behind() });
    const beginning = tape.place(8, undefined, [{ offset: 0, to: this.#entries }]);
    writeCopies(tape, [{ from: beginning, to: this.#cursor, length: 8 }], this.check.pid);
  }

  #lookAtEach(more: Mark): void {
    const { tape } = this;
    const [isId, next] = [new Mark(), new Mark()];
    const again = tape.mark();
    this.#readEntry();
    tape.compare(this.#entryBytes, DOTS_BYTES, { fail: isId });
    this.#pass(DOTS_BYTES, again, more);
    tape.mark(isId);
    tape.compare(this.#entryBytes, ID_ENTRY_BYTES);
    this.#lookAtLock(next);
    tape.mark(next);
    this.#pass(ID_ENTRY_BYTES, again, more);
  }

  /** Its length, and the name of its lock. */
  #readEntry(): void {
    this.#read([
      [this.tape.place(ENTRY.before), ENTRY.before],
      [this.#entryBytes, ENTRY.length],
      [this.tape.place(), ENTRY.type],
      [this.#lock.id, ID_BYTES],
    ]);
  }

  #read(parts: readonly (readonly [to: Addressed, byteLength: number])[]): void {
    const own = describeVector(this.tape, parts);
    const args = [new Value(this.check.pid), own, parts.length, this.#cursor, 1, 0];
    this.tape.call("process_vm_readv", args);
  }

  #pass(byteLength: number, again: Mark, more: Mark): void {
    const { tape } = this;
    tape.add(this.#cursor, byteLength);
    tape.add(this.#rest, -byteLength);
    tape.compare(this.#rest, 0, { ok: more, fail: again });
  }

  /** Goes on at `next` where its owner lives, where it is kept, or where it has gone meanwhile. */
  #lookAtLock(next: Mark): void {
    const { tape } = this;
    const [isHeld, isMissing] = [new Mark(), new Mark()];
    const lock = tape.place();
    const flags = O.O_RDONLY | O.O_CLOEXEC | O.O_NOFOLLOW;
    tape.call("openat", [AT_FDCWD, this.#lock.path, flags], { into: lock, fail: isMissing });
    tape.call("flock", [new Value(lock), LOCK_SHARED_NONBLOCKING], { fail: isHeld });
    tape.tryCall("close", [new Value(lock)]);
    this.#lookWhetherKept(next);
    tape.mark(isHeld);
    tape.call("close", [new Value(lock)], { ok: next });
    tape.mark(isMissing);
    tape.compare(lock, -ENOENT);
    this.#readName(this.#folder);
    tape.call("faccessat", [AT_FDCWD, this.#folder.path, 0], { ok: this.#isFound, fail: next });
  }

  #lookWhetherKept(next: Mark): void {
    const { tape } = this;
    const stat = tape.place(STAT.bytes);
    this.#readName(this.#kept);
    tape.call("newfstatat", [AT_FDCWD, this.#kept.path, stat, 0]);
    tape.compare(stat.at(STAT.size), 0, { ok: this.#isFound, fail: next });
  }

  #readName({ id }: IdPath): void {
    const { before, length, type } = ENTRY;
    const skipped = before + length + type;
    this.#read([
      [this.tape.place(skipped), skipped],
      [id, ID_BYTES],
    ]);
  }
}

/** A path with any container's id in it. */
interface IdPath {
  readonly path: Place;
  readonly id: Inside;
}

function idPath(tape: Tape, folder: string, after: string): IdPath {
  const path = tape.bytes(encodeText(`${folder}/${"0".repeat(ID_BYTES)}${after}\0`));
  return { path, id: path.at(encodeText(`${folder}/`).length) };
}
