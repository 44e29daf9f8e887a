// What the runtime has to say besides its output: lines as logrus writes them, since containerd's
// shim, conmon and people's scripts read those. To stderr, or to the file of --log.
import { openFile, writeAll } from "../../../ffi/files.ts";
import { O } from "../../../ffi/constants.ts";

export type LogLevel = "debug" | "info" | "warning" | "error";
export type LogFormat = "text" | "json";

/** Where a log goes, and how. */
export interface LogOptions {
  /** undefined: stderr. */
  readonly file: string | undefined;
  readonly format: LogFormat;
  readonly debug: boolean;
}

/** Appends to the log. The file is opened at once, as runc does: its caller may look for it. */
export class Log {
  readonly #fd: number;

  /** @throws SyscallError where the file cannot be opened */
  constructor(readonly options: LogOptions) {
    const { file } = options;
    const flags = O.O_WRONLY | O.O_CREAT | O.O_APPEND;
    this.#fd = file === undefined ? 2 : openFile(file, flags, 0o644);
  }

  get toStderr(): boolean {
    return this.options.file === undefined;
  }

  write(level: LogLevel, message: string): void {
    if (level === "debug" && !this.options.debug) return;
    const line = formatLine(this.options.format, level, message, new Date());
    writeAll(this.#fd, line, this.options.file ?? "stderr");
  }
}

/** One line of a log, its newline included. */
export function formatLine(format: LogFormat, level: LogLevel, message: string, now: Date): string {
  const time = `${now.toISOString().slice(0, 19)}Z`;
  if (format === "json") return `${JSON.stringify({ level, msg: message, time })}\n`;
  return `time="${time}" level=${level} msg=${quote(message)}\n`;
}

/** As logrus does: without quotes where every character is harmless. */
function quote(message: string): string {
  return /^[A-Za-z0-9\-._/@^+]+$/.test(message) ? message : JSON.stringify(message);
}
