// Starts the process on the other side of a channel: the agent, a program of some 200 bytes made
// here; or this program again as `init` (serve.ts), where the agent cannot run.
//
//   parent                                agent
//   memfd: the channel, 16 MiB, sparse
//   memfd: the executable, sealed
//   writes the first batch
//   posix_spawn("/proc/self/fd/N") ─────▶ maps the channel, performs the batch
//   goes on with its own work             waits on the futex of its page

import { F_SEAL, MAP, MFD, PROT_READ, PROT_WRITE } from "../constants.ts";
import { addSeals } from "../fcntl.ts";
import { Fd } from "../fd.ts";
import { memfd_create, mmap } from "../mman.ts";
import { type FileAction, posix_spawn } from "../spawn.ts";
import type { TraceSink } from "../trace.ts";
import { ftruncate, write } from "../unistd.ts";
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
  using channelFd = memfd_create("bunker-channel", 0);
  ftruncate(channelFd.number, CHANNEL_BYTES);
  const mapping = mmap({
    byteLength: CHANNEL_BYTES,
    protection: PROT_READ | PROT_WRITE,
    flags: MAP.MAP_SHARED,
    fd: channelFd.number,
  });
  const performer = new Performer(mapping.address, options.trace, describe);
  // Order: the batch lies there before the process starts, which so loses no time in waiting.
  fill(performer);
  const pid = spawn(channelFd.number, options);
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
  const fd = memfd_create("bunker-agent", MFD.MFD_CLOEXEC | MFD.MFD_ALLOW_SEALING);
  write(fd.number, file);
  addSeals(
    fd.number,
    F_SEAL.F_SEAL_SEAL | F_SEAL.F_SEAL_SHRINK | F_SEAL.F_SEAL_GROW | F_SEAL.F_SEAL_WRITE,
  );
  return fd;
}
