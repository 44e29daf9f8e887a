// How the numbers among a system call's arguments are shown: flags and magic values by name.

import type { Argument, Call } from "./call.ts";
import { capabilityNames } from "./capability.ts";
import {
  AT,
  AT_FDCWD,
  CLONE,
  CLOSE_RANGE_CLOEXEC,
  type FlagTable,
  FSCONFIG,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  formatFlags,
  formatValue,
  KEYCTL_JOIN_SESSION_KEYRING,
  MAP,
  MNT,
  MOUNT_ATTR,
  MOVE_MOUNT,
  MS,
  O,
  OPEN_TREE,
  P_ALL,
  P_PID,
  P_PIDFD,
  PR,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  PROT_READ,
  PROT_WRITE,
  RLIMIT,
  S,
  SECCOMP_SET_MODE_FILTER,
  TIOCGPTPEER,
  TIOCSCTTY,
  TIOCSPGRP,
  TIOCSPTLCK,
  W,
} from "./constants.ts";
import { signalName } from "./signal.ts";
import type { SyscallName } from "./syscall-numbers.ts";

/** The text of one number. */
export type ArgumentFormat = (value: number) => string;
type Formats = readonly (ArgumentFormat | undefined)[];

const flags =
  (table: FlagTable): ArgumentFormat =>
  (value) =>
    formatFlags(table, value);
const value =
  (table: FlagTable): ArgumentFormat =>
  (number) =>
    formatValue(table, number);
/** A descriptor: what it stands for is nothing that an error message could show. */
export const fd: ArgumentFormat = (number) => (number === AT_FDCWD ? "AT_FDCWD" : String(number));
const octal: ArgumentFormat = (number) => (number === 0 ? "0" : `0${number.toString(8)}`);
const device: ArgumentFormat = (number) =>
  number === 0 ? "0" : `makedev(${(number >> 8) & 0xfff}, ${number & 0xff})`;
const signal: ArgumentFormat = (number) => (number === 0 ? "0" : signalName(number));
const capability: ArgumentFormat = (number) => capabilityNames()[number] ?? String(number);
const last: ArgumentFormat = (number) => (number === -1 ? "~0U" : String(number));

const address: ArgumentFormat = (number) => `0x${number.toString(16)}`;
const bytes: ArgumentFormat = (number) => `${number / 1024} KiB`;
const protection: ArgumentFormat = (number) => formatFlags({ PROT_READ, PROT_WRITE }, number);

const S_IFMT = 0o170000;
const fileMode: ArgumentFormat = (number) =>
  `${formatValue(S, number & S_IFMT)}|${octal(number & ~S_IFMT)}`;

// Values that only a reader needs: the plans pass them on as they are.
const FSOPEN = { FSOPEN_CLOEXEC };
const FSMOUNT = { FSMOUNT_CLOEXEC };
const CLOSE_RANGE = { CLOSE_RANGE_CLOEXEC };
const KEYCTL = { KEYCTL_JOIN_SESSION_KEYRING };
const SECCOMP = { SECCOMP_SET_MODE_FILTER };
const SECCOMP_FILTER_FLAG = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: 4,
};
const FUTEX = { FUTEX_WAIT: 0, FUTEX_WAKE: 1, FUTEX_CMP_REQUEUE: 4, FUTEX_WAKE_OP: 5 };
const IOCTL = { TIOCSCTTY, TIOCSPTLCK, TIOCGPTPEER, TIOCSPGRP, SIOCSIFFLAGS: 0x8914 };
const PID_TYPE = { P_ALL, P_PID, P_PIDFD };
const AF = { AF_UNIX: 1, AF_INET: 2 };
const SOCK = { SOCK_STREAM: 1, SOCK_DGRAM: 2, SOCK_CLOEXEC: 0o2000000 };
const SIG_HOW = { SIG_BLOCK: 0, SIG_UNBLOCK: 1, SIG_SETMASK: 2 };
const AMBIENT = { PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_CLEAR_ALL };

/** The formats of a call's arguments, by position; decimal where nothing is said. */
export function argumentFormats({ name, args }: Call): Formats {
  return name === "prctl" ? prctlFormats(args[0]) : (fileFormats(name) ?? otherFormats(name));
}

function prctlFormats(operation: Argument | undefined): Formats {
  if (operation === PR.PR_SET_PDEATHSIG) return [value(PR), signal];
  if (operation === PR.PR_CAPBSET_DROP) return [value(PR), capability];
  if (operation === PR.PR_CAP_AMBIENT) return [value(PR), value(AMBIENT), capability];
  return [value(PR)];
}

function fileFormats(name: SyscallName): Formats | undefined {
  switch (name) {
    case "openat2":
      return [fd];
    case "openat":
      return [fd, , flags(O), octal];
    case "mkdirat":
    case "fchmodat":
      return [fd, , octal];
    case "mknodat":
      return [fd, , fileMode, device];
    case "symlinkat":
      return [, fd];
    case "fchownat":
      return [fd, , , , flags(AT)];
    case "unlinkat":
      return [fd];
    case "mount":
      return [, , , flags(MS)];
    case "umount2":
      return [, flags(MNT)];
    case "open_tree":
      return [fd, , flags(OPEN_TREE)];
    case "move_mount":
      return [fd, , fd, , flags(MOVE_MOUNT)];
    case "fsopen":
      return [, flags(FSOPEN)];
    case "fsconfig":
      return [, value(FSCONFIG)];
    case "fsmount":
      return [, flags(FSMOUNT), flags(MOUNT_ATTR)];
    case "mount_setattr":
      return [fd, , flags(OPEN_TREE)];
    default:
      return undefined;
  }
}

function otherFormats(name: SyscallName): Formats {
  switch (name) {
    case "clone":
    case "unshare":
      return [cloneFlags];
    case "setns":
      return [, flags(CLONE)];
    case "prlimit64":
      return [, value(RLIMIT)];
    case "umask":
      return [octal];
    case "waitid":
      return [value(PID_TYPE), , , flags(W)];
    case "ioctl":
      return [, value(IOCTL)];
    case "dup3":
      return [, , flags(O)];
    case "close_range":
      return [, last, flags(CLOSE_RANGE)];
    case "keyctl":
      return [value(KEYCTL)];
    case "seccomp":
      return [value(SECCOMP), flags(SECCOMP_FILTER_FLAG)];
    case "futex":
      return [, value(FUTEX)];
    case "socket":
      return [value(AF), flags(SOCK)];
    case "mmap":
      return [address, bytes, protection, flags(MAP)];
    case "munmap":
      return [address, bytes];
    case "rt_sigprocmask":
      return [value(SIG_HOW)];
    default:
      return [];
  }
}

const SIGCHLD = 17;
/** clone's flags carry the signal for the parent in their low byte. */
function cloneFlags(number: number): string {
  const names = formatFlags(CLONE, number & ~0x7f);
  return (number & 0x7f) === SIGCHLD ? `${names}|SIGCHLD`.replace(/^0\|/, "") : names;
}
