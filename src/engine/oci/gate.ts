// The gate of a created container on disk: a fifo in its folder. The init process holds it open and
// reads one byte; whoever starts the container writes that byte, and takes the fifo away.

import { O } from "../../../ffi/constants.ts";
import { ENOENT, ENXIO } from "../../../ffi/errno.ts";
import { Fd } from "../../../ffi/fd.ts";
import { removeFile, tryOpenFile, writeAll } from "../../../ffi/files.ts";
import { isSyscallError, SyscallError } from "../../../ffi/syscall-error.ts";

export const GATE_FILE = "exec.fifo";

/** Whether an init process waits: the gate is there, and somebody reads it. */
export function isAtGate(folder: string): boolean {
  using gate = openGate(folder);
  return gate !== undefined;
}

/** Lets the init process go. False where none waits. */
export function passGate(folder: string): boolean {
  using gate = openGate(folder);
  if (gate === undefined) return false;
  try {
    passOpenGate(gate, folder);
    return true;
  } catch (error) {
    // Race: who has waited was killed.
    if (isSyscallError(error, "EPIPE")) return false;
    throw error;
  }
}

/** The same by an end that stays open: once the program has begun nobody reads from it (POLLERR). */
export function passOpenGate(gate: Fd, folder: string): void {
  writeAll(gate.number, "0", GATE_FILE);
  // Race: killed before this, a start has been made all the same: nobody reads the fifo any more.
  removeFile(`${folder}/${GATE_FILE}`);
}

/**
 * The gate for whoever starts the container; undefined where no init process waits.
 * Start-up: an error that nobody sees costs 0.1 ms to make.
 */
export function openGate(folder: string): Fd | undefined {
  const path = `${folder}/${GATE_FILE}`;
  const fd = tryOpenFile(path, O.O_WRONLY | O.O_NONBLOCK);
  if (fd >= 0) return new Fd(fd);
  if (fd === -ENOENT || fd === -ENXIO) return undefined;
  throw new SyscallError("open", -fd, { path });
}
