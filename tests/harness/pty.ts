// A program at a pseudo-terminal of the test's own: byte for byte, where tmux shows only a screen.

import { O } from "../../ffi/constants.ts";
import { F, fcntl } from "../../ffi/fcntl.ts";
import { poll, POLL } from "../../ffi/poll.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { openPseudoTerminal, setWindowSize, tcgetattr } from "../../ffi/termios.ts";
import { read, write } from "../../ffi/unistd.ts";
import { slowness } from "./tier.ts";

const PATIENCE_MS = 20_000;
const PAUSE_MS = 5;
const BUFFER_BYTES = 256 * 1024;

export interface PtyOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What the program's stdout is instead of the terminal. */
  readonly stdout?: "pipe";
}

/** A program with a controlling terminal of 33 by 101; killed at the end of the scope. */
export class Pty implements AsyncDisposable {
  readonly #terminal = openPseudoTerminal();
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly child: ReturnType<typeof Pty.prototype.start>;
  /** The terminal's modes before the program was started. */
  readonly modesBefore = this.modes();
  /** All that was shown so far, for programs that show little. */
  text = "";
  /** Called with all that is shown, instead of keeping it as text. */
  onBytes: ((bytes: Uint8Array) => void) | undefined;

  constructor(command: readonly string[], options: PtyOptions = {}) {
    this.resize(33, 101);
    fcntl(this.#terminal.master.number, F.F_SETFL, O.O_RDWR | O.O_NONBLOCK);
    this.child = this.start(command, options);
  }

  private start(command: readonly string[], { env, cwd = "/", stdout }: PtyOptions) {
    const { number: slave } = this.#terminal.slave;
    return Bun.spawn(["setsid", "--ctty", ...command], {
      stdio: [slave, stdout ?? slave, slave],
      env: { ...process.env, ...env },
      cwd,
    });
  }

  /** The modes of the terminal now, as `stty -g` would tell them. */
  modes(): string {
    return tcgetattr(this.#terminal.slave.number).toHex();
  }

  resize(rows: number, columns: number): void {
    setWindowSize(this.#terminal.master.number, { rows, columns });
  }

  /** Types `text`, as fast as it is taken. */
  async type(text: string | Uint8Array): Promise<void> {
    let left = typeof text === "string" ? new TextEncoder().encode(text) : text;
    const end = performance.now() + PATIENCE_MS * slowness();
    while (left.length > 0) {
      this.show();
      left = left.subarray(this.#write(left));
      if (performance.now() > end) throw new Error(`${left.length} bytes are not taken`);
      if (left.length > 0) await Bun.sleep(0);
    }
  }

  #write(bytes: Uint8Array): number {
    try {
      return write(this.#terminal.master.number, bytes);
    } catch (error) {
      if (isSyscallError(error, "EAGAIN")) return 0;
      throw error;
    }
  }

  /** Takes what is shown at the moment, or in the next `waitMs`. Whether there was any. */
  show(waitMs = 0): boolean {
    const fd = this.#terminal.master.number;
    if (poll([{ fd, events: POLL.POLLIN }], waitMs)[0] !== POLL.POLLIN) return false;
    const bytes = this.#buffer.subarray(0, read(fd, this.#buffer));
    if (this.onBytes === undefined) this.text += new TextDecoder().decode(bytes);
    else this.onBytes(bytes);
    return true;
  }

  /** The text up to now, once `pattern` is in it after `from`. Rejects where that takes too long. */
  async waitFor(pattern: RegExp, from = 0): Promise<string> {
    const end = performance.now() + PATIENCE_MS * slowness();
    while (!pattern.test(this.text.slice(from))) {
      if (this.show(PAUSE_MS)) continue;
      if (performance.now() > end) throw new Error(`no ${pattern} in ${JSON.stringify(this.text)}`);
      await Bun.sleep(0);
    }
    return this.text;
  }

  /** The exit code, once the program has ended and all was shown. */
  async end(): Promise<number> {
    const end = performance.now() + 2 * PATIENCE_MS * slowness();
    while (this.child.exitCode === null && this.child.signalCode === null) {
      if (this.show(PAUSE_MS)) continue;
      if (performance.now() > end) throw new Error(`no end: ${JSON.stringify(this.text)}`);
      await Bun.sleep(0);
    }
    while (this.show());
    return this.child.exited;
  }

  /** Closes the window: the program's session gets SIGHUP. */
  close(): void {
    this.#terminal.slave[Symbol.dispose]();
    this.#terminal.master[Symbol.dispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
    this.close();
  }
}
