// Reading and writing control files: one open, one read or write, and a SyscallError that names the
// path, the value and the errno. Control files are plain files of the host, so node:fs does.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { SyscallError } from "../ffi/syscall-error.ts";

// Without O_CREAT: in a cgroup that would turn "no such file" into "permission denied".
const O_WRONLY_CLOEXEC = 0o2000001;

/** The text of a control file, or undefined where the file (or its cgroup) does not exist. */
export function readControlFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const failure = asSyscallError(error, "read", path);
    // Kernel: a control file that was opened before its cgroup went away answers ENODEV.
    if (failure.code === "ENOENT" || failure.code === "ENODEV") return undefined;
    throw failure;
  }
}

/** Writes `value` in one write(2). Throws SyscallError, ENOENT where there is no such file. */
export function writeControlFile(path: string, value: string): void {
  let fd: number;
  try {
    fd = openSync(path, O_WRONLY_CLOEXEC);
  } catch (error) {
    throw asSyscallError(error, "open", path, `to write ${quoted(value)}`);
  }
  try {
    writeSync(fd, value);
  } catch (error) {
    throw asSyscallError(error, "write", path, quoted(value));
  } finally {
    closeSync(fd);
  }
}

/**
 * What node:fs threw, as the error that the rest of bunker branches on. Throws what is no system
 * error again as it is: that is a bug of ours.
 */
export function asSyscallError(
  error: unknown,
  syscall: string,
  path: string,
  detail?: string,
): SyscallError {
  if (error instanceof SyscallError) return error;
  const context = detail === undefined ? { path } : { path, detail };
  return new SyscallError(syscall, errnoOf(error), context, { cause: error });
}

/** node:fs gives errnos as negative numbers. */
function errnoOf(error: unknown): number {
  if (error instanceof Error && "errno" in error && typeof error.errno === "number") {
    return Math.abs(error.errno);
  }
  throw error;
}

function quoted(value: string): string {
  return JSON.stringify(value);
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
