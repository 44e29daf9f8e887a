// An archive to a file or to stdout.

import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import { openFile, removeFile, renameFile } from "../../../ffi/files.ts";
import { POLL, poll } from "../../../ffi/poll.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { write } from "../../../ffi/unistd.ts";
import { UserError } from "../../errors.ts";

type Take = (bytes: Uint8Array) => void;

/**
 * Race: written beside it and renamed, so that a file of that name is whole at any moment.
 * @param path a file; undefined for stdout
 * @throws UserError for a folder that is not there, SyscallError
 */
export function writeOutput(
  path: string | undefined,
  what: "save image" | "export container",
  fill: (take: Take) => void,
): void {
  if (path === undefined) {
    fill((bytes) => writeAllBytes(1, bytes, "stdout"));
    return;
  }
  const folder = dirname(path);
  if (!existsSync(folder)) {
    const why = `invalid output path: stat ${folder}: no such file or directory`;
    throw new UserError(`failed to ${what}: ${why}`, undefined, 1);
  }
  // What is no file, /dev/null or a pipe, is written to as it is.
  const isSpecial = existsSync(path) && !statSync(path).isFile();
  const unfinished = isSpecial ? path : `${path}.bunker-${process.pid}`;
  try {
    using fd = new Fd(openFile(unfinished, O.O_WRONLY | O.O_CREAT | O.O_TRUNC, 0o600));
    fill((bytes) => writeAllBytes(fd.number, bytes, path));
    if (!isSpecial) renameFile(unfinished, path);
  } catch (error) {
    if (!isSpecial) removeFile(unfinished);
    throw error;
  }
}

/** A pipe that its reader has made non-blocking is waited for. */
function writeAllBytes(fd: number, bytes: Uint8Array, path: string): void {
  for (let rest = bytes; rest.length > 0;) {
    try {
      rest = rest.subarray(write(fd, rest, path));
    } catch (error) {
      if (!isSyscallError(error, "EAGAIN")) throw error;
      poll([{ fd, events: POLL.POLLOUT }], -1);
    }
  }
}
