// What a guardian writes (plan-guardian.ts), for whoever reads it: the names of its files, and what is
// where in them. Start-up: apart from the plan, which readers do not need.

export const STDOUT_STREAM = 1;
export const STDERR_STREAM = 2;
/** A mark of the index: seconds, nanoseconds, offset, stream; 64 bits each, little-endian. */
export const MARK_BYTES = 32;
export const MARK_OFFSET = 16;
export const MARK_STREAM = 24;
/** The exit file: siginfo (see waitid(2)), and the time as seconds and nanoseconds. */
export const SIGINFO_BYTES = 128;
export const EXIT_BYTES = SIGINFO_BYTES + 16;

/** Where the exit file says that it has a pidfd_info instead of a siginfo, which is 0 there. */
export const ADOPTED_OFFSET = 120;
/** linux/pidfd.h: of 64 bytes, the mask comes first, the status as of wait(2) last. */
export const PIDFD_INFO_EXIT = 8;
/** In the upper half of the mask: no kernel has it, so that it stays where nothing has answered. */
export const PIDFD_INFO_UNANSWERED = 0x8000_0000;
export const PIDFD_INFO_UPPER_OFFSET = 4;
export const PIDFD_INFO_STATUS_OFFSET = 60;

/** Names in the folder of a pair. */
export const BYTES_FILE = "bytes";
export const MARKS_FILE = "marks";
/** Files whose locks keep a rotation waiting: see engine/containers/log-hold.ts. */
export const THIS_TURN = "turn.a";
export const NEXT_TURN = "turn.b";
/** Where the oldest pair goes first, to be removed. */
export const GONE = "gone";
