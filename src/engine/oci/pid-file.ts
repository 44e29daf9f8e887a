// The file of --pid-file: there all at once, as its readers do not wait for a second write.

import { removeFile, renameFile, writeText } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";

export function writePidFile(path: string, pid: number): void {
  const slash = path.lastIndexOf("/");
  const temporary = `${path.slice(0, slash + 1)}.${path.slice(slash + 1)}.${process.pid}`;
  try {
    writeText(temporary, String(pid));
    renameFile(temporary, path);
  } catch (error) {
    // A full disk; where it could not be made there is nothing.
    if (isSyscallError(error, "ENOSPC", "EDQUOT", "EISDIR")) removeFile(temporary);
    throw error;
  }
}
