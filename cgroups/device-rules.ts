// The device rules of config.json, reduced to what both kernels' mechanisms can express: a default
// and the exceptions from it. A later rule wins over an earlier one.

import { refuse } from "./refusal.ts";
import type { DeviceRule } from "./resources.ts";

export const ACCESS_MKNOD = 1;
export const ACCESS_READ = 2;
export const ACCESS_WRITE = 4;
const ACCESS_ALL = 7;

/** Devices that differ from the policy's default; null stands for every number. */
export interface DeviceException {
  readonly type: "c" | "b";
  readonly major: number | null;
  readonly minor: number | null;
  /** ACCESS_* bits. */
  readonly access: number;
}

/**
 * Where the default is to deny, a request is allowed that one exception covers whole; where it is
 * to allow, a request is denied that an exception touches. That is how the kernel's own devices
 * controller decides.
 */
export interface DevicePolicy {
  readonly defaultAllow: boolean;
  readonly exceptions: readonly DeviceException[];
}

/** What containers get besides their own devices: mknod of anything, and the harmless nodes. */
export function defaultDeviceRules(): DeviceRule[] {
  const rules: DeviceRule[] = [
    { allow: true, type: "c", access: "m" },
    { allow: true, type: "b", access: "m" },
    // The pseudo-terminals, whatever their number.
    { allow: true, type: "c", major: 136, access: "rwm" },
  ];
  // null, zero, full, random, urandom; tty, ptmx.
  for (const minor of [3, 5, 7, 8, 9]) rules.push(characterDevice(1, minor));
  rules.push(characterDevice(5, 0), characterDevice(5, 2));
  return rules;
}

function characterDevice(major: number, minor: number): DeviceRule {
  return { allow: true, type: "c", major, minor, access: "rwm" };
}

/**
 * The policy that `rules`, applied in order to "deny everything", leave. Throws UserError for a
 * rule that takes a part out of a wider one, which a default with exceptions cannot express.
 */
export function devicePolicy(rules: readonly DeviceRule[]): DevicePolicy {
  let defaultAllow = false;
  let exceptions: DeviceException[] = [];
  for (const rule of rules) {
    const parts = parseRule(rule);
    if (coversEverything(parts)) {
      defaultAllow = rule.allow;
      exceptions = [];
      continue;
    }
    for (const part of parts) {
      if (rule.allow === defaultAllow) exceptions = subtract(exceptions, part);
      else add(exceptions, part);
    }
  }
  return { defaultAllow, exceptions };
}

/** A rule for both types becomes two. */
function parseRule(rule: DeviceRule): DeviceException[] {
  const type = rule.type ?? "a";
  const access = parseAccess(rule.access ?? "rwm");
  const major = parseNumber(rule.major, "major");
  const minor = parseNumber(rule.minor, "minor");
  if (type !== "a") return [{ type, major, minor, access }];
  return [
    { type: "c", major, minor, access },
    { type: "b", major, minor, access },
  ];
}

function parseAccess(text: string): number {
  let access = 0;
  for (const letter of text) {
    if (letter === "r") access |= ACCESS_READ;
    else if (letter === "w") access |= ACCESS_WRITE;
    else if (letter === "m") access |= ACCESS_MKNOD;
    else refuse(`device access must be made of r, w and m: got "${text}"`);
  }
  return access === 0 ? ACCESS_ALL : access;
}

function parseNumber(value: number | undefined, what: string): number | null {
  if (value === undefined || value < 0) return null;
  if (Number.isInteger(value) && value < 2 ** 32) return value;
  return refuse(`device ${what} must be an integer of 32 bits: got ${value}`);
}

/** Only a rule for both types does, and its two parts differ in nothing else. */
function coversEverything([part, other]: readonly DeviceException[]): boolean {
  if (part === undefined || other === undefined) return false;
  return part.major === null && part.minor === null && part.access === ACCESS_ALL;
}

function add(exceptions: DeviceException[], part: DeviceException): void {
  for (let i = 0; i < exceptions.length; i++) {
    const exception = exceptions[i];
    if (exception === undefined || !sameDevices(exception, part)) continue;
    exceptions[i] = { ...exception, access: exception.access | part.access };
    return;
  }
  exceptions.push(part);
}

function subtract(
  exceptions: readonly DeviceException[],
  part: DeviceException,
): DeviceException[] {
  const left: DeviceException[] = [];
  for (const exception of exceptions) {
    // Security: to leave a wider exception as it is would silently grant what was taken away.
    if (overlaps(exception, part) && !covers(part, exception)) refusePartial(exception, part);
    const taken = overlaps(exception, part) ? part.access : 0;
    const access = exception.access & ~taken;
    if (access !== 0) left.push({ ...exception, access });
  }
  return left;
}

function sameDevices(a: DeviceException, b: DeviceException): boolean {
  return a.type === b.type && a.major === b.major && a.minor === b.minor;
}

function overlaps(a: DeviceException, b: DeviceException): boolean {
  if (a.type !== b.type || (a.access & b.access) === 0) return false;
  return meets(a.major, b.major) && meets(a.minor, b.minor);
}

function meets(a: number | null, b: number | null): boolean {
  return a === null || b === null || a === b;
}

/** Whether every device of `narrow` (of the same type) is one of `wide`. */
function covers(wide: DeviceException, narrow: DeviceException): boolean {
  const major = wide.major === null || wide.major === narrow.major;
  return major && (wide.minor === null || wide.minor === narrow.minor);
}

function refusePartial(wide: DeviceException, part: DeviceException): never {
  return refuse(
    `device rule "${formatException(part)}" takes a part out of "${formatException(wide)}", ` +
      "which cgroups cannot express",
    "name the devices in the earlier rule one by one, or leave the later rule out",
  );
}

/** `c 1:3 rwm`, `b 8:* r`: as the devices controller reads and shows it. */
export function formatException({ type, major, minor, access }: DeviceException): string {
  const letters =
    (access & ACCESS_READ ? "r" : "") +
    (access & ACCESS_WRITE ? "w" : "") +
    (access & ACCESS_MKNOD ? "m" : "");
  return `${type} ${major ?? "*"}:${minor ?? "*"} ${letters}`;
}
