// spawn.h: starting a program without copying this process. libc's child borrows our memory until
// it has called exec, so this is the one safe way to start something from a process with threads.

import { bytesAddress, cString, cStringArray, library, scratch } from "./library.ts";
import { SyscallError } from "./syscall-error.ts";

const spawnH = library({
  posix_spawn: ["i32", "pointer", "pointer", "pointer", "pointer", "pointer", "pointer"],
  posix_spawn_file_actions_init: ["i32", "pointer"],
  posix_spawn_file_actions_destroy: ["i32", "pointer"],
  posix_spawn_file_actions_adddup2: ["i32", "pointer", "i32", "i32"],
  posix_spawn_file_actions_addclose: ["i32", "pointer", "i32"],
  posix_spawn_file_actions_addopen: ["i32", "pointer", "i32", "pointer", "i32", "u32"],
  posix_spawnattr_init: ["i32", "pointer"],
  posix_spawnattr_destroy: ["i32", "pointer"],
  posix_spawnattr_setflags: ["i32", "pointer", "i32"],
  posix_spawnattr_setsigdefault: ["i32", "pointer", "pointer"],
  posix_spawnattr_setsigmask: ["i32", "pointer", "pointer"],
});

// glibc 2.29, musl 1.1.24: apart from the rest, for an older libc does all but this.
const spawnDirectoryH = library({
  posix_spawn_file_actions_addchdir_np: ["i32", "pointer", "pointer"],
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
  using attributes = openAttributes(newSession);
  using actions = openFileActions(fileActions);
  const args = cStringArray(argv);
  const variables = cStringArray(env);
  const pid = new Uint8Array(8);
  const error = spawnH().posix_spawn(
    bytesAddress(pid),
    cString(path),
    actions.address,
    attributes.address,
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

interface OpaqueStruct extends Disposable {
  readonly address: number;
}

/** The closure holds `bytes`, so that they stay where they are until the end of the scope. */
function opaqueStruct(bytes: Uint8Array, destroy: (address: number) => number): OpaqueStruct {
  const address = bytesAddress(bytes);
  return { address, [Symbol.dispose]: () => void destroy(bytesAddress(bytes)) };
}

function openAttributes(newSession: boolean): OpaqueStruct {
  const attributes = new Uint8Array(ATTRIBUTES_BYTES);
  const address = bytesAddress(attributes);
  const h = spawnH();
  throwUnlessZero(h.posix_spawnattr_init(address), "posix_spawnattr_init");
  const everySignal = scratch(SIGSET_BYTES);
  everySignal.bytes.fill(0xff);
  const flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  h.posix_spawnattr_setsigdefault(address, everySignal.address);
  h.posix_spawnattr_setsigmask(address, scratch(SIGSET_BYTES).address);
  h.posix_spawnattr_setflags(address, flags | (newSession ? POSIX_SPAWN_SETSID : 0));
  return opaqueStruct(attributes, h.posix_spawnattr_destroy);
}

function openFileActions(list: readonly FileAction[]): OpaqueStruct {
  const actions = new Uint8Array(FILE_ACTIONS_BYTES);
  const address = bytesAddress(actions);
  const h = spawnH();
  throwUnlessZero(h.posix_spawn_file_actions_init(address), "posix_spawn_file_actions_init");
  for (const action of list) {
    throwUnlessZero(addFileAction(address, action), `posix_spawn_file_actions_add${action.kind}`);
  }
  return opaqueStruct(actions, h.posix_spawn_file_actions_destroy);
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
      return spawnDirectoryH().posix_spawn_file_actions_addchdir_np(actions, cString(action.path));
  }
}
