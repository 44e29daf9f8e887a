// spawn.h: starting a program without copying this process. libc's child borrows our memory until
// it has called exec, so this is the one safe way to start something from a process with threads.

import { bytesAddress, cString, cStringArray, library } from "./library.ts";
import { SyscallError } from "./syscall-error.ts";

const spawnH = library({
  posix_spawn: ["i32", "pointer", "pointer", "pointer", "pointer", "pointer", "pointer"],
  posix_spawn_file_actions_destroy: ["i32", "pointer"],
  posix_spawn_file_actions_adddup2: ["i32", "pointer", "i32", "i32"],
  posix_spawn_file_actions_addclose: ["i32", "pointer", "i32"],
  posix_spawn_file_actions_addchdir_np: ["i32", "pointer", "pointer"],
  posix_spawn_file_actions_addopen: ["i32", "pointer", "i32", "pointer", "i32", "u32"],
});

/** What the child does, in this order, before the program begins. */
export type FileAction =
  /** Makes `to` another name of `from`; with both the same, exec no longer closes it. */
  | { readonly kind: "dup2"; readonly from: number; readonly to: number }
  | { readonly kind: "close"; readonly fd: number }
  | {
      readonly kind: "open";
      readonly fd: number;
      readonly path: string;
      readonly flags: number;
      readonly mode?: number;
    }
  /** Needs glibc 2.29 or musl 1.1.24. */
  | { readonly kind: "chdir"; readonly path: string };

export interface SpawnOptions {
  readonly fileActions?: readonly FileAction[];
  /** Whether the child leads a session of its own: no controlling terminal, no shared signals. */
  readonly newSession?: boolean;
}

// The structs are opaque: 80 and 336 bytes in glibc and musl, twice as much here.
const FILE_ACTIONS_BYTES = 160;
const ATTRIBUTES_BYTES = 672;
const SIGSET_BYTES = 128;

const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;

/**
 * The pid of a child that runs `path` with no signal ignored or blocked, whatever this process
 * does. posix_spawn(3). Its errors are those of execve and of the file actions: ENOENT, EACCES,
 * ENOEXEC, EBADF. Descriptors without O_CLOEXEC are inherited. `env` has `KEY=value`s.
 */
export function posix_spawn(
  path: string,
  argv: readonly string[],
  env: readonly string[],
  { fileActions = [], newSession = false }: SpawnOptions = {},
): number {
  const attributes = makeAttributes(newSession);
  using actions = new FileActions(fileActions);
  const args = cStringArray(argv);
  const variables = cStringArray(env);
  const pid = new Uint8Array(8);
  const error = spawnH().posix_spawn(
    bytesAddress(pid),
    cString(path),
    actions.address,
    bytesAddress(attributes),
    args.address,
    variables.address,
  );
  throwUnlessZero(error, "posix_spawn", path);
  return new DataView(pid.buffer).getInt32(0, true);
}

/** These functions return the errno instead of setting it. */
function throwUnlessZero(error: number, name: string, path?: string): void {
  if (error !== 0) throw new SyscallError(name, error, path === undefined ? {} : { path });
}

// posix_spawnattr_t begins alike in glibc and musl: the flags, the process group, the signals whose
// action becomes the default one, the signals that are blocked. Written here, as each look-up in libc
// is on the way of every `run`; tests/ffi/spawn.pure.test.ts has libc's own functions write the same.
const SIGNALS_DEFAULT_OFFSET = 8;

/** Every signal as it is by default, and none blocked. */
export function makeAttributes(newSession: boolean): Uint8Array<ArrayBuffer> {
  const attributes = new Uint8Array(ATTRIBUTES_BYTES);
  attributes[0] =
    POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (newSession ? POSIX_SPAWN_SETSID : 0);
  attributes.fill(0xff, SIGNALS_DEFAULT_OFFSET, SIGNALS_DEFAULT_OFFSET + SIGSET_BYTES);
  return attributes;
}

/** A list for posix_spawn, at address 0 where it is empty. */
class FileActions implements Disposable {
  readonly #bytes: Uint8Array | undefined;

  constructor(list: readonly FileAction[]) {
    if (list.length === 0) return;
    this.#bytes = new Uint8Array(FILE_ACTIONS_BYTES);
    for (const action of list) {
      const error = addFileAction(this.address, action);
      if (error !== 0) this[Symbol.dispose]();
      throwUnlessZero(error, `posix_spawn_file_actions_add${action.kind}`);
    }
  }

  get address(): number {
    return this.#bytes === undefined ? 0 : bytesAddress(this.#bytes);
  }

  [Symbol.dispose](): void {
    if (this.#bytes !== undefined) spawnH().posix_spawn_file_actions_destroy(this.address);
  }
}

function addFileAction(actions: number, action: FileAction): number {
  const h = spawnH();
  switch (action.kind) {
    case "dup2":
      return h.posix_spawn_file_actions_adddup2(actions, action.from, action.to);
    case "close":
      return h.posix_spawn_file_actions_addclose(actions, action.fd);
    case "open": {
      const { fd, path, flags, mode = 0 } = action;
      return h.posix_spawn_file_actions_addopen(actions, fd, cString(path), flags, mode);
    }
    case "chdir":
      return h.posix_spawn_file_actions_addchdir_np(actions, cString(action.path));
  }
}
