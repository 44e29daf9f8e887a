// What is hidden from a container, and which filters it runs under: docker's defaults, and how
// `--privileged` and `--security-opt` undo them.

import type { Linux } from "../oci/spec.ts";
import type { SpecFacts } from "./host-facts.ts";
import type { SecurityOptions } from "./run-options.ts";

/** Where the seccomp filter comes from. The default one is compiled ahead, a profile is a file. */
export type SeccompChoice =
  | { readonly kind: "default" }
  | { readonly kind: "unconfined" }
  | { readonly kind: "profile"; readonly path: string };

/** Security: files of the kernel that tell about the host, or that other containers' timing shows in. */
export const MASKED_PATHS: readonly string[] = [
  "/proc/acpi",
  "/proc/asound",
  // GHSA-6fw5-f8r9-fgfm: keystrokes show as interrupts.
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  // CVE-2020-8694 (PLATYPUS): power consumption shows secrets.
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
];

/** Security: parts of /proc that root could change the host through. */
export const READONLY_PATHS: readonly string[] = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
];

/** Sets the masked and the read-only paths, but for a container that is to see everything. */
export function setHiddenPaths(
  linux: { -readonly [Key in "maskedPaths" | "readonlyPaths"]?: Linux[Key] },
  security: SecurityOptions,
  facts: SpecFacts,
): void {
  if (security.privileged || security.systempathsUnconfined) return;
  const thermal = facts.thermalThrottlePaths ?? [];
  linux.maskedPaths = thermal.length === 0 ? MASKED_PATHS : [...MASKED_PATHS, ...thermal];
  linux.readonlyPaths = READONLY_PATHS;
}

/** The filter of a container: a profile that was named holds for a privileged one as well. */
export function chooseSeccomp(security: SecurityOptions): SeccompChoice {
  if (security.seccomp === "unconfined") return { kind: "unconfined" };
  if (security.seccomp !== "default") return { kind: "profile", path: security.seccomp };
  return { kind: security.privileged ? "unconfined" : "default" };
}

/** The annotation by which a later `exec` knows the filter of a container that is not kept. */
const SECCOMP_ANNOTATION = "io.bunker.seccomp";

/** What is to be noted of a container's filter: nothing of the default one. */
export function noteSeccomp(choice: SeccompChoice): Record<string, string> | undefined {
  if (choice.kind === "default") return undefined;
  return { [SECCOMP_ANNOTATION]: choice.kind === "profile" ? choice.path : choice.kind };
}

/** `--security-opt seccomp=` of a container, as it was noted. */
export function notedSeccomp(annotations: Readonly<Record<string, string>> = {}): string {
  return annotations[SECCOMP_ANNOTATION] ?? "default";
}

/** The AppArmor profile, or undefined on a host without AppArmor. */
export function chooseApparmor(
  security: SecurityOptions,
  facts: SpecFacts,
  warnings: string[],
): string | undefined {
  const asked = security.apparmor;
  if (facts.apparmorProfile === undefined) {
    if (asked !== undefined && asked !== "unconfined") {
      warnings.push(`AppArmor profile "${asked}" is not applied: this host has no AppArmor`);
    }
    return undefined;
  }
  return asked ?? (security.privileged ? "unconfined" : facts.apparmorProfile);
}
