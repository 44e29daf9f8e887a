// Who may do what to the store at once. Locks belong to open files: whoever is killed has none.
//
//   lock         shared: uses the store; what is found or added stays   exclusive: takes away
//   index.lock   exclusive: reads index.json, changes it, puts it back
//   ingest/lock-NAME   exclusive: makes the one blob or layer of that name

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import { openFile, removeFile } from "../../../ffi/files.ts";
import { flock, LOCK, tryFlock } from "../../../ffi/flock.ts";
import { isStill } from "../../../ffi/tree.ts";
import type { StorePaths } from "./paths.ts";

const openLock = (path: string): Fd => new Fd(openFile(path, O.O_RDWR | O.O_CREAT, 0o600));

/** Waits until no other process changes index.json; until it is disposed, none does. */
export function lockIndex(paths: StorePaths): Fd {
  const fd = openLock(paths.indexLock);
  flock(fd.number, LOCK.LOCK_EX, paths.indexLock);
  return fd;
}

const LOCK_POLL_MS = 20;

/**
 * Waits until nobody else, in this process or another, works on the thing of that name; until it is
 * disposed, nobody does.
 */
export async function claim(paths: StorePaths, name: string, signal?: AbortSignal): Promise<Claim> {
  const path = `${paths.ingest}/lock-${name}`;
  for (;;) {
    const fd = openLock(path);
    try {
      while (!tryFlock(fd.number, LOCK.LOCK_EX, path)) {
        // Start-up: loaded where there is somebody to wait for.
        const { setTimeout: sleep } = process.getBuiltinModule("node:timers/promises");
        await sleep(LOCK_POLL_MS, undefined, signal === undefined ? {} : { signal });
      }
    } catch (error) {
      fd[Symbol.dispose]();
      throw error;
    }
    // Race: whoever had the claim before has removed the file, and another may have made a new one.
    if (isStill(path, fd.number)) return new Claim(path, fd);
    fd[Symbol.dispose]();
  }
}

export class Claim implements Disposable {
  constructor(
    private readonly path: string,
    private readonly fd: Fd,
  ) {}

  /** Order: removed while it is still locked, so that whoever waits for it sees that it is gone. */
  [Symbol.dispose](): void {
    removeFile(this.path);
    this.fd[Symbol.dispose]();
  }
}

/** This process's part in the lock of the whole store. */
export class StoreLock implements Disposable {
  #fd: Fd | undefined;

  /** @param alone what to do where it turns out that nobody else uses the store just now */
  constructor(
    private readonly paths: StorePaths,
    private readonly alone: () => void,
  ) {}

  /** Uses the store until release(): what is unreferenced stays meanwhile. Waits for whoever sweeps. */
  share(): void {
    if (this.#fd !== undefined) return;
    const fd = openLock(this.paths.lock);
    if (tryFlock(fd.number, LOCK.LOCK_EX, this.paths.lock)) this.alone();
    flock(fd.number, LOCK.LOCK_SH, this.paths.lock);
    this.#fd = fd;
  }

  release(): void {
    this.#fd?.[Symbol.dispose]();
    this.#fd = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** The whole store, this process's own share given back; undefined while others use it. */
  tryAlone(): Fd | undefined {
    this.release();
    const fd = openLock(this.paths.lock);
    if (tryFlock(fd.number, LOCK.LOCK_EX, this.paths.lock)) return fd;
    fd[Symbol.dispose]();
    return undefined;
  }
}
