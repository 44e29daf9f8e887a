// Why a program could not be run, in the words of runc: docker and podman tell 127 (not found) and 126
// (not executable) from the text.

import type { Step } from "../../../ffi/call.ts";
import { EACCES, EISDIR, ENOENT, ENOTDIR, EPERM, errnoMessage } from "../../../ffi/errno.ts";
import type { SyscallError } from "../../../ffi/syscall-error.ts";
import type { Results } from "../../container/launch.ts";
import { UserError } from "../../errors.ts";

const PREFIX = "unable to start container process";

/** @param errnos of the attempts, one for each folder of PATH */
export function programError(command: string, errnos: readonly number[]): UserError {
  const quoted = JSON.stringify(command);
  const told = (reason: string) =>
    new UserError(`${PREFIX}: exec: ${quoted}: ${reason}`, undefined, 1);
  for (const errno of errnos) {
    if (NOT_THERE.includes(errno) || DENIED.includes(errno)) continue;
    return new UserError(`${PREFIX}: exec ${command}: ${errnoMessage(errno)}`, undefined, 1);
  }
  if (errnos.some((errno) => DENIED.includes(errno))) return told("permission denied");
  if (!command.includes("/")) return told("executable file not found in $PATH");
  return told(`stat ${command}: ${errnoMessage(errnos[0] ?? ENOENT)}`);
}

const NOT_THERE = [ENOENT, ENOTDIR];
const DENIED = [EACCES, EPERM, EISDIR];

/** The look at the program that was taken before the gate. @throws UserError where it is nowhere */
export function refuseUnfound(command: string, steps: readonly Step[], results: Results): void {
  const errnos: number[] = [];
  let index = 0;
  for (const { calls } of steps) {
    for (const { name } of calls) {
      const result = results[index] ?? 0;
      index += 1;
      if (name !== "faccessat") continue;
      // A filter may not let it look: the start will tell.
      if (result >= 0 || -result === EPERM) return;
      errnos.push(-result);
    }
  }
  if (errnos.length > 0) throw programError(command, errnos);
}

/** What the init process met on its way. */
export function setUpError(cause: SyscallError): UserError {
  const init = `${PREFIX}: error during container init`;
  const message = cause.failure === undefined ? init : `${init}: ${cause.failure}`;
  return new UserError(message, undefined, 1, { cause });
}
