// linux/keyctl.h: the kernel's keyrings, which no namespace separates.

import { KEYCTL_JOIN_SESSION_KEYRING } from "./constants.ts";
import { cString, scratch } from "./library.ts";
import { syscall } from "./syscall.ts";

const KEYCTL_GET_KEYRING_ID = 0;
const KEYCTL_DESCRIBE = 6;
export const KEY_SPEC_SESSION_KEYRING = -3;

/** What the operation answers. keyctl(2) */
export function keyctl(operation: number, a = 0, b = 0, c = 0, d = 0): number {
  return syscall("keyctl", [operation, a, b, c, d], { detail: `operation ${operation}` });
}

/** The serial number of the new session keyring that this process joined; EDQUOT for too many. */
export function joinSessionKeyring(name: string | null): number {
  return keyctl(KEYCTL_JOIN_SESSION_KEYRING, cString(name));
}

/** The serial number of a special keyring of this process; ENOKEY where it has none. */
export function getKeyringId(special: number): number {
  return keyctl(KEYCTL_GET_KEYRING_ID, special, 0);
}

/** `keyring;uid;gid;permissions;name` of key `serial`. */
export function describeKey(serial: number): string {
  const text = scratch(4096);
  const length = keyctl(KEYCTL_DESCRIBE, serial, text.address, text.bytes.length);
  return new TextDecoder().decode(text.bytes.subarray(0, length - 1));
}
