// The file of --pid-file: there all at once, as its readers do not wait for a second write.

import { renameFile, writeText } from "../../../ffi/files.ts";

export function writePidFile(path: string, pid: number): void {
  const slash = path.lastIndexOf("/");
  const temporary = `${path.slice(0, slash + 1)}.${path.slice(slash + 1)}.${process.pid}`;
  writeText(temporary, String(pid));
  renameFile(temporary, path);
}
