// The state of containers on disk: one folder each under /run/bunker, made before anything else
// and removed after everything else, so that whatever a crash leaves can be found by its folder.
//
//   /run/bunker/containers/ID/state.json    what is known: pids, cgroup, what to clean up; its flock
//                                           is held by the process that is responsible
//                            config.json    the OCI spec
//                            hosts, hostname, resolv.conf
//                            scratch/       a mount point for the container's set-up
//   /run/bunker/names/NAME                  a symlink to the id; made exclusively

import { isSameProcess, parseStat, processStart } from "../../ffi/agent/alive.ts";
import { AT_FDCWD, O } from "../../ffi/constants.ts";
import { Fd } from "../../ffi/fd.ts";
import {
  fileType,
  listDirectory,
  makeDirectory,
  makeDirectoryTree,
  makeSymlink,
  moveUnlessThere,
  openFile,
  overwrite,
  readLink,
  readTextIfThere,
  removeFile,
  removeTree,
  tryRemoveDirectory,
  writeText,
} from "../../ffi/files.ts";
import { LOCK, tryFlock } from "../../ffi/flock.ts";
import { STATX, statx } from "../../ffi/statx.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { UserError } from "../errors.ts";
import { dataFolder } from "./data-folder.ts";
import { isKeptFolder } from "./kept-folder.ts";
import { keepSpare } from "./spare-folder.ts";

/** What is needed to end and clear a container without the process that made it. */
export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  readonly status: "creating" | "running";
  readonly createdMs: number;
  readonly cgroupsPath: string;
  readonly agentPid: number;
  readonly initPid: number;
  /** Start times of the two (proc(5), field 22): a pid alone may be another's by now. */
  readonly agentStart: string;
  readonly initStart: string;
}

/** Whether its init process is still there. */
export function isRunning(record: ContainerRecord | undefined): boolean {
  return record !== undefined && isSameProcess(record.initPid, record.initStart);
}

const NAME_ATTEMPTS = 10;

export class StateStore {
  readonly #containers: string;
  readonly #names: string;

  /** @param spare where a folder is kept from one container to the next: see spare-folder.ts */
  constructor(
    readonly folder: string,
    readonly spare?: string,
  ) {
    this.#containers = `${folder}/containers`;
    this.#names = `${folder}/names`;
  }

  /** The folder of container `id`, whether it is there or not. */
  containerFolder(id: string): string {
    return `${this.#containers}/${id}`;
  }

  /**
   * Makes the folder and name of a new container, locked by this process.
   * @param name what it is to be called, or a function that has another idea at each attempt
   * @throws UserError where the name is taken
   */
  reserve(id: string, name: string | ((attempt: number) => string)): Reservation {
    const folder = this.containerFolder(id);
    const lock = this.#makeLockedFolder(folder);
    try {
      const taken = typeof name === "string" ? this.#takeName(name, id) : this.#takeAny(name, id);
      return new Reservation(this, id, taken, folder, lock);
    } catch (error) {
      lock[Symbol.dispose]();
      removeTree(folder);
      throw error;
    }
  }

  /** A place that another process has taken, whose lock is this one's now; without a name it has none. */
  adopt(id: string, name: string | undefined, lock: Fd): Reservation {
    const folder = this.containerFolder(id);
    return new Reservation(this, id, name ?? "", folder, lock, name !== undefined);
  }

  /** The same without its name, which is taken later. */
  reserveUnnamed(id: string, name: string): Reservation {
    const folder = this.containerFolder(id);
    return new Reservation(this, id, name, folder, this.#makeLockedFolder(folder), false);
  }

  /** @throws UserError where it is another's */
  takeName(name: string, id: string): void {
    this.#takeName(name, id);
  }

  /** Race: a sweep may take the folder for abandoned until it is locked; then it is made again. */
  #makeLockedFolder(folder: string): Fd {
    for (;;) {
      this.#makeFolder(folder);
      const lock = openLock(`${folder}/state.json`);
      if (lock === undefined) continue;
      if (tryFlock(lock.number, LOCK.LOCK_EX) && fileType(`${folder}/state.json`) !== 0) {
        return lock;
      }
      lock[Symbol.dispose]();
    }
  }

  #makeFolder(folder: string): void {
    if (this.spare !== undefined && moveUnlessThere(this.spare, folder)) return;
    try {
      makeDirectory(folder, 0o700);
    } catch (error) {
      if (!isSyscallError(error, "ENOENT")) throw error;
      makeDirectoryTree(this.#containers, 0o700);
      makeDirectoryTree(this.#names, 0o700);
      makeDirectory(folder, 0o700);
    }
  }

  #takeAny(nameAt: (attempt: number) => string, id: string): string {
    for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
      const name = nameAt(attempt);
      if (this.#tryName(name, id) === undefined) return name;
    }
    return this.#takeName(nameAt(NAME_ATTEMPTS), id);
  }

  #takeName(name: string, id: string): string {
    const owner = this.#tryName(name, id);
    if (owner === undefined) return name;
    throw new UserError(
      `Conflict. The container name "/${name}" is already in use by container "${owner}"`,
      "choose another --name, or remove or rename that container",
    );
  }

  /** undefined once the name is `id`'s; else whose it is. */
  #tryName(name: string, id: string): string | undefined {
    while (!makeSymlink(id, `${this.#names}/${name}`)) {
      const owner = this.findByName(name);
      if (owner !== undefined && this.isPresent(owner)) {
        if (this.#freeAbandoned(name, owner)) continue;
        return owner;
      }
      // A name without a container: its owner was killed between two steps.
      this.freeName(name);
    }
    return undefined;
  }

  /**
   * Whether the name's owner was killed, with all that it had: the rest of it is left to the next sweep.
   * Race: whoever else wants the name does not have the owner's lock, or finds the name another's.
   */
  #freeAbandoned(name: string, owner: string): boolean {
    using lock = this.lockAbandoned(owner);
    if (lock === undefined || !this.isLost(owner)) return false;
    this.freeNameOf(owner, name);
    return true;
  }

  /** Whether a container whose lock one has got does not run any more, and nothing is kept of it. */
  isLost(id: string): boolean {
    const record = this.readRecord(id);
    // The user's program may still run, although nobody watches it from outside.
    if (record?.status === "running" && isRunning(record)) return false;
    // One that is kept is not abandoned: its end is still to be written down, see containers/finish.ts.
    return !isKeptFolder(`${dataFolder(process.env)}/containers/${id}`);
  }

  /** The id behind a name. */
  findByName(name: string): string | undefined {
    return readLink(`${this.#names}/${name}`);
  }

  /** Gives the container another name. @throws UserError where that is taken */
  moveName(from: string, to: string, id: string): void {
    this.#takeName(to, id);
    this.freeName(from);
  }

  isPresent(id: string): boolean {
    return fileType(`${this.containerFolder(id)}/state.json`) !== 0;
  }

  freeName(name: string): void {
    removeFile(`${this.#names}/${name}`);
  }

  /** Frees a name where it is that of `id`: who was killed may only have wanted it. */
  freeNameOf(id: string, name: string): void {
    if (this.findByName(name) === id) this.freeName(name);
  }

  /** The ids of all containers, also of those that a crash left. */
  list(): string[] {
    const ids: string[] = [];
    for (const { name } of listDirectory(this.#containers) ?? []) ids.push(name);
    return ids;
  }

  /** Names whose container is gone. */
  danglingNames(): string[] {
    const dangling: string[] = [];
    for (const { name } of listDirectory(this.#names) ?? []) {
      const id = this.findByName(name);
      if (id !== undefined && !this.isPresent(id)) dangling.push(name);
    }
    return dangling;
  }

  readRecord(id: string): ContainerRecord | undefined {
    try {
      const path = `${this.containerFolder(id)}/state.json`;
      const text = readTextIfThere(path);
      return text === undefined ? undefined : parseRecord(JSON.parse(text), path);
    } catch {
      return undefined;
    }
  }

  /** Writes a record anew, in place: see Reservation.record(). */
  updateRecord(record: ContainerRecord): void {
    const path = `${this.containerFolder(record.id)}/state.json`;
    using file = new Fd(openFile(path, O.O_RDWR));
    overwrite(file.number, padRecord(JSON.stringify(record)), path);
  }

  /** The lock of an abandoned container, or undefined where its owner is alive. */
  lockAbandoned(id: string): Fd | undefined {
    // Also where there is none yet: the owner may have been killed before it made one.
    const lock = openLock(`${this.containerFolder(id)}/state.json`);
    if (lock === undefined) return undefined;
    if (tryFlock(lock.number, LOCK.LOCK_EX)) return lock;
    lock[Symbol.dispose]();
    return undefined;
  }

  removeFolder(id: string): void {
    removeTree(this.containerFolder(id));
  }
}

/** The record of a container: "running" once there are its processes. */
export function formatRecord(
  { id, name }: Reservation,
  cgroupsPath: string,
  processes?: { readonly agentPid: number; readonly initPid: number },
): string {
  const record: ContainerRecord = {
    id,
    name,
    status: processes === undefined ? "creating" : "running",
    createdMs: Date.now(),
    cgroupsPath,
    agentPid: processes?.agentPid ?? 0,
    initPid: processes?.initPid ?? 0,
    agentStart: processes === undefined ? "" : processStart(processes.agentPid),
    initStart: processes === undefined ? "" : processStart(processes.initPid),
  };
  return JSON.stringify(record);
}

/** Longer than any record: a name has 255 characters at most, a cgroup path a few hundred. */
const RECORD_LENGTH = 2048;

const PADDING = " ".repeat(256);

const KNOWN_FILES = ["config.json", "hosts", "hostname", "resolv.conf", "state.json"];

function padRecord(text: string): string {
  let padded = text;
  while (padded.length < RECORD_LENGTH) padded += PADDING;
  return text.length < RECORD_LENGTH ? padded.slice(0, RECORD_LENGTH) : text;
}

/** A container's place in the store, this process's own until it is removed. */
export class Reservation {
  constructor(
    readonly store: StateStore,
    readonly id: string,
    public name: string,
    readonly folder: string,
    readonly lock: Fd,
    private isNamed = true,
  ) {}

  /** @param name in place of the one that it had in mind. @throws UserError where it is another's */
  takeName(name: string): void {
    this.store.takeName(name, this.id);
    this.name = name;
    this.isNamed = true;
  }

  /**
   * Writes what is known of the container. Race: always in place, with one write(2) of the same
   * length, so that whoever reads or is killed meanwhile finds the old record or the new one; and
   * so that no file system sees a rename, which some of them flush to disk for.
   */
  record(text: string): void {
    overwrite(this.lock.number, padRecord(text), `${this.folder}/state.json`);
  }

  /** Writes the container's OCI spec. */
  writeSpec(text: string): void {
    writeText(`${this.folder}/config.json`, text, { mode: 0o600 });
  }

  /** Gives folder and name back. */
  remove(): void {
    if (this.isNamed) this.store.freeName(this.name);
    // What is always there goes without looking; only if that was not all is the folder read.
    for (const file of KNOWN_FILES) removeFile(`${this.folder}/${file}`);
    tryRemoveDirectory(`${this.folder}/scratch`);
    const { spare } = this.store;
    const isKept = spare !== undefined && keepSpare(this.folder, spare);
    if (!isKept && tryRemoveDirectory(this.folder) !== 0) this.store.removeFolder(this.id);
    this.lock[Symbol.dispose]();
  }
}

/** The lock file, made where it is missing; undefined where the folder is gone. */
function openLock(path: string): Fd | undefined {
  try {
    return new Fd(openFile(path, O.O_RDWR | O.O_CREAT, 0o600));
  } catch (error) {
    if (isSyscallError(error, "ENOENT")) return undefined;
    throw error;
  }
}

/**
 * A record as this program writes it, or as a prelude does (src/container/prelude/launch-tape.ts): that puts
 * no texts together, so it has the processes' own /proc/self/stat in it, and the file's time for its own.
 */
function parseRecord(value: unknown, path: string): ContainerRecord | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const record = value as Record<string, unknown>;
  const text = (key: string) => (typeof record[key] === "string" ? record[key] : "");
  const number = (key: string) => (typeof record[key] === "number" ? record[key] : 0);
  const plain: ContainerRecord = {
    id: text("id"),
    name: text("name"),
    status: record["status"] === "running" ? "running" : "creating",
    createdMs: number("createdMs"),
    cgroupsPath: text("cgroupsPath"),
    agentPid: number("agentPid"),
    initPid: number("initPid"),
    agentStart: text("agentStart"),
    initStart: text("initStart"),
  };
  if (plain.createdMs !== 0) return plain;
  const createdMs = modifiedMs(path);
  if (plain.status === "creating") return { ...plain, createdMs };
  const [agent, init] = [parseStat(text("agentStat")), parseStat(text("initStat"))];
  return {
    ...{ ...plain, createdMs, agentPid: agent.pid, agentStart: agent.start },
    ...{ initPid: init.pid, initStart: init.start },
  };
}

function modifiedMs(path: string): number {
  const stat = statx(AT_FDCWD, path);
  return stat === undefined ? 0 : Number(stat.getBigInt64(STATX.modified, true)) * 1000;
}
