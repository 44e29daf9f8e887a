// What a detached container has for its standard streams: fifos in its state folder, which its guardian
// reads. A fifo is there for whoever comes after a guardian that was killed, and nobody ever gets a
// SIGPIPE from it, since the container itself has it open for reading as well.

import { AT_FDCWD, O, S } from "../../../ffi/constants.ts";
import { F, fcntl, open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { fileType, removeFile } from "../../../ffi/files.ts";
import { mknodat } from "../../../ffi/stat.ts";

export const STDIN_FIFO = "stdin";
export const PIPE_BYTES = 1024 * 1024;

/** The ends of the streams; each is this process's to close. */
export interface Fifos extends Disposable {
  /** What the container gets. */
  readonly container: readonly [stdin: number, stdout: number, stderr: number];
  /** What the guardian reads. */
  readonly stdout: number;
  readonly stderr: number;
}

/**
 * Where stdin is from: `none` is /dev/null; `anyone` is a fifo that never ends, as the container itself
 * has it open for writing; `caller` is one that ends with its only writer.
 */
export type StdinSource = "none" | "anyone" | "caller";

/** Makes the fifos. The writer of a `caller` must be opened before the result is disposed. */
export function openFifos(folder: string, source: StdinSource): Fifos {
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
  return {
    container: [openStdin(folder, source, keep), stdout.writer, stderr.writer],
    stdout: stdout.reader,
    stderr: stderr.reader,
    [Symbol.dispose]: () => {
      for (const fd of opened) fd[Symbol.dispose]();
    },
  };
}

/** The guardian's ends, for one that comes after another. */
export function reopenFifos(folder: string): Pick<Fifos, "stdout" | "stderr"> & Disposable {
  const stdout = open(`${folder}/stdout`, O.O_RDONLY | O.O_NONBLOCK);
  const stderr = open(`${folder}/stderr`, O.O_RDONLY | O.O_NONBLOCK);
  return {
    stdout: stdout.number,
    stderr: stderr.number,
    [Symbol.dispose]: () => {
      for (const fd of [stdout, stderr]) fd[Symbol.dispose]();
    },
  };
}

function openStdin(folder: string, source: StdinSource, keep: (fd: Fd) => number): number {
  if (source === "none") return keep(open("/dev/null", O.O_RDONLY));
  const path = makeFifo(folder, STDIN_FIFO);
  const both = keep(open(path, O.O_RDWR));
  return source === "anyone" ? both : keep(open(path, O.O_RDONLY));
}

/** Order: the mode afterwards, as the umask would cut it; the folder keeps strangers away. */
function makeFifo(folder: string, name: string): string {
  const path = `${folder}/${name}`;
  if (fileType(path) !== 0) removeFile(path);
  mknodat(AT_FDCWD, path, S.S_IFIFO | 0o666, 0);
  return path;
}
