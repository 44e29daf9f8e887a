// The container's terminal: a pty of its own devpts, /dev/console, the standard streams. Pure.

import { type Call, Slot, type Step, Struct } from "../../ffi/call.ts";
import { dup3, fchownat, ioctl, moveMount, openInRoot, openTree, setsid } from "../../ffi/calls.ts";
import { AT, O, TIOCGPTPEER, TIOCSCTTY, TIOCSPTLCK, TIOCSWINSZ } from "../../ffi/constants.ts";
import { EPERM } from "../../ffi/errno.ts";
import { makeFile, openPlace } from "../../fs/safe-path.ts";
import type { ConsoleSize, User } from "../oci/spec.ts";

export interface TerminalSlots {
  /** The pty master in the init process, for the parent to fetch with pidfd_getfd(2). */
  readonly master: Slot;
  readonly slave: Slot;
}

/** Opens a pty in the container's own /dev/pts and binds it to /dev/console. */
export function planTerminal(root: Slot, slots: TerminalSlots, user: User): Step[] {
  const tree = new Slot("terminal");
  const console = new Slot("/dev/console");
  const calls: Call[] = [
    ...openTerminal(root, slots, user),
    ...makeFile(root, "/dev/console"),
    openTree(slots.slave, "", false, tree),
    openPlace(root, "/dev/console", console),
    moveMount(tree, console, { path: "/dev/console" }),
  ];
  return [{ why: "a terminal of the container's own", calls }];
}

/** Both ends of a new pty of the container's /dev/pts, the slave being the user's. */
export function openTerminal(root: Slot, slots: TerminalSlots, user: User): Call[] {
  const unlocked = new Struct(new Uint8Array(4), () => "0");
  return [
    openInRoot(root, "dev/pts/ptmx", O.O_RDWR | O.O_NOCTTY, slots.master, {
      path: "/dev/pts/ptmx",
    }),
    ioctl(slots.master, TIOCSPTLCK, unlocked),
    // Security: by descriptor; a path such as /dev/pts/0 could name something else by then.
    ioctl(slots.master, TIOCGPTPEER, O.O_RDWR | O.O_NOCTTY | O.O_CLOEXEC, { into: slots.slave }),
    fchownat(slots.slave, "", user.uid, -1, AT.AT_EMPTY_PATH, { tolerate: [EPERM] }),
  ];
}

/** struct winsize: rows, columns, and the same in pixels, which nobody knows. */
export function resizeTerminal({ master }: TerminalSlots, { height, width }: ConsoleSize): Call {
  const size = new Struct(
    new Uint8Array(new Uint16Array([height, width, 0, 0]).buffer),
    () => `${width}x${height}`,
  );
  return ioctl(master, TIOCSWINSZ, size);
}

/** Without -i: what the caller's stdin has to say is not for the container. */
export function planNullStdin(root: Slot): Step {
  const nothing = new Slot("/dev/null");
  return {
    why: "nothing to read on stdin",
    calls: [
      openInRoot(root, "dev/null", O.O_RDONLY, nothing, { path: "/dev/null" }),
      dup3(nothing, 0, 0),
    ],
  };
}

/** A session of its own; with a terminal, that controls it and is its standard streams. */
export function planSession(slots: TerminalSlots | undefined): Step[] {
  const session: Step = {
    why: "a session of its own: no signals from the caller's terminal",
    calls: [setsid({ tolerate: [EPERM] })],
  };
  if (slots === undefined) return [session];
  return [
    session,
    {
      why: "the terminal controls the session, and is stdin, stdout and stderr",
      calls: [
        ioctl(slots.slave, TIOCSCTTY, 0),
        dup3(slots.slave, 0, 0),
        dup3(slots.slave, 1, 0),
        dup3(slots.slave, 2, 0),
      ],
    },
  ];
}
