// From the cgroupsPath of config.json to directories of a hierarchy. Everything here is lexical:
// cgroup file systems have no symbolic links.

import { refuse } from "./refusal.ts";

/** A mounted hierarchy, and where in it this process is: both seen from the mount point. */
export interface Hierarchy {
  readonly directory: string;
  /** Controllers; for a named hierarchy `name=systemd`. */
  readonly controllers: readonly string[];
  /** "/" or "/a/b". A getter may read it lazily: only relative paths need it. */
  readonly own: string;
}

/** A cgroupsPath, taken apart. */
export interface CgroupPath {
  /** Below the hierarchy's root, where a relative one is below our own cgroup. */
  readonly absolute: boolean;
  /** At least one; none is empty, "." or "..". */
  readonly parts: readonly string[];
  /** The parts again, with slashes. */
  readonly below: string;
}

/**
 * `cgroupsPath` taken apart. `..` takes back the part before it and stops at the root, so that no
 * path leads out. Refuses a path that names no cgroup of its own, as removing it would be fatal.
 */
export function parseCgroupsPath(cgroupsPath: string): CgroupPath {
  const parts: string[] = [];
  for (const part of cgroupsPath.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  if (parts.length === 0) refuse(`cgroupsPath must name a cgroup: got "${cgroupsPath}"`);
  if (hasControlCharacter(cgroupsPath)) {
    refuse(`cgroupsPath must have no control characters: got ${JSON.stringify(cgroupsPath)}`);
  }
  return { absolute: cgroupsPath.startsWith("/"), parts, below: parts.join("/") };
}

function hasControlCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < 32) return true;
  return false;
}

/** The directory that a path starts from: the root's for an absolute one, else our own cgroup's. */
export function baseDirectory(hierarchy: Hierarchy, path: CgroupPath): string {
  if (path.absolute || hierarchy.own === "/") return hierarchy.directory;
  return hierarchy.directory + hierarchy.own;
}

/** The cgroup's directory in `hierarchy`. */
export function cgroupDirectory(hierarchy: Hierarchy, path: CgroupPath): string {
  return `${baseDirectory(hierarchy, path)}/${path.below}`;
}

/** The hierarchy that `controller` is mounted in, alone or with others. */
export function hierarchyOf(
  hierarchies: readonly Hierarchy[],
  controller: string,
): Hierarchy | undefined {
  for (const hierarchy of hierarchies) {
    if (hierarchy.controllers.includes(controller)) return hierarchy;
  }
  return undefined;
}
