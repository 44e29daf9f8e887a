// The default profile, compiled ahead: `run` only decodes 3 KB of it.
//
// The program is the same on every kernel since 4.8, as nothing else in the profile asks for the
// version. Two variants are kept: with docker's 14 capabilities, and without CAP_SYS_CHROOT
// (`--cap-drop ALL`); what else a container may be given is compiled when it is asked for.
import { DEFAULT_FILTERS } from "./default-filter-data.ts";
import type { CompiledFilter } from "./compile.ts";
import { SECCOMP_FILTER_FLAG_SPEC_ALLOW } from "./flags.ts";
import type { FilterHost } from "./rules.ts";

/** The filter of `defaultProfile` for docker's default capabilities. */
export function precompiledDefault(arch: FilterHost["arch"]): CompiledFilter {
  return decode(DEFAULT_FILTERS[arch].withChroot);
}

/**
 * The filter of `defaultProfile` for these capabilities of the bounding set, or undefined where it
 * has to be compiled (`--cap-add SYS_ADMIN` and the like).
 */
export function precompiledFor(
  arch: FilterHost["arch"],
  capabilities: readonly string[],
): CompiledFilter | undefined {
  let variant: "withChroot" | "withoutChroot" = "withoutChroot";
  for (const capability of capabilities) {
    if (capability === "CAP_SYS_CHROOT") variant = "withChroot";
    else if (!WITHOUT_EFFECT.includes(capability)) return undefined;
  }
  return decode(DEFAULT_FILTERS[arch][variant]);
}

/** Capabilities that change nothing in the default profile; a test compares it with the profile. */
export const WITHOUT_EFFECT: readonly string[] = [
  "CAP_AUDIT_CONTROL",
  "CAP_AUDIT_READ",
  "CAP_AUDIT_WRITE",
  "CAP_BLOCK_SUSPEND",
  "CAP_CHECKPOINT_RESTORE",
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FOWNER",
  "CAP_FSETID",
  "CAP_IPC_LOCK",
  "CAP_IPC_OWNER",
  "CAP_KILL",
  "CAP_LEASE",
  "CAP_LINUX_IMMUTABLE",
  "CAP_MAC_ADMIN",
  "CAP_MAC_OVERRIDE",
  "CAP_MKNOD",
  "CAP_NET_ADMIN",
  "CAP_NET_BIND_SERVICE",
  "CAP_NET_BROADCAST",
  "CAP_NET_RAW",
  "CAP_SETFCAP",
  "CAP_SETGID",
  "CAP_SETPCAP",
  "CAP_SETUID",
  "CAP_SYS_RESOURCE",
  "CAP_WAKE_ALARM",
];

function decode(base64: string): CompiledFilter {
  const program = Uint8Array.fromBase64(base64);
  return { program, flags: SECCOMP_FILTER_FLAG_SPEC_ALLOW, listener: false };
}
