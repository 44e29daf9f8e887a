// Descriptors for whoever called us: the container's terminal for --console-socket, its init process
// for --pidfd-socket. Each goes as one message with one descriptor. unix(7), SCM_RIGHTS

import { Fd } from "../../../ffi/fd.ts";
import { pidfd_open } from "../../../ffi/signal.ts";
import { connect, sendmsg, SOCK, socket } from "../../../ffi/socket.ts";
import { setWindowSize } from "../../../ffi/termios.ts";
import { UserError } from "../../errors.ts";
import type { ConsoleSize } from "../../oci/spec.ts";

/** Gives the terminal the size that config.json asks for. */
export function prepareTerminal(master: Fd, size: ConsoleSize | undefined): void {
  if (size === undefined || size.height === 0 || size.width === 0) return;
  setWindowSize(master.number, { rows: size.height, columns: size.width });
}

/** The message's text is the name that runc gives a terminal. */
export function sendTerminal(master: Fd, socketPath: string): void {
  send(master, "/dev/ptmx", socketPath, "console socket");
}

export function sendPidfd(pid: number, socketPath: string): void {
  using pidfd = pidfd_open(pid);
  send(pidfd, "pidfd", socketPath, "pidfd socket");
}

function send(fd: Fd, text: string, socketPath: string, what: string): void {
  try {
    using connection = socket(SOCK.SOCK_STREAM);
    connect(connection.number, socketPath);
    sendmsg(connection.number, new TextEncoder().encode(text), [fd.number]);
  } catch (cause) {
    throw new UserError(`cannot send to the ${what} "${socketPath}"`, undefined, 1, { cause });
  }
}
