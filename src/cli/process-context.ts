// The world as the commands see it, for a real process: looked at only when a command asks.
import type { CommandContext } from "./command.ts";
import type { Engine } from "./engine.ts";

/**
 * How the commands reach files. An argument, as the way there is a matter of start-up time:
 * importing node:fs costs a compiled executable 0.3 to 0.7 ms, a libc that is open already nothing.
 */
export interface FileAccess extends Pick<CommandContext, "kindOf" | "readText"> {
  /** Writes all of the text before it returns; a reader who has left is no error. */
  write(fd: number, text: string): void;
}

/** Returns the context of this process, with the engine that the commands end in. */
export function makeProcessContext(engine: Engine, files: FileAccess): CommandContext {
  return {
    engine,
    get env() {
      return process.env;
    },
    cwd: () => process.cwd(),
    hostCpus: () => navigator.hardwareConcurrency,
    kindOf: (path) => files.kindOf(path),
    readText: (path) => files.readText(path),
    columns: () => (process.stdout.isTTY ? process.stdout.columns : 80),
    // Not by process.stdout, which makes a pipe non-blocking that others write to as well.
    isTerminal: (fd) => process.getBuiltinModule("node:tty").isatty(fd),
    write: (text) => files.write(1, text),
    writeError: (text) => files.write(2, text),
  };
}
