// The containers that are kept: all but those that run in the foreground and are removed at their end.
// What is kept outlives their end and the next boot.
//
//   DATA/containers/ID/container.json   what was asked for; never changed but by rename and update
//                      status.json      how it is, or was when the last command saw it; without one it
//                                       was never started
//                      lock             flock: held by whoever changes the container
//                      log, log.idx     what it has written, see guardian-log.ts
//                      upper, work …    its writable layer, see storage/container-storage.ts
//   DATA/names/NAME                     a symlink to the id
//   DATA/making/ID.PID                  what is not a container yet
//
// Everything is written to a name of its own and renamed, so that a crash leaves the old or the new.

import { O } from "../../../ffi/constants.ts";
import { isProcessAlive } from "../../../ffi/agent/alive.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  listDirectory,
  makeDirectory,
  makeDirectoryTree,
  makeSymlink,
  openFile,
  overwrite,
  readLink,
  readTextIfThere,
  removeFile,
  renameFile,
  writeAll,
} from "../../../ffi/files.ts";
import { flock, LOCK, tryFlock } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { beginSync, fsync } from "../../../ffi/unistd.ts";
import { UserError } from "../../errors.ts";
import { removeTreeDeep } from "../../image/layer/remove-tree.ts";
import { dataFolder } from "../data-folder.ts";
import { CONFIG_FILE as CONFIG, isKeptFolder } from "../kept-folder.ts";
import type { RunOptions } from "../run-options.ts";

/** What was asked for: container.json. */
export interface KeptContainer {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  readonly options: KeptOptions;
  /** The image's id, for an image that may be called otherwise by now. */
  readonly imageId?: string;
}

/** The options as they were given, less what is for the first start alone. */
export type KeptOptions = Omit<RunOptions, "pullProgress">;

/** How it is: status.json. */
export interface KeptStatus {
  readonly status: "created" | "running" | "restarting" | "exited" | "removing";
  /** 0: never. */
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** Why it could not be started. */
  readonly error: string;
  readonly restartCount: number;
  /** The process that is to start it again. */
  readonly restarter?: { readonly pid: number; readonly start: string };
  /** Set by stop and kill: then no policy starts it again. */
  readonly isStopped: boolean;
}

export const NEVER_STARTED: KeptStatus = {
  status: "created",
  startedMs: 0,
  finishedMs: 0,
  exitCode: 0,
  oomKilled: false,
  error: "",
  restartCount: 0,
  isStopped: false,
};

const STATUS = "status.json";

/** The kept containers of a data folder. */
export class KeptStore {
  readonly #containers: string;
  readonly #names: string;
  readonly #making: string;

  constructor(data: string = dataFolder(process.env)) {
    this.#containers = `${data}/containers`;
    this.#names = `${data}/names`;
    this.#making = `${data}/making`;
  }

  folder(id: string): string {
    return `${this.#containers}/${id}`;
  }

  /**
   * Makes the container known: whole, or not at all. @throws UserError where its name is another's
   *
   * @param isLeft not to be started at once: then it has room for its status, whatever the disk has
   *
   * Race: what is half made lies where no sweep takes it for the rest of a container that is gone; and
   * of two that want the same name one comes first.
   */
  create(container: KeptContainer, isLeft: boolean): void {
    const { id, name } = container;
    const made = `${this.#making}/${id}.${process.pid}`;
    this.#makeFolder(made);
    try {
      if (isLeft) writeDown(`${made}/${STATUS}`, formatJson(NEVER_STARTED));
      writeDown(`${made}/${CONFIG}`, formatJson(container));
      using _lock = this.#lockNames();
      this.#takeName(name, id);
      renameFile(made, this.folder(id));
    } catch (error) {
      removeTreeDeep(made);
      throw error;
    }
  }

  /** Start-up: the folders around it are there but for the first time. */
  #makeFolder(made: string): void {
    const failure = failureOf(() => makeDirectory(made, 0o711));
    if (failure === undefined) return;
    if (!isSyscallError(failure, "ENOENT")) throw failure;
    makeDirectoryTree(this.#names, 0o700);
    makeDirectoryTree(this.#containers, 0o711);
    makeDirectoryTree(made, 0o711);
  }

  /**
   * Power loss: once this has returned the container is there also after one. By then most of it has been
   * written already, see writeDown().
   */
  makeLasting(id: string): void {
    const path = `${this.folder(id)}/${CONFIG}`;
    using file = new Fd(openFile(path, O.O_RDONLY));
    fsync(file.number);
  }

  #lockNames(): Fd {
    const path = `${this.#making}/lock`;
    const lock = new Fd(openFile(path, O.O_RDWR | O.O_CREAT, 0o600));
    flock(lock.number, LOCK.LOCK_EX, path);
    return lock;
  }

  /** Takes away what commands that were killed have left: half made containers, names of nobody. */
  sweep(): void {
    if (listDirectory(this.#making) === undefined) return;
    using _lock = this.#lockNames();
    for (const { name } of listDirectory(this.#making) ?? []) {
      const pid = Number(name.slice(name.lastIndexOf(".") + 1));
      if (name !== "lock" && !isProcessAlive(pid)) removeTreeDeep(`${this.#making}/${name}`);
    }
    for (const { name } of listDirectory(this.#names) ?? []) {
      const owner = this.findByName(name);
      if (owner !== undefined && !this.isKept(owner)) removeFile(`${this.#names}/${name}`);
    }
  }

  #takeName(name: string, id: string): void {
    while (!makeSymlink(id, `${this.#names}/${name}`)) {
      const owner = this.findByName(name);
      if (owner === id) return;
      if (owner !== undefined && this.isKept(owner)) {
        throw new UserError(
          `Conflict. The container name "/${name}" is already in use by container "${owner}"`,
          "choose another --name, or remove or rename that container",
        );
      }
      removeFile(`${this.#names}/${name}`);
    }
  }

  isKept(id: string): boolean {
    return isKeptFolder(this.folder(id));
  }

  findByName(name: string): string | undefined {
    return readLink(this.nameLink(name));
  }

  /** The symlink that makes a name. */
  nameLink(name: string): string {
    return `${this.#names}/${name}`;
  }

  /** The files that say what it is and how. */
  files(id: string): string[] {
    return [`${this.folder(id)}/${CONFIG}`, `${this.folder(id)}/${STATUS}`];
  }

  /** The ids of all kept containers. */
  list(): string[] {
    const ids: string[] = [];
    for (const { name } of listDirectory(this.#containers) ?? []) {
      if (this.isKept(name)) ids.push(name);
    }
    return ids;
  }

  read(id: string): KeptContainer | undefined {
    return readJson<KeptContainer>(`${this.folder(id)}/${CONFIG}`);
  }

  write(container: KeptContainer): void {
    writeJson(`${this.folder(container.id)}/${CONFIG}`, container);
  }

  readStatus(id: string): KeptStatus {
    return readJson<KeptStatus>(`${this.folder(id)}/${STATUS}`) ?? NEVER_STARTED;
  }

  writeStatus(id: string, status: KeptStatus): void {
    this.prepareStatus(id, status)();
  }

  /** Writes it down, so that what comes back has next to nothing to do: it makes it known. */
  prepareStatus(id: string, status: KeptStatus): () => void {
    return prepareJson(`${this.folder(id)}/${STATUS}`, status);
  }

  /** Gives it another name. @throws UserError where that is another's */
  rename(container: KeptContainer, name: string): KeptContainer {
    using _lock = this.#lockNames();
    this.#takeName(name, container.id);
    const renamed = { ...container, name };
    this.write(renamed);
    removeFile(`${this.#names}/${container.name}`);
    return renamed;
  }

  /**
   * Keeps others from changing the container until the result is disposed; undefined where there is
   * none (any more). Blocks.
   */
  lock(id: string): Fd | undefined {
    const lock = this.#openLock(id);
    if (lock !== undefined) flock(lock.number, LOCK.LOCK_EX, `${this.folder(id)}/lock`);
    return this.#ifKept(lock, id);
  }

  /** The same without waiting: undefined also where somebody else changes it right now. */
  tryLock(id: string): Fd | undefined {
    const lock = this.#openLock(id);
    if (lock === undefined || tryFlock(lock.number, LOCK.LOCK_EX)) return this.#ifKept(lock, id);
    lock[Symbol.dispose]();
    return undefined;
  }

  #openLock(id: string): Fd | undefined {
    try {
      return new Fd(openFile(`${this.folder(id)}/lock`, O.O_RDWR | O.O_CREAT, 0o600));
    } catch (error) {
      if (isSyscallError(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  /** Race: it may have been removed while it was waited for. */
  #ifKept(lock: Fd | undefined, id: string): Fd | undefined {
    if (lock === undefined || this.isKept(id)) return lock;
    lock[Symbol.dispose]();
    return undefined;
  }

  /** Removes all that is kept of it. Order: container.json first, then it is nobody's. */
  remove({ id, name }: KeptContainer): void {
    removeFile(`${this.folder(id)}/${CONFIG}`);
    if (this.findByName(name) === id) removeFile(`${this.#names}/${name}`);
    removeTreeDeep(this.folder(id));
  }
}

/** The files are ours alone: what is no JSON was never finished. */
function readJson<T>(path: string): T | undefined {
  const text = readTextIfThere(path);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

/** So long that what is to be written once the disk is full has room where the old text stands. */
const JSON_LENGTH = 1024;

const formatJson = (value: unknown): string => JSON.stringify(value).padEnd(JSON_LENGTH);

const writeJson = (path: string, value: unknown): void => prepareJson(path, value)();

function prepareJson(path: string, value: unknown): () => void {
  const text = formatJson(value);
  const temporary = `${path}.${process.pid}`;
  const unwritten = failureOf(() => writeDown(temporary, text));
  return () => {
    const failure = unwritten ?? failureOf(() => renameFile(temporary, path));
    if (failure === undefined) return;
    removeFile(temporary);
    if (!isDiskFull(failure) || !tryOverwrite(path, text)) throw failure;
  };
}

function failureOf(work: () => void): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** Power loss: begun to be written to the disk, so that no name stands there long before its contents. */
function writeDown(path: string, text: string): void {
  using file = new Fd(openFile(path, O.O_WRONLY | O.O_CREAT | O.O_TRUNC, 0o600));
  writeAll(file.number, text, path);
  beginSync(file.number);
}

const isDiskFull = (error: unknown): boolean =>
  isSyscallError(error, "ENOSPC") || isSyscallError(error, "EDQUOT");

/** In place, with one write(2), where the file is there and no shorter. */
function tryOverwrite(path: string, text: string): boolean {
  if (text.length > (readTextIfThere(path)?.length ?? 0)) return false;
  using file = new Fd(openFile(path, O.O_RDWR));
  overwrite(file.number, text, path);
  return true;
}
