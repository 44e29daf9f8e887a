// The rules of `linux.namespaces` and of what only a namespace of one's own makes meaningful: host
// name, id mappings, time offsets, hidden paths, network devices.
// config-linux.md "Namespaces"; man 7 namespaces, user_namespaces, time_namespaces.

import { quote } from "./quote.ts";
import type { IdMapping, Linux, Namespace, NamespaceType, Spec } from "./spec.ts";

/** True where the list has the type, to be made or to be joined. */
export function hasNamespace(
  namespaces: readonly Namespace[] | undefined,
  type: NamespaceType,
): boolean {
  return findNamespace(namespaces, type) !== undefined;
}

/** The entry of a type, or undefined where the container shares the caller's. */
export function findNamespace(
  namespaces: readonly Namespace[] | undefined,
  type: NamespaceType,
): Namespace | undefined {
  if (namespaces === undefined) return undefined;
  for (const namespace of namespaces) if (namespace.type === type) return namespace;
  return undefined;
}

/** Adds a line for each rule about namespaces that the spec breaks. */
export function validateNamespaces(spec: Spec, problems: string[]): void {
  const namespaces = spec.linux?.namespaces;
  if (namespaces !== undefined) validateList(namespaces, problems);
  if (!hasNamespace(namespaces, "uts")) {
    if (spec.hostname) problems.push("hostname: needs a uts namespace");
    if (spec.domainname) problems.push("domainname: needs a uts namespace");
  }
  if (spec.linux === undefined) return;
  validateUser(spec.linux, problems);
  if (spec.linux.timeOffsets !== undefined) validateTime(spec.linux, problems);
  if (!hasNamespace(namespaces, "mount")) requireMountNamespace(spec.linux, problems);
  if (spec.linux.netDevices !== undefined && !hasNamespace(namespaces, "network")) {
    problems.push("linux.netDevices: needs a network namespace");
  }
}

function validateList(namespaces: readonly Namespace[], problems: string[]): void {
  for (let index = 0; index < namespaces.length; index++) {
    const namespace = namespaces[index];
    if (namespace === undefined) continue;
    const { type, path } = namespace;
    if (findNamespace(namespaces, type) !== namespace) {
      problems.push(`linux.namespaces[${index}].type: ${quote(type)} is given twice`);
    }
    if (path !== undefined && !path.startsWith("/")) {
      const at = `linux.namespaces[${index}].path`;
      problems.push(`${at}: must be an absolute path: got ${quote(path)}`);
    }
  }
}

function validateUser(linux: Linux, problems: string[]): void {
  const user = findNamespace(linux.namespaces, "user");
  const uids = linux.uidMappings?.length ?? 0;
  const gids = linux.gidMappings?.length ?? 0;
  if (user === undefined) {
    if (uids > 0) problems.push("linux.uidMappings: needs a user namespace");
    if (gids > 0) problems.push("linux.gidMappings: needs a user namespace");
  } else if (!user.path && (uids === 0) !== (gids === 0)) {
    // Without any, the caller's own ids are mapped. With a path, mappings may be there: containerd and
    // CRI-O write those of the namespace they made.
    const [missing, given] =
      uids === 0 ? ["uidMappings", "gidMappings"] : ["gidMappings", "uidMappings"];
    problems.push(`linux.${missing}: must not be empty where ${given} is not`);
  }
  if (uids > 0) validateIdMappings(linux.uidMappings, "linux.uidMappings", problems);
  if (gids > 0) validateIdMappings(linux.gidMappings, "linux.gidMappings", problems);
}

/** Kernel: since 4.15; before, 5. */
const MAPPINGS_MAX = 340;

/** Adds a line for each range that the kernel would refuse: man 7 user_namespaces. */
export function validateIdMappings(
  mappings: readonly IdMapping[] | undefined,
  at: string,
  problems: string[],
): void {
  if (mappings === undefined) return;
  if (mappings.length > MAPPINGS_MAX) {
    problems.push(`${at}: must be at most ${MAPPINGS_MAX} ranges: got ${mappings.length}`);
    return;
  }
  for (let index = 0; index < mappings.length; index++) {
    const mapping = mappings[index];
    if (mapping !== undefined)
      validateRange(mapping, mappings.slice(0, index), `${at}[${index}]`, problems);
  }
}

/** 2^32-1 is no id: man 2 setresuid. */
const ID_END = 0xffff_ffff;

function validateRange(
  mapping: IdMapping,
  before: readonly IdMapping[],
  at: string,
  problems: string[],
): void {
  const { containerID, hostID, size } = mapping;
  if (size === 0) problems.push(`${at}.size: must be at least 1: got 0`);
  if (containerID + size > ID_END) problems.push(`${at}: containerID + size is beyond 2^32-1`);
  if (hostID + size > ID_END) problems.push(`${at}: hostID + size is beyond 2^32-1`);
  for (const other of before) {
    if (overlap(containerID, size, other.containerID, other.size)) {
      problems.push(`${at}.containerID: overlaps an earlier range`);
      return;
    }
    if (overlap(hostID, size, other.hostID, other.size)) {
      problems.push(`${at}.hostID: overlaps an earlier range`);
      return;
    }
  }
}

function overlap(start: number, size: number, otherStart: number, otherSize: number): boolean {
  return start < otherStart + otherSize && otherStart < start + size;
}

function validateTime(linux: Linux, problems: string[]): void {
  const time = findNamespace(linux.namespaces, "time");
  if (time === undefined) problems.push("linux.timeOffsets: needs a time namespace");
  else if (time.path)
    problems.push("linux.timeOffsets: must not be given with a path of a time namespace");
}

function requireMountNamespace(linux: Linux, problems: string[]): void {
  for (const key of ["maskedPaths", "readonlyPaths"] as const) {
    if ((linux[key]?.length ?? 0) > 0) problems.push(`linux.${key}: needs a mount namespace`);
  }
}
