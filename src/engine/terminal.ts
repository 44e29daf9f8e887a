// The caller's terminal while a container's terminal is shown in it: raw mode, window size, and all
// as it was before in the end. What goes to and fro is in terminal-pump.ts.

import { F, fcntl } from "../../ffi/fcntl.ts";
import { O } from "../../ffi/constants.ts";
import type { Fd } from "../../ffi/fd.ts";
import { openFile } from "../../ffi/files.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import {
  getWindowSize,
  isTerminal,
  makeRaw,
  setWindowSize,
  TCSADRAIN,
  tcgetattr,
  tcsetattr,
  type TerminalModes,
  type WindowSize,
  withOutputModes,
  withoutCarriageReturns,
} from "../../ffi/termios.ts";
import { wakeOnSignal } from "../../ffi/wake-on-signal.ts";
import { UserError } from "../errors.ts";
import type { KeyFilter } from "./conveyor.ts";
import { pumpTerminal } from "./terminal-pump.ts";

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
const SIGWINCH = 28;

/** Refuses `-it` where nobody can type. @throws UserError in docker's words, with its exit code */
export function requireTerminal(): void {
  if (isTerminal(STDIN)) return;
  const hint = "leave out -t, or start bunker in a terminal";
  throw new UserError("the input device is not a TTY", hint, 1);
}

/** The caller's terminal and the container's, joined until the end of the scope. */
export interface JoinedTerminal extends Disposable {
  /**
   * Carries bytes both ways until process `pid`, a child, has ended and all was shown; true where the
   * caller has typed `keys`. Blocks.
   */
  pump(pid: number, keys?: KeyFilter): boolean;
  /** Readable when the caller's terminal has another size; reading never blocks. */
  readonly resized: Fd;
  /** Gives the container's terminal the size of the caller's. */
  readonly copySize: () => void;
}

export interface JoinOptions {
  /** The caller's keys go to the container. */
  readonly interactive: boolean;
  /**
   * A newline of the container's stays one, and it is the caller's terminal that goes to the next
   * line: as runc has it, whose output into a file has no carriage returns.
   */
  readonly callersNewlines?: boolean;
  /** Is told each size that the container's terminal gets. */
  readonly onSize?: (size: WindowSize) => void;
}

/**
 * Gives the container's terminal the size of the caller's, from now on, and with `interactive` its
 * keys. @param master is the result's to close
 *
 * Order: after signals are passed on, so that none can end this process while the terminal is raw;
 * before the container is started, as its program asks for the size at once.
 */
export function joinTerminal(
  master: Fd,
  { interactive, callersNewlines = false, onSize }: JoinOptions,
): JoinedTerminal {
  fcntl(master.number, F.F_SETFL, O.O_RDWR | O.O_NONBLOCK);
  // Order: first the signal, then the size: a change in between is not missed.
  const resized = wakeOnSignal(SIGWINCH);
  const copySize = sizeCopier(master, onSize);
  copySize();
  const host = interactive ? findTerminal() : undefined;
  if (callersNewlines) keepNewlines(master.number);
  let modes = host === undefined ? undefined : enterRawMode(host, callersNewlines);
  return {
    resized,
    copySize,
    pump(pid, keys) {
      const keyboard = interactive ? STDIN : undefined;
      const ends = { pid, master, keyboard, screen: STDOUT, resized, copySize };
      return pumpTerminal(keys === undefined ? ends : { ...ends, keys });
    },
    [Symbol.dispose]() {
      if (host !== undefined && modes !== undefined) {
        const before = modes;
        modes = undefined;
        unlessClosed(() => tcsetattr(host, TCSADRAIN, before));
      }
      master[Symbol.dispose]();
    },
  };
}

/** The caller's terminal, also where its streams are redirected; undefined where it has none. */
function findTerminal(): number | undefined {
  for (const fd of [STDIN, STDERR, STDOUT]) if (isTerminal(fd)) return fd;
  try {
    // It is open as long as this process, whose terminal it is.
    return openFile("/dev/tty", O.O_RDWR);
  } catch (error) {
    if (!isSyscallError(error)) throw error;
    return undefined;
  }
}

/** Nothing to copy where none of the three streams is a terminal. */
function sizeCopier(master: Fd, onSize: JoinOptions["onSize"]): () => void {
  for (const fd of [STDOUT, STDIN, STDERR]) {
    if (isTerminal(fd)) {
      return () =>
        unlessClosed(() => {
          const size = getWindowSize(fd);
          setWindowSize(master.number, size);
          onSize?.(size);
        });
    }
  }
  return () => {};
}

/** The modes that were before. What was typed ahead is kept: it is the container's. */
function enterRawMode(fd: number, writesNewlines: boolean): TerminalModes {
  const modes = tcgetattr(fd);
  const raw = makeRaw(modes);
  tcsetattr(fd, TCSADRAIN, writesNewlines ? withOutputModes(raw, modes) : raw);
  return modes;
}

/** Kernel: the master's modes are the slave's. */
function keepNewlines(master: number): void {
  tcsetattr(master, TCSADRAIN, withoutCarriageReturns(tcgetattr(master)));
}

/** Kernel: a terminal whose window was closed answers everything with EIO; nobody is there to see. */
function unlessClosed(perform: () => void): void {
  try {
    perform();
  } catch (error) {
    if (!isSyscallError(error, "EIO")) throw error;
  }
}
