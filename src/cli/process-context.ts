// The world as the commands see it, for a real process: looked at only when a command asks.
import { readFileSync, statSync, writeSync } from "node:fs";
import type { CommandContext } from "./command.ts";
import type { Engine } from "./engine.ts";

/** Returns the context of this process, with the engine that the commands end in. */
export function makeProcessContext(engine: Engine): CommandContext {
  return {
    engine,
    env: process.env,
    cwd: () => process.cwd(),
    hostCpus: () => navigator.hardwareConcurrency,
    kindOf,
    readText: (path) => readFileSync(path, "utf8"),
    columns: () => (process.stdout.isTTY ? process.stdout.columns : 80),
    write: (text) => writeAll(1, text),
    writeError: (text) => writeAll(2, text),
  };
}

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
