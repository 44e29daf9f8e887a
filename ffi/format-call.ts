// A call as a person reads it: strace's notation, flags and magic numbers by name.

import type { Channel } from "./agent/channel.ts";
import { AddressOf, type Argument, type Call, Slot, StringArray, Struct } from "./call.ts";
import {
  AT_FDCWD,
  CLONE,
  type FlagTable,
  FSCONFIG,
  formatFlags,
  formatValue,
  MNT,
  MOUNT_ATTR,
  MOVE_MOUNT,
  MS,
  O,
  OPEN_TREE,
  PR,
  RLIMIT,
  W,
} from "./constants.ts";
import type { SyscallName } from "./syscall-numbers.ts";

type ArgumentFormat = (value: number) => string;

const flags =
  (table: FlagTable): ArgumentFormat =>
  (value) =>
    formatFlags(table, value);
const value =
  (table: FlagTable): ArgumentFormat =>
  (number) =>
    formatValue(table, number);
const fd: ArgumentFormat = (number) => (number === AT_FDCWD ? "AT_FDCWD" : String(number));
const octal: ArgumentFormat = (number) => `0${number.toString(8)}`;
const hex: ArgumentFormat = (number) => `0x${(number >>> 0).toString(16)}`;
const device: ArgumentFormat = (number) =>
  number === 0 ? "0" : `makedev(${(number >> 8) & 0xfff}, ${number & 0xff})`;

/** How the numbers among a call's arguments are shown, by position; decimal where nothing is said. */
function formats(name: SyscallName): readonly (ArgumentFormat | undefined)[] {
  switch (name) {
    case "mount":
      return [, , , flags(MS)];
    case "umount2":
      return [, flags(MNT)];
    case "openat2":
      return [fd];
    case "openat":
      return [fd, , flags(O), octal];
    case "mkdirat":
    case "fchmodat":
      return [fd, , octal];
    case "mknodat":
      return [fd, , octal, device];
    case "symlinkat":
      return [, fd];
    case "fchownat":
    case "unlinkat":
      return [fd];
    case "open_tree":
      return [fd, , flags(OPEN_TREE)];
    case "move_mount":
      return [fd, , fd, , flags(MOVE_MOUNT)];
    case "fsconfig":
      return [, value(FSCONFIG)];
    case "fsmount":
      return [, , flags(MOUNT_ATTR)];
    case "mount_setattr":
      return [fd, , flags(OPEN_TREE)];
    case "clone":
    case "unshare":
      return [cloneFlags];
    case "setns":
      return [, flags(CLONE)];
    case "prctl":
      return [value(PR)];
    case "prlimit64":
      return [, value(RLIMIT)];
    case "umask":
      return [octal];
    case "waitid":
      return [, , , flags(W)];
    case "ioctl":
      return [, hex];
    case "dup3":
      return [, , flags(O)];
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

/** Beyond this many characters a string is cut in what is printed. */
const STRING_LIMIT = 120;

function formatArgument(
  argument: Argument,
  format: ArgumentFormat | undefined,
  channel?: Channel,
): string {
  if (argument === null) return "NULL";
  if (typeof argument === "number") return format ? format(argument) : String(argument);
  if (typeof argument === "string") return quote(argument);
  if (argument instanceof Slot) {
    return channel === undefined ? `<${argument.label}>` : String(channel.slotValue(argument));
  }
  if (argument instanceof AddressOf) return `&${argument.slot.label}`;
  if (argument instanceof Struct) return argument.describe();
  return formatStrings(argument);
}

// Security: an environment may hold secrets, so only the names are ever printed.
function formatStrings({ strings, secret }: StringArray): string {
  if (secret) return `[${strings.map((text) => quote(`${text.split("=", 1)[0]}=…`)).join(", ")}]`;
  return `[${strings.map(quote).join(", ")}]`;
}

function quote(text: string): string {
  return JSON.stringify(text.length > STRING_LIMIT ? `${text.slice(0, STRING_LIMIT)}…` : text);
}

/**
 * `mount("proc", "/proc", "proc", MS_NOSUID|MS_NODEV, NULL)`. With a channel, results of earlier
 * calls are shown as they were; without, as `<label>`.
 */
export function formatCall(call: Call, channel?: Channel): string {
  const argumentFormats = formats(call.name);
  const args = call.args.map((argument, i) =>
    formatArgument(argument, argumentFormats[i], channel),
  );
  return `${call.name}(${args.join(", ")})`;
}

/** The flags of a call by name, for an error message; empty where it has none worth showing. */
export function callDetail(call: Call): string {
  const argumentFormats = formats(call.name);
  const parts: string[] = [];
  call.args.forEach((argument, i) => {
    if (argument instanceof Struct) parts.push(argument.describe());
    const format = argumentFormats[i];
    if (typeof argument !== "number" || format === undefined || format === fd) return;
    const text = format(argument);
    if (text !== "0" && text !== "00") parts.push(text);
  });
  return parts.join(", ");
}
