// Which capabilities a container has: docker's fourteen, what was added, without what was dropped.
// man 7 capabilities.

import { UserError } from "../errors.ts";
import type { SecurityOptions } from "./run-options.ts";

/** docker's default set, in its order. */
export const DEFAULT_CAPABILITIES: readonly string[] = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

// In the order of their numbers, CAP_CHOWN being 0; the last came with Linux 5.9.
const NAMES =
  "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE " +
  "NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT " +
  "SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE " +
  "AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ " +
  "PERFMON BPF CHECKPOINT_RESTORE";

/** The names of all capabilities; the place of each is its number. */
export function listCapabilities(): string[] {
  return NAMES.split(" ").map((name) => `CAP_${name}`);
}

/**
 * The capabilities of a container.
 * @param ours those that can be given away; of the defaults and of ALL the others are left out
 * @throws UserError for a name that is none, and for one that was asked for and cannot be given
 */
export function makeCapabilities(
  security: SecurityOptions,
  ours: readonly string[],
): readonly string[] {
  if (security.privileged) return ours;
  const { capAdd, capDrop } = security;
  if (capAdd.length === 0 && capDrop.length === 0) return keepOurs(DEFAULT_CAPABILITIES, ours);
  return tweak(normalize(capAdd, "CapAdd"), normalize(capDrop, "CapDrop"), ours);
}

function tweak(
  added: readonly string[],
  dropped: readonly string[],
  ours: readonly string[],
): string[] {
  if (added.includes("ALL")) return ours.filter((name) => !dropped.includes(name));
  const missing = added.find((name) => !ours.includes(name));
  if (missing !== undefined) {
    throw new UserError(
      `capability not supported by your kernel or not available in the current environment: "${missing}"`,
    );
  }
  const base = dropped.includes("ALL") ? [] : keepOurs(DEFAULT_CAPABILITIES, ours);
  const kept = base.filter((name) => !dropped.includes(name));
  for (const name of added) if (!kept.includes(name)) kept.push(name);
  return kept;
}

function keepOurs(names: readonly string[], ours: readonly string[]): string[] {
  const kept: string[] = [];
  for (const name of names) if (ours.includes(name)) kept.push(name);
  return kept;
}

/** @param list how docker calls where they stand */
function normalize(names: readonly string[], list: "CapAdd" | "CapDrop"): string[] {
  return names.map((given) => {
    const upper = given.toUpperCase();
    if (upper === "ALL") return upper;
    const name = upper.startsWith("CAP_") ? upper.slice(4) : upper;
    if (isCapability(name)) return `CAP_${name}`;
    throw new UserError(
      `invalid ${list}: unknown capability: "CAP_${name}"`,
      "see capabilities(7) for the names",
    );
  });
}

function isCapability(name: string): boolean {
  return name !== "" && !name.includes(" ") && ` ${NAMES} `.includes(` ${name} `);
}
