// A picture that fills the terminal and is drawn anew as time goes by: the alternate screen, keys as they
// are pressed, the size of the window as it changes. However it is left, the terminal is as it was. One
// thread and one poll(2), as where a container's terminal is shown (engine/terminal-pump.ts).
import { poll, POLL } from "../../../ffi/poll.ts";
import { kill } from "../../../ffi/signal.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import {
  getWindowSize,
  isTerminal,
  makeRaw,
  TCSADRAIN,
  tcgetattr,
  tcsetattr,
  withOutputModes,
} from "../../../ffi/termios.ts";
import { write } from "../../../ffi/unistd.ts";
import { wakeOnSignal } from "../../../ffi/wake-on-signal.ts";
import { readSome } from "../../engine/conveyor.ts";
import { parseKeys } from "./keys.ts";
import type { Abilities } from "./place.ts";
import { formatLine, type Line } from "./text.ts";

/** What is shown. */
export interface Picture {
  /** Looks at the world; false where there is nothing more to be seen. Called each interval. */
  refresh(): boolean;
  draw(columns: number, rows: number): readonly Line[];
  /** Whether it is a key of the picture's own. */
  press(key: string): boolean;
}

const STDIN = 0;
const STDOUT = 1;
const SIGHUP = 1;
const SIGINT = 2;
const SIGQUIT = 3;
const SIGTERM = 15;
const SIGCONT = 18;
const SIGTSTP = 20;
const SIGWINCH = 28;
const ENDING = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

// The alternate screen, no cursor, no new line at the right edge; and back, in the other order.
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l";
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAN_LINE = "\u001b[2K";
const REST_OF_SCREEN = "\u001b[J";

/** The first percentages need two looks: they come sooner than the next ones. */
const FIRST_MS = 300;
const STOP_MS = 200;
/** A window whose size nobody has set. */
const USUAL = { columns: 80, rows: 24 };

/** Shows a picture until it is left. Returns the exit code: 0, or 128 + the signal that ended it. */
export function showPicture(picture: Picture, abilities: Abilities, intervalMs: number): number {
  if (!picture.refresh()) return 0;
  using screen = new Screen(picture, abilities);
  return screen.show(intervalMs);
}

class Screen implements Disposable {
  readonly #hasKeys = isTerminal(STDIN);
  readonly #modes = this.#hasKeys ? tcgetattr(STDIN) : undefined;
  // Order: the signals first, so that none can end this process while the terminal is not as it was.
  readonly #signals = [...ENDING, SIGWINCH, SIGCONT].map((number) => ({
    number,
    wake: wakeOnSignal(number),
  }));
  readonly #buffer = new Uint8Array(1024);
  #isShown = false;

  constructor(
    private readonly picture: Picture,
    private readonly abilities: Abilities,
  ) {
    this.#enter();
  }

  show(intervalMs: number): number {
    let due = performance.now() + Math.min(FIRST_MS, intervalMs);
    for (;;) {
      this.#draw();
      const ended = this.#wait(Math.max(0, due - performance.now()));
      if (ended !== undefined) return ended;
      if (performance.now() < due) continue;
      if (!this.picture.refresh()) return 0;
      due = performance.now() + intervalMs;
    }
  }

  /** The exit code where a key or a signal ends it. */
  #wait(timeoutMs: number): number | undefined {
    const requests = [
      { fd: this.#hasKeys ? STDIN : -1, events: POLL.POLLIN },
      ...this.#signals.map(({ wake }) => ({ fd: wake.number, events: POLL.POLLIN })),
    ];
    const [typed = 0, ...came] = poll(requests, Math.ceil(timeoutMs));
    for (const [index, { number, wake }] of this.#signals.entries()) {
      if (came[index] === 0) continue;
      readSome(wake.number, this.#buffer);
      if (ENDING.includes(number)) return 128 + number;
      // Whoever stopped us has used the terminal meanwhile.
      if (number === SIGCONT) this.#enter();
    }
    return typed === 0 ? undefined : this.#takeKeys();
  }

  #takeKeys(): number | undefined {
    const length = readSome(STDIN, this.#buffer) ?? 0;
    // The window was closed.
    if (length === 0) return 128 + SIGHUP;
    for (const key of parseKeys(this.#buffer.subarray(0, length))) {
      if (this.picture.press(key)) continue;
      if (key === "q" || key === "ctrl-c" || key === "ctrl-d") return 0;
      if (key === "ctrl-z") this.#suspend();
    }
    return undefined;
  }

  /**
   * As a program among a shell's jobs: all of the job stops, and goes on with `fg`.
   * Kernel: where there is no such shell nothing stops; where another thread takes the signal, soon.
   */
  #suspend(): void {
    this.#leave();
    kill(0, SIGTSTP);
    const goOn = this.#signals.find(({ number }) => number === SIGCONT);
    poll([{ fd: goOn?.wake.number ?? -1, events: POLL.POLLIN }], STOP_MS);
    this.#enter();
  }

  #enter(): void {
    if (this.#modes !== undefined) {
      tcsetattr(STDIN, TCSADRAIN, withOutputModes(makeRaw(this.#modes), this.#modes));
    }
    this.#isShown = true;
    this.#write(ENTER);
  }

  #leave(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#write(LEAVE);
    try {
      if (this.#modes !== undefined) tcsetattr(STDIN, TCSADRAIN, this.#modes);
    } catch (error) {
      // Kernel: a terminal whose window was closed answers everything with EIO.
      if (!isSyscallError(error, "EIO")) throw error;
    }
  }

  #draw(): void {
    const size = getWindowSize(STDOUT);
    const { columns, rows } = size.columns * size.rows === 0 ? USUAL : size;
    const lines = this.picture.draw(columns, rows).slice(0, rows);
    const texts = lines.map((line) => formatLine(line, columns, this.abilities.hasColour));
    // Order: cleaned before it is written: behind a full line the cursor stands on its last character.
    const whole = texts.map((text) => CLEAN_LINE + text).join("\r\n");
    const isFull = texts.length >= rows;
    this.#write(HOME + whole + (isFull ? "" : `\r\n${REST_OF_SCREEN}`));
  }

  #write(text: string): void {
    let bytes: Uint8Array = new TextEncoder().encode(text);
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(write(STDOUT, bytes));
      } catch (error) {
        if (isSyscallError(error, "EIO")) return;
        if (!isSyscallError(error, "EAGAIN")) throw error;
        poll([{ fd: STDOUT, events: POLL.POLLOUT }], -1);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#leave();
  }
}
