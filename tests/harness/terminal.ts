// A person at a terminal: a program in a tmux window, what it shows, and what is typed into it.

import { rmSync } from "node:fs";
import { slowness } from "./tier.ts";

const PAUSE_MS = 50;
const PATIENCE_MS = 20_000;
let sessions = 0;

/** A terminal of 80 by 24 that runs one shell command; gone at the end of the scope. */
export class Terminal implements Disposable {
  // A server of its own for each, so that nobody's settings and sessions are touched.
  readonly #server = `bunker-test-${process.pid}-${sessions++}`;

  /** @param command for /bin/sh; its exit code is shown as `[ended with N]` */
  constructor(command: string, cwd: string) {
    // ctrl-c is for the command; the shell around it lives on to tell the exit code.
    const kept = `trap : INT; (${command}); echo "[ended with $?]"; sleep 1000`;
    const size = ["-x", "80", "-y", "24"];
    this.#tmux("-f", "/dev/null", "new-session", "-d", ...size, "-c", cwd, "/bin/sh", "-c", kept);
  }

  #tmux(...args: readonly string[]): string {
    const command = ["tmux", "-L", this.#server, ...args];
    const { exitCode, stdout, stderr } = Bun.spawnSync(command, { stdin: "ignore" });
    if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString().trim()}`);
    return stdout.toString();
  }

  /** What is on the screen now, without the empty lines at its end. */
  screen(): string {
    return this.#tmux("capture-pane", "-p").trimEnd();
  }

  /** Types a line and Enter. */
  type(line: string): void {
    this.#tmux("send-keys", "-l", line);
    this.press("Enter");
  }

  /** Presses a key by tmux' name for it: `C-c`, `Enter`. */
  press(key: string): void {
    this.#tmux("send-keys", key);
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", `${columns}`, "-y", `${rows}`);
  }

  /** The screen as soon as `pattern` is on it. Rejects with the screen where that takes too long. */
  async waitFor(pattern: RegExp, patienceMs = PATIENCE_MS): Promise<string> {
    const end = performance.now() + patienceMs * slowness();
    for (;;) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      if (performance.now() > end) throw new Error(`no ${pattern} on the screen:\n${screen}`);
      await Bun.sleep(PAUSE_MS);
    }
  }

  /** Its server leaves its socket where it is. */
  [Symbol.dispose](): void {
    const socket = this.#tmux("display-message", "-p", "#{socket_path}").trim();
    this.#tmux("kill-server");
    rmSync(socket, { force: true });
  }
}
