// Calls that say who a process is and what it may do, as values. Nothing happens here: see ../call.ts.

import { type Argument, type Call, Struct } from "../call.ts";
import {
  KEYCTL_JOIN_SESSION_KEYRING,
  PR,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  SECCOMP_SET_MODE_FILTER,
} from "../constants.ts";
import { call, words, type CallOptions } from "./make.ts";

/** prctl(2) */
export const prctl = (operation: number, argument: Argument, options?: CallOptions): Call =>
  call("prctl", [operation, argument, 0, 0, 0], options);

/** prctl(PR_CAP_AMBIENT, …) */
export const ambientClear = (): Call =>
  call("prctl", [PR.PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0]);
export const ambientRaise = (capability: number): Call =>
  call("prctl", [PR.PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0]);

const CAPABILITY_VERSION_3 = 0x20080522;

/** A set of capabilities: the low and the high half of its 64 bits. */
export interface CapabilityBits {
  readonly low: number;
  readonly high: number;
}

/** capset(2) of this process. */
export function capset(
  effective: CapabilityBits,
  permitted: CapabilityBits,
  inheritable: CapabilityBits,
): Call {
  const header = words([CAPABILITY_VERSION_3, 0], () => "{_LINUX_CAPABILITY_VERSION_3, 0}");
  const hex = ({ low, high }: CapabilityBits) =>
    `0x${(high >>> 0).toString(16)}${(low >>> 0).toString(16).padStart(8, "0")}`;
  const data = words(
    [
      effective.low,
      permitted.low,
      inheritable.low,
      effective.high,
      permitted.high,
      inheritable.high,
    ],
    () =>
      `{effective=${hex(effective)}, permitted=${hex(permitted)}, inheritable=${hex(inheritable)}}`,
  );
  return call("capset", [header, data]);
}

/** setgroups(2) */
export function setgroups(groups: readonly number[], options?: CallOptions): Call {
  const list = words(groups.length === 0 ? [0] : groups, () => `[${groups.join(", ")}]`);
  return call("setgroups", [groups.length, list], options);
}

/** setresuid(2) and setresgid(2) with one id for all three. */
export const setresuid = (uid: number): Call => call("setresuid", [uid | 0, uid | 0, uid | 0]);
export const setresgid = (gid: number): Call => call("setresgid", [gid | 0, gid | 0, gid | 0]);

/** prlimit(2) of this process. Infinity is RLIM_INFINITY. */
export function setrlimit(
  resource: number,
  name: string,
  soft: number,
  hard: number,
  options?: CallOptions,
): Call {
  const show = (limit: number) => (limit === Infinity ? "RLIM_INFINITY" : String(limit));
  const limits = words(
    [lowWord(soft), highWord(soft), lowWord(hard), highWord(hard)],
    () => `{soft=${show(soft)}, hard=${show(hard)}}`,
  );
  return call("prlimit64", [0, resource, limits, null], {
    path: `${name}=${show(soft)}:${show(hard)}`,
    ...options,
  });
}

const lowWord = (limit: number): number => (limit === Infinity ? -1 : limit | 0);
const highWord = (limit: number): number => (limit === Infinity ? -1 : (limit / 2 ** 32) | 0);

/** keyctl(KEYCTL_JOIN_SESSION_KEYRING) */
export const joinSessionKeyring = (name: string, options?: CallOptions): Call =>
  call("keyctl", [KEYCTL_JOIN_SESSION_KEYRING, name], options);

/** seccomp(SECCOMP_SET_MODE_FILTER) of a compiled program. */
export function seccompFilter(program: Uint8Array, flags: number, options?: CallOptions): Call {
  const instructions = program.length / 8;
  const description = new Uint8Array(new Int32Array([instructions, 0, 0, 0]).buffer);
  const filter = new Struct(description, () => `{${instructions} BPF instructions}`, [
    { offset: 8, to: program },
  ]);
  return call("seccomp", [SECCOMP_SET_MODE_FILTER, flags, filter], options);
}
