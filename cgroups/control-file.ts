// Reading and writing control files: one open, one read or write, and a SyscallError that names the
// path, the value and the errno.

import { readTextIfThere, writeText } from "../ffi/files.ts";
import { isSyscallError } from "../ffi/syscall-error.ts";

/** The text of a control file, or undefined where the file (or its cgroup) does not exist. */
export function readControlFile(path: string): string | undefined {
  try {
    return readTextIfThere(path);
  } catch (error) {
    // Kernel: a control file that was opened before its cgroup went away answers ENODEV.
    if (isSyscallError(error, "ENODEV")) return undefined;
    throw error;
  }
}

/** Writes `value` in one write(2). Throws SyscallError, ENOENT where there is no such file. */
export function writeControlFile(path: string, value: string): void {
  // Without O_CREAT: in a cgroup that would turn "no such file" into "permission denied".
  writeText(path, value, { existing: true });
}

/** The number in a control file; null for "max" and for a number that no machine reaches; 0 where absent. */
export function readNumber(path: string): number | null {
  return parseLimit(readControlFile(path)?.trim() ?? "0");
}

/** A number; null where it stands for "no limit": `max`, `-1`, or more than any machine has. */
export function parseLimit(text: string): number | null {
  const value = Number(text);
  return Number.isFinite(value) && value >= 0 && value < 2 ** 62 ? value : null;
}

/** A control file of lines "key number" as an object; empty where the file is absent. */
export function readKeyed(path: string): Record<string, number> {
  const values: Record<string, number> = {};
  for (const line of (readControlFile(path) ?? "").split("\n")) {
    const space = line.indexOf(" ");
    if (space > 0) values[line.slice(0, space)] = Number(line.slice(space + 1));
  }
  return values;
}
