// The state of OCI containers on disk: one folder each below the runtime's root.
//
//   ROOT/ID/state.json     what is known (record-text.ts); its flock is held by whoever changes the container
//           config.json    the bundle's, as it was when the container was made
//           exec.fifo      the gate: the init process reads it until `start` writes

import { readProcess } from "../../../ffi/agent/alive.ts";
import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  fileType,
  listDirectory,
  makeDirectory,
  makeDirectoryTree,
  moveUnlessThere,
  openFile,
  overwrite,
  readLink,
  readTextIfThere,
  removeFile,
  removeTree,
  tryRemoveDirectory,
  writeText,
} from "../../../ffi/files.ts";
import { flock, LOCK } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import type { Spec } from "../../oci/spec.ts";
import type { State } from "../../oci/state.ts";
import { keepSpare } from "../spare-folder.ts";
import { checkId } from "./id.ts";
import { formatRecord, parseRecord } from "./record-text.ts";

/** What is needed to say how a container is, and to end and clear it without whoever made it. */
export interface OciRecord {
  readonly id: string;
  readonly ociVersion: string;
  /** "creating" until the init process waits at the gate. */
  readonly status: "creating" | "created";
  readonly bundle: string;
  readonly rootfs: string;
  /** RFC 3339 with nanoseconds, in UTC. */
  readonly created: string;
  /** As the cgroup manager takes it; "" where there is no cgroup. */
  readonly cgroupsPath: string;
  /** 0 until there is one. */
  readonly initPid: number;
  /** Its start time (proc(5), field 22): a pid alone may be another's by now. */
  readonly initStart: string;
  readonly ownerUid: number;
  readonly annotations?: Readonly<Record<string, string>>;
  /** For a relative cgroupsPath: /proc/self/cgroup of its maker, below which it is. */
  readonly ownCgroups?: string;
  /** The directories of its cgroup, which its end leaves empty; none where that is not sure. */
  readonly cgroupDirectories?: readonly string[];
  /** Set where its end does not end all of its processes: it has no pid namespace of its own. */
  readonly sharesPids?: true;
  /** Set where the spec has hooks for `start` or `delete`: only then is it read again. */
  readonly hasHooks?: true;
  /** A group of resctrl(5) that is the container's alone, and goes with it. */
  readonly resctrlGroup?: string;
}

export const NO_CONTAINER = "container does not exist";

export class OciStore {
  /** @param spare where a folder is kept from one container to the next: see spare-folder.ts */
  constructor(
    readonly root: string,
    readonly spare?: string,
  ) {}

  folder(id: string): string {
    return `${this.root}/${id}`;
  }

  /**
   * Makes the folder of a new container, locked by this process.
   * @throws UserError where there is one of that id
   */
  reserve(id: string): LockedContainer {
    const folder = this.folder(id);
    if (!this.#makeFolder(folder)) {
      throw new UserError("container with given ID already exists", undefined, 1);
    }
    const path = `${folder}/state.json`;
    const lock = new Fd(openFile(path, O.O_RDWR | O.O_CREAT, 0o600));
    flock(lock.number, LOCK.LOCK_EX, path);
    return new LockedContainer(id, folder, lock, this.spare);
  }

  #makeFolder(folder: string): boolean {
    if (this.spare !== undefined && moveUnlessThere(this.spare, folder)) return true;
    try {
      return makeDirectory(folder, 0o711);
    } catch (error) {
      if (!isSyscallError(error, "ENOENT")) throw error;
      makeDirectoryTree(this.root, 0o711);
      return makeDirectory(folder, 0o711);
    }
  }

  /** What is known of a container. @throws UserError where there is none */
  read(id: string): OciRecord {
    checkId(id);
    const record = this.readIfThere(id);
    if (record === undefined) throw new UserError(NO_CONTAINER, undefined, 1);
    return record;
  }

  /** undefined also for a container whose maker was killed before it had written anything. */
  readIfThere(id: string): OciRecord | undefined {
    const folder = this.folder(id);
    return parseRecord(readTextIfThere(`${folder}/state.json`), folder);
  }

  /**
   * The container, once nobody else is changing it.
   * @throws UserError where there is none (any more)
   */
  lock(id: string): LockedContainer {
    const container = this.lockIfThere(id);
    if (container === undefined) throw new UserError(NO_CONTAINER, undefined, 1);
    return container;
  }

  lockIfThere(id: string): LockedContainer | undefined {
    // Security: what is no id leads elsewhere, and is made, changed and removed there.
    checkId(id);
    const folder = this.folder(id);
    const path = `${folder}/state.json`;
    let fd: number;
    try {
      // O_CREAT: its maker may have been killed before there was a file.
      fd = openFile(path, O.O_RDWR | O.O_CREAT, 0o600);
    } catch (error) {
      if (isSyscallError(error, "ENOENT")) return undefined;
      throw error;
    }
    const lock = new Fd(fd);
    flock(lock.number, LOCK.LOCK_EX, path);
    // Race: whoever had the lock before may have removed it all, and another one made it anew.
    if (hasName(lock)) return new LockedContainer(id, folder, lock);
    lock[Symbol.dispose]();
    return undefined;
  }

  /** The config.json that a container was made from. */
  async readSpec(id: string): Promise<Spec> {
    const text = readTextIfThere(`${this.folder(id)}/config.json`);
    if (text === undefined) throw new UserError(NO_CONTAINER, undefined, 1);
    const { parseSpecText } = await import("../../oci/parse.ts");
    return parseSpecText(text);
  }

  /** The ids of all containers, sorted. */
  list(): string[] {
    const ids: string[] = [];
    for (const { name } of listDirectory(this.root) ?? []) {
      if (fileType(`${this.folder(name)}/state.json`) !== 0) ids.push(name);
    }
    return ids.sort();
  }
}

/** Longer than most records, so that one write in place replaces the other. */
const RECORD_LENGTH = 1024;
const KNOWN_FILES = ["config.json", "exec.fifo", "state.json"];

/** A container that this process may change until it lets go. */
export class LockedContainer implements Disposable {
  #length = 0;

  constructor(
    readonly id: string,
    readonly folder: string,
    readonly lock: Fd,
    readonly spare?: string,
  ) {}

  /** Race: in place, with one write(2), so that a reader finds the old record or the new one. */
  record(record: OciRecord): void {
    const text = formatRecord(record);
    this.#length = Math.max(this.#length, RECORD_LENGTH, text.length);
    overwrite(this.lock.number, text.padEnd(this.#length), `${this.folder}/state.json`);
  }

  read(): OciRecord | undefined {
    return parseRecord(readTextIfThere(`${this.folder}/state.json`), this.folder);
  }

  writeSpec(text: string): void {
    writeText(`${this.folder}/config.json`, text, { mode: 0o600 });
  }

  /** Lets others change it. */
  unlock(): void {
    flock(this.lock.number, LOCK.LOCK_UN);
  }

  /** Waits until nobody else changes it. False where it was removed meanwhile, perhaps made anew. */
  lockAgain(): boolean {
    flock(this.lock.number, LOCK.LOCK_EX);
    return hasName(this.lock);
  }

  /** Removes the folder, and with it the container's id. */
  remove(): void {
    for (const file of KNOWN_FILES) removeFile(`${this.folder}/${file}`);
    if (this.spare !== undefined && keepSpare(this.folder, this.spare)) return;
    if (tryRemoveDirectory(this.folder) !== 0) removeTree(this.folder);
  }

  [Symbol.dispose](): void {
    this.lock[Symbol.dispose]();
  }
}

const hasName = ({ number }: Fd): boolean =>
  readLink(`/proc/self/fd/${number}`)?.endsWith(" (deleted)") === false;

/** Whether the init process is there, and no zombie. */
export function isAlive(record: OciRecord): boolean {
  return initState(record) !== undefined;
}

/** The state letter of the init process (proc(5)); undefined where it is gone, or a zombie. */
export function initState({ initPid, initStart }: OciRecord): string | undefined {
  if (initPid === 0) return undefined;
  const { state, start } = readProcess(initPid);
  return start === initStart ? state : undefined;
}

/** RFC 3339 with nanoseconds, as Go writes it; the clock here has milliseconds. */
export const formatNow = (): string => `${new Date().toISOString().slice(0, -1)}000000Z`;

/** The state of the specification, as hooks read it. */
export function stateOf(record: OciRecord, status: State["status"]): State {
  const { ociVersion, id, initPid, bundle, annotations } = record;
  const state = { ociVersion, id, status, pid: initPid, bundle };
  return annotations === undefined ? state : { ...state, annotations };
}
