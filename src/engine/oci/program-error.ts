// Why a program could not be run, in the words of runc: docker and podman tell 127 (not found) and 126
// (not executable) from the text.

import type { Step } from "../../../ffi/call.ts";
import { AT, O, RESOLVE, S } from "../../../ffi/constants.ts";
import { EACCES, EISDIR, ENOENT, ENOTDIR, EPERM, errnoMessage } from "../../../ffi/errno.ts";
import { open, openat2 } from "../../../ffi/fcntl.ts";
import { statx } from "../../../ffi/stat.ts";
import { isSyscallError, type SyscallError } from "../../../ffi/syscall-error.ts";
import type { Results } from "../../container/launch.ts";
import { UserError } from "../../errors.ts";

const PREFIX = "unable to start container process";

/**
 * @param errnos of the attempts, one for each folder of PATH
 * @param root where the program was looked for, as the host sees it
 */
export function programError(command: string, errnos: readonly number[], root?: string): UserError {
  const quoted = JSON.stringify(command);
  const told = (reason: string) =>
    new UserError(`${PREFIX}: exec: ${quoted}: ${reason}`, undefined, 1);
  const refused = errnos.length === 1 && root !== undefined && isExecutable(root, command);
  for (const errno of errnos) {
    if (!refused && (NOT_THERE.includes(errno) || DENIED.includes(errno))) continue;
    return new UserError(`${PREFIX}: exec ${command}: ${errnoMessage(errno)}`, undefined, 1);
  }
  if (errnos.some((errno) => DENIED.includes(errno))) return told("permission denied");
  if (!command.includes("/")) return told("executable file not found in $PATH");
  return told(`stat ${command}: ${errnoMessage(errnos[0] ?? ENOENT)}`);
}

const TYPE_BITS = 0o170000;

/**
 * Whether there is such a program: then it is its interpreter that is not there.
 * @param root a folder, in which no symlink leads out; what is mounted over it is not seen
 */
export function isExecutable(root: string, command: string): boolean {
  using folder = open(root, O.O_PATH | O.O_DIRECTORY);
  try {
    const how = { flags: O.O_PATH, resolve: RESOLVE.RESOLVE_IN_ROOT };
    using file = openat2(folder.number, command, how);
    const { mode } = statx(file.number, "", AT.AT_EMPTY_PATH);
    return (mode & TYPE_BITS) === S.S_IFREG && (mode & 0o111) !== 0;
  } catch (error) {
    if (!isSyscallError(error)) throw error;
    return false;
  }
}

const NOT_THERE = [ENOENT, ENOTDIR];
const DENIED = [EACCES, EPERM, EISDIR];

/** The look at the program that was taken before the gate. @throws UserError where it is nowhere */
export function refuseUnfound(command: string, steps: readonly Step[], results: Results): void {
  const looks: number[] = [];
  let index = 0;
  for (const { calls } of steps) {
    for (const { name } of calls) {
      if (name === "faccessat") looks.push(results[index] ?? 0);
      index += 1;
    }
  }
  if (looks.length === 0) return;
  if (command === "") throw programError(command, [ENOENT]);
  const isFolder = command.includes("/") && looks.pop() === 0;
  const errnos: number[] = [];
  for (const result of looks) {
    // A filter may not let it look: the start will tell.
    if (-result === EPERM) return;
    if (result >= 0 && !isFolder) return;
    errnos.push(result < 0 ? -result : EACCES);
  }
  throw programError(command, errnos);
}

/** What the init process met on its way. */
export function setUpError(cause: SyscallError): UserError {
  const init = `${PREFIX}: error during container init`;
  const message = cause.failure === undefined ? init : `${init}: ${cause.failure}`;
  return new UserError(message, undefined, 1, { cause });
}
