// termios.h and ioctl_tty(2): raw mode, window size, and pairs of pseudo-terminals.

import { O, TIOCGPTPEER, TIOCGWINSZ, TIOCSCTTY, TIOCSPTLCK, TIOCSWINSZ } from "./constants.ts";
import { open } from "./fcntl.ts";
import { Fd } from "./fd.ts";
import { ioctl } from "./ioctl.ts";
import { bytesAddress, check, library, scratch } from "./library.ts";
import { TERMIOS, WINSIZE } from "./struct-tables.ts";
import { structReader, writeStruct } from "./structs.ts";

const termiosH = library({
  tcgetattr: ["i32", "i32", "pointer"],
  tcsetattr: ["i32", "i32", "i32", "pointer"],
  cfmakeraw: ["void", "pointer"],
});

/** When tcsetattr takes effect. */
export const TCSANOW = 0;
export const TCSADRAIN = 1;
export const TCSAFLUSH = 2;

/** Bits of `c_lflag`. */
export const ISIG = 0o1;
export const ICANON = 0o2;
export const ECHO = 0o10;

/** A terminal's modes, to be kept and put back: a `struct termios`. */
export type TerminalModes = Uint8Array;

/** The modes of the terminal at `fd`. tcgetattr(3); ENOTTY where it is none. */
export function tcgetattr(fd: number): TerminalModes {
  const modes = scratch(TERMIOS.byteLength);
  check(termiosH().tcgetattr(fd, modes.address), "tcgetattr", { detail: `fd ${fd}` });
  return modes.bytes.slice();
}

/** Whether a terminal is at `fd`. */
export const isTerminal = (fd: number): boolean =>
  termiosH().tcgetattr(fd, scratch(TERMIOS.byteLength).address) === 0;

/** Gives the terminal its modes. tcsetattr(3); EINTR from a background job that is refused. */
export function tcsetattr(fd: number, when: number, modes: TerminalModes): void {
  const address = bytesAddress(modes);
  check(termiosH().tcsetattr(fd, when, address), "tcsetattr", { detail: `fd ${fd}` });
}

/** `modes` as raw mode has them: no echo, no lines, no signals, bytes as they come. cfmakeraw(3) */
export function makeRaw(modes: TerminalModes): TerminalModes {
  const raw = modes.slice();
  termiosH().cfmakeraw(bytesAddress(raw));
  return raw;
}

/** The bits of `c_lflag`: ICANON, ECHO, ISIG … */
export function localModes(modes: TerminalModes): number {
  return structReader(TERMIOS, modes)("c_lflag");
}

/** A terminal's size in characters. */
/** `modes` with the treatment of output that `other` has. */
export function withOutputModes(modes: TerminalModes, other: TerminalModes): TerminalModes {
  const mixed = modes.slice();
  writeStruct(TERMIOS, mixed, { c_oflag: structReader(TERMIOS, other)("c_oflag") });
  return mixed;
}

const ONLCR = 0o4;

/** `modes` where a newline is written as it is. termios(3), ONLCR */
export function withoutCarriageReturns(modes: TerminalModes): TerminalModes {
  const changed = modes.slice();
  const flags = structReader(TERMIOS, modes)("c_oflag");
  writeStruct(TERMIOS, changed, { c_oflag: flags & ~ONLCR });
  return changed;
}

export interface WindowSize {
  readonly rows: number;
  readonly columns: number;
}

/** The size of the terminal at `fd`; 0 by 0 where nobody set it. ENOTTY where it is none. */
export function getWindowSize(fd: number): WindowSize {
  const size = scratch(WINSIZE.byteLength);
  ioctl(fd, TIOCGWINSZ, size.address, { detail: "TIOCGWINSZ" });
  const read = structReader(WINSIZE, size.bytes);
  return { rows: read("ws_row"), columns: read("ws_col") };
}

/** Sets the size; the terminal's foreground processes get SIGWINCH. */
export function setWindowSize(fd: number, { rows, columns }: WindowSize): void {
  const size = scratch(WINSIZE.byteLength);
  writeStruct(WINSIZE, size.bytes, { ws_row: rows, ws_col: columns });
  ioctl(fd, TIOCSWINSZ, size.address, { detail: `TIOCSWINSZ, ${rows}x${columns}` });
}

/** Makes the terminal at `fd` the controlling one of this session, which must have none. */
export function setControllingTerminal(fd: number): void {
  ioctl(fd, TIOCSCTTY, 0, { detail: "TIOCSCTTY" });
}

/** Both ends of a new pseudo-terminal. */
export interface PseudoTerminal {
  readonly master: Fd;
  readonly slave: Fd;
}

/**
 * A new pseudo-terminal of the devpts that `ptmxPath` belongs to.
 * Security: the slave is opened through the master (TIOCGPTPEER, 4.13), never by its name, so
 * nobody who owns the folder can put another file there.
 */
export function openPseudoTerminal(ptmxPath = "/dev/ptmx"): PseudoTerminal {
  const master = open(ptmxPath, O.O_RDWR | O.O_NOCTTY);
  try {
    unlockSlave(master.number);
    const flags = O.O_RDWR | O.O_NOCTTY | O.O_CLOEXEC;
    const slave = ioctl(master.number, TIOCGPTPEER, flags, { detail: "TIOCGPTPEER" });
    return { master, slave: new Fd(slave) };
  } catch (error) {
    master[Symbol.dispose]();
    throw error;
  }
}

/** A slave can't be opened before its master was unlocked. unlockpt(3) */
export function unlockSlave(master: number): void {
  ioctl(master, TIOCSPTLCK, scratch(4).address, { detail: "TIOCSPTLCK" });
}
