// What a detached container has for its standard streams: fifos in its state folder, which its guardian
// reads. A fifo is there for whoever comes after a guardian that was killed, and nobody ever gets a
// SIGPIPE from it, since the container itself has it open for reading as well.

import { AT_FDCWD, O, S } from "../../../ffi/constants.ts";
import { F, fcntl, open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { fileType, removeFile } from "../../../ffi/files.ts";
import { mknodat } from "../../../ffi/stat.ts";

export const STDIN_FIFO = "stdin";
const PIPE_BYTES = 1024 * 1024;

/** The ends of the streams; each is this process's to close. */
export interface Fifos extends Disposable {
  /** What the container gets. */
  readonly container: readonly [stdin: number, stdout: number, stderr: number];
  /** What the guardian reads. */
  readonly stdout: number;
  readonly stderr: number;
  /** Kept open by the guardian, so that stdin does not end with whoever writes to it. */
  readonly stdinHeld?: number;
}

/** @param interactive whether somebody may write to stdin; else it is /dev/null */
export function openFifos(folder: string, interactive: boolean): Fifos {
  const opened: Fd[] = [];
  const keep = (fd: Fd): number => {
    opened.push(fd);
    return fd.number;
  };
  const both = (name: string) => {
    const path = makeFifo(folder, name);
    // Order: for reading first, without waiting for a writer; then for both.
    const reader = keep(open(path, O.O_RDONLY | O.O_NONBLOCK));
    const writer = keep(open(path, O.O_RDWR));
    fcntl(writer, F.F_SETPIPE_SZ, PIPE_BYTES);
    return { reader, writer };
  };
  const stdout = both("stdout");
  const stderr = both("stderr");
  const stdin = interactive ? keepStdin(folder, keep) : undefined;
  return {
    container: [stdin?.reader ?? keep(open("/dev/null", O.O_RDONLY)), stdout.writer, stderr.writer],
    stdout: stdout.reader,
    stderr: stderr.reader,
    ...(stdin === undefined ? {} : { stdinHeld: stdin.held }),
    [Symbol.dispose]: () => {
      for (const fd of opened) fd[Symbol.dispose]();
    },
  };
}

function keepStdin(folder: string, keep: (fd: Fd) => number): { reader: number; held: number } {
  const path = makeFifo(folder, STDIN_FIFO);
  const held = keep(open(path, O.O_RDWR));
  return { reader: keep(open(path, O.O_RDONLY)), held };
}

/** Order: the mode afterwards, as the umask would cut it; the folder keeps strangers away. */
function makeFifo(folder: string, name: string): string {
  const path = `${folder}/${name}`;
  if (fileType(path) !== 0) removeFile(path);
  mknodat(AT_FDCWD, path, S.S_IFIFO | 0o666, 0);
  return path;
}
