// The mounts of a container in docker's order and with docker's options: the kernel's file systems
// first, then what the user asked for with the three files of /etc, shallow targets before deep ones.

import type { Mount, Propagation } from "../oci/spec.ts";
import type { SpecFacts } from "./host-facts.ts";
import type { MountOption, RunOptions } from "./run-options.ts";
import { makeKernelMounts } from "./spec-kernel-mounts.ts";
import { mergeTmpfsOptions } from "./tmpfs-options.ts";

/** The list for `mounts`, and what the root must be for propagation out of it to work. */
export interface MadeMounts {
  readonly mounts: readonly Mount[];
  readonly rootfsPropagation: Propagation | undefined;
}

/**
 * The mounts of the spec.
 * @throws UserError for an option that no tmpfs has
 */
export function makeMounts(options: RunOptions, facts: SpecFacts): MadeMounts {
  const mounts: Mount[] = [];
  for (const mount of makeKernelMounts(options, facts)) {
    if (isReplaced(mount, options)) continue;
    if (options.readonlyRootfs) makeReadonly(mount);
    mounts.push(mount);
  }
  for (const mount of makeAskedMounts(options, facts)) mounts.push(mount);
  return { mounts, rootfsPropagation: findPropagation(options) };
}

function makeAskedMounts(options: RunOptions, facts: SpecFacts): Mount[] {
  const asked: Mount[] = [];
  for (const option of options.mounts) {
    if (option.type === "bind") asked.push(makeBind(option, facts));
  }
  addEtcFiles(asked, options, facts);
  // The files of /etc are all of one depth, and a first sort() takes 10 µs.
  if (options.mounts.length === 0) return asked;
  for (const option of options.mounts) {
    if (option.type === "tmpfs") asked.push(makeTmpfs(option));
    else if (option.type === "overlay") asked.push(makeOverlay(option));
    else if (option.type === "filesystem") asked.push(makeFileSystem(option));
  }
  // Order: a mount on a deeper target would be covered by one on a shallower. The sort is stable.
  return asked.sort((one, other) => depthOf(one) - depthOf(other));
}

function makeBind(option: Extract<MountOption, { type: "bind" }>, facts: SpecFacts): Mount {
  const options = [option.recursive ? "rbind" : "bind"];
  if (option.readonly) {
    // Kernel: since 5.12; before, mounts below the source stay writable, as they do with docker.
    const recursive = option.recursive && facts.recursiveReadonly !== false;
    options.push(recursive ? "rro" : "ro");
  }
  options.push(option.propagation);
  const locked = facts.lockedMountOptions?.[option.source];
  if (locked !== undefined) options.push(...locked);
  return { destination: option.target, type: "bind", source: option.source, options };
}

function makeTmpfs(option: Extract<MountOption, { type: "tmpfs" }>): Mount {
  const options = mergeTmpfsOptions(["noexec", "nosuid", "nodev", "rprivate"], option.options);
  return { destination: option.target, type: "tmpfs", source: "tmpfs", options };
}

/** Kernel: bytes of a value of fsconfig(2), its end included. */
const VALUE_BYTES = 256;

/** Kernel: since 6.7 the layers can be named one by one, where they are too many for one value. */
function makeOverlay({ target, lower }: Extract<MountOption, { type: "overlay" }>): Mount {
  const all = lower.join(":");
  const layers =
    all.length < VALUE_BYTES ? [`lowerdir=${all}`] : lower.map((path) => `lowerdir+=${path}`);
  return { destination: target, type: "overlay", source: "overlay", options: ["ro", ...layers] };
}

function makeFileSystem(option: Extract<MountOption, { type: "filesystem" }>): Mount {
  const { kind: type, target: destination, source, options } = option;
  return { destination, type, source, options: [...options, "rprivate"] };
}

function addEtcFiles(asked: Mount[], options: RunOptions, facts: SpecFacts): void {
  const { resolvConf, hostname, hosts } = facts.etcFiles;
  addEtcFile(asked, "/etc/resolv.conf", resolvConf, options);
  addEtcFile(asked, "/etc/hostname", hostname, options);
  addEtcFile(asked, "/etc/hosts", hosts, options);
}

function addEtcFile(
  asked: Mount[],
  destination: string,
  source: string | undefined,
  options: RunOptions,
): void {
  if (source === undefined || isTarget(destination, options)) return;
  const flags = options.readonlyRootfs ? ["rbind", "ro", "rprivate"] : ["rbind", "rprivate"];
  asked.push({ destination, type: "bind", source, options: flags });
}

/** A mount of the user's takes the place of the kernel's; one on /dev of all below it as well. */
function isReplaced({ destination }: Mount, options: RunOptions): boolean {
  if (isTarget(destination, options)) return true;
  return destination.startsWith("/dev/") && isTarget("/dev", options);
}

function isTarget(path: string, options: RunOptions): boolean {
  for (const mount of options.mounts) if (trimSlashes(mount.target) === path) return true;
  return false;
}

const WRITABLE = " /proc /dev/pts /dev/shm /dev/mqueue /dev ";

function makeReadonly(mount: { destination: string; options: string[] }): void {
  if (WRITABLE.includes(` ${mount.destination} `) || mount.options.includes("ro")) return;
  mount.options.push("ro");
}

// Kernel: what is mounted in the container reaches the host only where the root lets it through.
function findPropagation(options: RunOptions): Propagation | undefined {
  let wanted: Propagation | undefined;
  for (const mount of options.mounts) {
    if (mount.type !== "bind") continue;
    if (mount.propagation.endsWith("shared")) return "shared";
    if (mount.propagation.endsWith("slave")) wanted = "rslave";
  }
  return wanted;
}

function depthOf(mount: Mount): number {
  return trimSlashes(mount.destination).split("/").length;
}

function trimSlashes(path: string): string {
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}
