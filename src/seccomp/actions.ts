// What a filter can answer, as the kernel's 32-bit value: the action in the upper half, its data
// (an errno, a tracer's message) in the lower. Kernel: include/uapi/linux/seccomp.h.
import { UserError } from "../errors.ts";

export const SECCOMP_RET_KILL_PROCESS = 0x8000_0000;
export const SECCOMP_RET_KILL_THREAD = 0;
export const SECCOMP_RET_TRAP = 0x0003_0000;
export const SECCOMP_RET_ERRNO = 0x0005_0000;
export const SECCOMP_RET_USER_NOTIF = 0x7fc0_0000;
export const SECCOMP_RET_TRACE = 0x7ff0_0000;
export const SECCOMP_RET_LOG = 0x7ffc_0000;
export const SECCOMP_RET_ALLOW = 0x7fff_0000;

const EPERM = 1;
const ENOSYS = 38;

/** What a system call gets that is newer than the profile: the C library then tries an older one. */
export const RETURN_ENOSYS = SECCOMP_RET_ERRNO + ENOSYS;

/** The actions of the OCI runtime specification; SCMP_ACT_KILL is the older name of KILL_THREAD. */
export const ACTIONS: { readonly [name: string]: number } = {
  SCMP_ACT_KILL: SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_KILL_PROCESS: SECCOMP_RET_KILL_PROCESS,
  SCMP_ACT_KILL_THREAD: SECCOMP_RET_KILL_THREAD,
  SCMP_ACT_TRAP: SECCOMP_RET_TRAP,
  SCMP_ACT_ERRNO: SECCOMP_RET_ERRNO,
  SCMP_ACT_TRACE: SECCOMP_RET_TRACE,
  SCMP_ACT_ALLOW: SECCOMP_RET_ALLOW,
  SCMP_ACT_LOG: SECCOMP_RET_LOG,
  SCMP_ACT_NOTIFY: SECCOMP_RET_USER_NOTIF,
};

/**
 * The kernel's value of an action.
 * @param path where the action stands, for the message
 * @param errnoPath where `errnoRet` stands
 * @throws UserError for an unknown action, and for an errno that the action cannot carry
 */
export function parseAction(
  name: string,
  errnoRet: number | undefined,
  path: string,
  errnoPath: string,
): number {
  const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
  if (action === undefined) throw new UserError(`${path}: unknown action: "${name}"`);
  const carriesData = action === SECCOMP_RET_ERRNO || action === SECCOMP_RET_TRACE;
  if (errnoRet === undefined) return carriesData ? action + EPERM : action;
  if (!carriesData) throw new UserError(`${errnoPath}: ${name} has no errno: got ${errnoRet}`);
  if (!Number.isInteger(errnoRet) || errnoRet < 0 || errnoRet > 0xffff) {
    throw new UserError(`${errnoPath}: must be between 0 and 65535: got ${errnoRet}`);
  }
  return action + errnoRet;
}

/** An action's value for people: `ALLOW`, `ERRNO(38)`. */
export function formatAction(value: number): string {
  const action = (value & 0xffff_0000) >>> 0;
  for (const name in ACTIONS) {
    if (name === "SCMP_ACT_KILL" || ACTIONS[name] !== action) continue;
    const word = name.slice("SCMP_ACT_".length);
    return word === "ERRNO" || word === "TRACE" ? `${word}(${value & 0xffff})` : word;
  }
  return `0x${value.toString(16)}`;
}
