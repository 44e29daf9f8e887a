// A signal as something that poll(2) can wait for, without JavaScript: a handler of a few
// instructions writes a byte to a pipe. (What signalfd(2) is for, but that needs the signal to be
// blocked in every thread, and the engine's own threads block none.)

import { O } from "./constants.ts";
import type { Fd } from "./fd.ts";
import { handleSignals } from "./signal-handler.ts";
import { pipe2 } from "./unistd.ts";
import { CODE_ARM64, CODE_X64, FD_OFFSET } from "./wake-on-signal-code.ts";

/**
 * The end of a pipe that becomes readable when `signal` comes; reading never blocks (EAGAIN). To be
 * kept open: the handler stays until the process ends.
 */
export function wakeOnSignal(signal: number): Fd {
  // A pipe that is full of wake-ups takes no more, and needs none.
  const { read, write } = pipe2(O.O_CLOEXEC | O.O_NONBLOCK);
  const isArm = process.arch === "arm64";
  const code = isArm ? CODE_ARM64 : CODE_X64;
  const fdOffset = isArm ? FD_OFFSET.arm64 : FD_OFFSET.x64;
  handleSignals([signal], { code, fdOffset }, write.release());
  return read;
}
