// The rules of `root` and `mounts` that hold between fields: id-mapped mounts above all.
// config.md, "Mounts": uidMappings, gidMappings, idmap, ridmap. man 2 mount_setattr.

import { quote } from "./quote.ts";
import type { Mount, Spec } from "./spec.ts";
import { hasNamespace, validateIdMappings } from "./validate-namespaces.ts";

/** Adds a line for each rule that a mount breaks. */
export function validateMounts(spec: Spec, problems: string[]): void {
  const { mounts } = spec;
  if (mounts === undefined) return;
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index];
    if (mount !== undefined) validateMount(mount, index, spec, problems);
  }
}

function validateMount(mount: Mount, index: number, spec: Spec, problems: string[]): void {
  const at = `mounts[${index}]`;
  const bind = isBind(mount);
  if (bind && (mount.source === undefined || mount.source === "")) {
    problems.push(`${at}.source: must be given for a bind mount`);
  }
  if (mount.destination.length < 3 && cleanPath(mount.destination) === "") {
    problems.push(`${at}.destination: must be below the root: got ${quote(mount.destination)}`);
  }
  if (mount.destination.includes("proc")) validateProc(mount, at, bind, problems);
  if (!isIdMapped(mount)) return;
  validateIdMapped(mount, at, bind, hasNamespace(spec.linux?.namespaces, "user"), problems);
}

/** What lxcfs and its like stand in for. */
const IN_PROC =
  " cpuinfo diskstats meminfo stat swaps uptime loadavg slabinfo sys/kernel/ns_last_pid sys/crypto/fips_enabled ";

/**
 * Security: what a runtime writes to in /proc must be the kernel's (CVE-2019-16884, CVE-2019-19921).
 * Links of the rootfs that lead there are seen when the mount is made.
 */
function validateProc(mount: Mount, at: string, bind: boolean, problems: string[]): void {
  const path = cleanPath(mount.destination);
  const shown = quote(mount.destination);
  if (path === "proc") {
    if (bind || mount.type === "proc") return;
    problems.push(`${at}: ${shown} cannot be mounted because it is not of type proc`);
  } else if (path.startsWith("proc/") && !IN_PROC.includes(` ${path.slice("proc/".length)} `)) {
    problems.push(`${at}: ${shown} cannot be mounted because it is inside /proc`);
  }
}

/** Without the slash at its beginning, and without `.`, `..` and doubled slashes. */
function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.join("/");
}

function validateIdMapped(
  mount: Mount,
  at: string,
  bind: boolean,
  userNamespace: boolean,
  problems: string[],
): void {
  const { uidMappings, gidMappings } = mount;
  const uids = uidMappings?.length ?? 0;
  const gids = gidMappings?.length ?? 0;
  if (!bind) problems.push(`${at}: id mappings are for bind mounts only`);
  if (uids === 0 && gids === 0 && !userNamespace) {
    problems.push(`${at}: idmap needs uidMappings and gidMappings, or a user namespace`);
  } else if ((uids === 0) !== (gids === 0)) {
    problems.push(`${at}: uidMappings and gidMappings must be given together`);
  }
  validateIdMappings(uidMappings, `${at}.uidMappings`, problems);
  validateIdMappings(gidMappings, `${at}.gidMappings`, problems);
}

function isBind(mount: Mount): boolean {
  // As runc: the option makes a bind mount, whatever the type says; the type alone does as well.
  return (
    mount.type === "bind" ||
    mount.type === "rbind" ||
    mount.options?.includes("bind") === true ||
    mount.options?.includes("rbind") === true
  );
}

function isIdMapped(mount: Mount): boolean {
  if (mount.uidMappings !== undefined || mount.gidMappings !== undefined) return true;
  return mount.options?.includes("idmap") === true || mount.options?.includes("ridmap") === true;
}
