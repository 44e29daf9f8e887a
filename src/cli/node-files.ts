// Files by way of node:fs.
import { readFileSync, statSync, writeSync } from "node:fs";
import type { FileAccess } from "./process-context.ts";

/** File access for which nothing but the runtime is needed. */
export const nodeFiles: FileAccess = {
  kindOf,
  readText: (path) => readFileSync(path, "utf8"),
  write: writeAll,
};

function kindOf(path: string): "file" | "directory" | "other" | undefined {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (stats.isDirectory()) return "directory";
    return stats.isFile() ? "file" : "other";
  } catch (error) {
    // Below a file there is nothing either.
    if (hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Writes at once: the process ends right after, and a stream would lose what it still holds. */
function writeAll(fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(fd, bytes, offset);
    } catch (error) {
      // Race: a reader that has left wants nothing more; a full pipe that was handed over
      // non-blocking has a reader who is at work.
      if (hasCode(error, "EPIPE")) return;
      if (!hasCode(error, "EAGAIN")) throw error;
    }
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
