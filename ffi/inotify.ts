// sys/inotify.h: learning that something in a folder has changed.

import { Fd } from "./fd.ts";
import { check, cString } from "./library.ts";
import { rawCall } from "./syscall.ts";
import { isSyscallError } from "./syscall-error.ts";
import { read } from "./unistd.ts";

const IN_NONBLOCK = 0o4000;
const IN_CLOEXEC = 0o2000000;
const IN_MODIFY = 0x2;
const IN_MOVED_TO = 0x80;
const IN_CREATE = 0x100;

/** Readable when something in one of the folders was written to, made, or moved there. */
export class FolderWatch implements Disposable {
  readonly #fd = new Fd(check(rawCall("inotify_init1", IN_NONBLOCK | IN_CLOEXEC), "inotify_init1"));
  readonly #events = new Uint8Array(4096);

  get number(): number {
    return this.#fd.number;
  }

  /** The folder, wherever it is moved to. inotify_add_watch(2) */
  add(path: string): void {
    const events = IN_MODIFY | IN_MOVED_TO | IN_CREATE;
    const result = rawCall("inotify_add_watch", this.#fd.number, cString(path), events);
    check(result, "inotify_add_watch", () => ({ path }));
  }

  /** Takes note of what has happened so far. */
  clear(): void {
    try {
      while (read(this.#fd.number, this.#events) > 0);
    } catch (error) {
      if (!isSyscallError(error, "EAGAIN")) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}
