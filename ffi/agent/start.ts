// Starts the process on the other side of a channel: the agent, a program of some 200 bytes made
// here; or this program again as `init` (serve.ts), where the agent cannot run.
//
//   parent                                agent
//   memfd: the channel, 16 MiB, sparse
//   memfd: the executable, sealed
//   writes the first batch
//   posix_spawn("/proc/self/fd/N") ─────▶ maps the channel, performs the batch
//   goes on with its own work             waits on the futex of its page
//
// Start-up: by the bare calls, as each of the headers that have them is a module that every replayed run
// would wait for: 0.1 ms for all of them.

import { Fd } from "../fd.ts";
import { bytesAddress, cString } from "../library.ts";
import { type FileAction, posix_spawn } from "../spawn.ts";
import { syscall } from "../syscall.ts";
import type { TraceSink } from "../trace.ts";
import { CHANNEL_BYTES } from "./layout.ts";
import { AGENT_PAGE, type DescribeCall, Performer } from "./performer.ts";

/** The process, whatever it is to do. */
export interface ProcessOptions {
  /** Whether it leads a session of its own, apart from the caller's terminal; so unless said. */
  readonly newSession?: boolean;
  /** Its stdin, stdout and stderr, where they are not to be this process's own. */
  readonly streams?: readonly [stdin: number, stdout: number, stderr: number];
  /** Descriptors that it keeps, and its children with it. */
  readonly inherit?: readonly number[];
  readonly trace?: TraceSink;
}

// sys/mman.h, linux/fcntl.h
const PROT_READ_WRITE = 3;
const MAP_SHARED = 1;
const MFD_CLOEXEC_ALLOW_SEALING = 3;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE */
const ALL_SEALS = 15;

/** Starts the process that serves the channel at that descriptor of its; its pid. */
export type Spawn = (channelFd: number, options: ProcessOptions) => number;

/** A performer whose process finds what `fill` has posted. @param describe see Performer */
export function startWith(
  options: ProcessOptions,
  spawn: Spawn,
  fill: (performer: Performer) => void,
  describe?: DescribeCall,
): Performer {
  // The one descriptor that the process inherits: nothing else is started before it is closed here.
  using channelFd = new Fd(syscall("memfd_create", [cString("bunker-channel"), 0]));
  const fd = channelFd.number;
  syscall("ftruncate", [fd, CHANNEL_BYTES]);
  const address = syscall("mmap", [0, CHANNEL_BYTES, PROT_READ_WRITE, MAP_SHARED, fd, 0]);
  const performer = new Performer(address, options.trace, describe);
  // Order: the batch lies there before the process starts, which so loses no time in waiting.
  fill(performer);
  const pid = spawn(fd, options);
  performer.setPid(AGENT_PAGE, pid);
  return performer;
}

/** @param file the agent's executable, for its channel: see executable.ts */
export function spawnAgent(file: Uint8Array, options: ProcessOptions): number {
  using executable = sealedExecutable(file);
  // Security: no environment, no arguments: the container's processes may read them.
  return posix_spawn(`/proc/self/fd/${executable.number}`, ["bunker-agent"], [], {
    newSession: options.newSession ?? true,
    fileActions: listFileActions(options),
  });
}

/** What its descriptors are. */
export function listFileActions({ streams, inherit }: ProcessOptions): FileAction[] {
  const actions: FileAction[] = [];
  for (const fd of inherit ?? []) actions.push({ kind: "dup2", from: fd, to: fd });
  if (streams === undefined) return actions;
  for (let to = 0; to < streams.length; to++) {
    actions.push({ kind: "dup2", from: streams[to] ?? to, to });
  }
  return actions;
}

/**
 * Security: sealed, so that nobody can write to what the container sees as its /proc/self/exe
 * until the user's program runs (CVE-2019-5736).
 */
function sealedExecutable(file: Uint8Array): Fd {
  const name = cString("bunker-agent");
  const fd = new Fd(syscall("memfd_create", [name, MFD_CLOEXEC_ALLOW_SEALING]));
  syscall("write", [fd.number, bytesAddress(file), file.length]);
  syscall("fcntl", [fd.number, F_ADD_SEALS, ALL_SEALS]);
  return fd;
}
