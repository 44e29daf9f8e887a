// Files by way of ffi/: what a compiled bunker uses, as importing node:fs costs it 0.3 to 0.7 ms.
import { S } from "../../ffi/constants.ts";
import { fileType, readText, writeAll } from "../../ffi/files.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import type { FileAccess } from "./process-context.ts";

/** File access by libc. */
export const libcFiles: FileAccess = {
  kindOf(path) {
    const type = fileType(path);
    if (type === 0) return undefined;
    if (type === S.S_IFDIR) return "directory";
    return type === S.S_IFREG ? "file" : "other";
  },
  readText,
  write(fd, text) {
    try {
      writeAll(fd, text, fd === 2 ? "stderr" : "stdout");
    } catch (error) {
      // A reader who has left wants nothing more.
      if (!isSyscallError(error, "EPIPE")) throw error;
    }
  },
};
