// Looking at the host's cgroups. Cheap, as every run asks: one statfs where the host is all v2, else
// one reading of the mount table. What is made of it is the caller's: detect.ts, detect-control.ts.

import { fileType, readLinesWith, readText } from "../ffi/files.ts";
import { FILE_SYSTEM_MAGIC, statfs } from "../ffi/statfs.ts";
import { isSyscallError } from "../ffi/syscall-error.ts";
import { readControlFile } from "./control-file.ts";
import { parseCgroupMounts, parseOwnCgroups, pathBelow } from "./mounts.ts";
import type { CgroupMount } from "./mounts.ts";
import type { Hierarchy } from "./paths.ts";
import type { Host } from "./v1/control.ts";

const USUAL_MOUNT = "/sys/fs/cgroup";

// Not the whole table: who keeps a plan asks again, and other mounts come and go.
const readCgroupMounts = (): string => readLinesWith("/proc/self/mountinfo", " - cgroup");

export interface CgroupChoice {
  /** What relative paths are below: a text such as /proc/self/cgroup, which it is unless said. */
  readonly own?: string | undefined;
  /** On a hybrid host, that a container has a cgroup in the unified hierarchy, too. */
  readonly withUnified?: boolean;
}

/** Makes what fits a host. Both versions are linked in: their modules do no work. */
export interface Makers<T> {
  v1(host: Host): T;
  v2(hierarchy: Hierarchy): T;
  none(): T;
}

/** What `makers` make for this host. */
export function lookAtHost<T>(makers: Makers<T>, choice: CgroupChoice): T {
  if (isUnified()) return makers.v2(unifiedHierarchy(USUAL_MOUNT, choice.own));
  const mounts = parseCgroupMounts(readCgroupMounts(), isInReach);
  return lookAtMounts(mounts, makers, choice);
}

/** Whether the usual place is that of one hierarchy. */
function isUnified(): boolean {
  try {
    return statfs(USUAL_MOUNT).magic === FILE_SYSTEM_MAGIC.cgroup2;
  } catch (error) {
    if (isSyscallError(error)) return false;
    throw error;
  }
}

/** A mount elsewhere may be covered by another one, or be on its way out. */
function isInReach(directory: string): boolean {
  if (directory.startsWith(USUAL_MOUNT)) return true;
  try {
    return fileType(`${directory}/cgroup.procs`) !== 0;
  } catch (error) {
    if (isSyscallError(error)) return false;
    throw error;
  }
}

/**
 * What `makers` make for these mounts: a controller in a hierarchy of its own makes the host v1 or hybrid;
 * a named hierarchy, which has none, does not where there is a unified one.
 */
export function lookAtMounts<T>(
  mounts: readonly CgroupMount[],
  makers: Makers<T>,
  { own: ownText, withUnified = false }: CgroupChoice,
): T {
  const hierarchies: Hierarchy[] = [];
  const own = lazily(() => readOwnCgroups(ownText));
  let unified: CgroupMount | undefined;
  let isSeparate = false;
  for (const mount of mounts) {
    if (mount.unified) unified = mount;
    else hierarchies.push(separateHierarchy(mount, own));
    if (mount.controllers[0]?.startsWith("name=") === false) isSeparate = true;
  }
  if (isSeparate) {
    const beside = withUnified && unified !== undefined ? besideHierarchy(unified, own) : undefined;
    return makers.v1({ hierarchies, hybrid: unified !== undefined, unified: beside });
  }
  if (unified === undefined) return makers.none();
  return makers.v2(unifiedHierarchy(unified.directory, ownText));
}

function separateHierarchy(mount: CgroupMount, ownCgroups: () => Map<string, string>): Hierarchy {
  const { directory, controllers, root } = mount;
  return {
    directory,
    controllers,
    get own() {
      return pathBelow(ownCgroups().get(controllers[0] ?? "") ?? "/", root);
    },
  };
}

/** The unified hierarchy of a hybrid host: one more beside the others, without limits. */
function besideHierarchy(
  { directory, root }: CgroupMount,
  ownCgroups: () => Map<string, string>,
): Hierarchy {
  return {
    directory,
    controllers: [],
    get own() {
      return pathBelow(ownCgroups().get("") ?? "/", root);
    },
  };
}

function unifiedHierarchy(directory: string, ownText?: string): Hierarchy {
  const controllers = lazily(() => readControllers(directory));
  const own = lazily(() => unifiedOwn(directory, ownText));
  return {
    directory,
    get controllers() {
      return controllers();
    },
    get own() {
      return own();
    },
  };
}

/** Asks once, at the first use. */
function lazily<T>(ask: () => T): () => T {
  let answer: { readonly value: T } | undefined;
  return () => (answer ??= { value: ask() }).value;
}

function readControllers(directory: string): string[] {
  const text = (readControlFile(`${directory}/cgroup.controllers`) ?? "").trim();
  return text === "" ? [] : text.split(" ");
}

// A process of our own is in our cgroup, so that one can hand no controller to children (no
// internal processes): relative paths start beside it, as they do with runc.
function unifiedOwn(directory: string, ownText?: string): string {
  const mounts = parseCgroupMounts(readCgroupMounts());
  const root = mounts.find((mount) => mount.directory === directory)?.root ?? "/";
  const own = pathBelow(readOwnCgroups(ownText).get("") ?? "/", root);
  return own.slice(0, own.lastIndexOf("/")) || "/";
}

function readOwnCgroups(text?: string): Map<string, string> {
  return parseOwnCgroups(text ?? readText("/proc/self/cgroup"));
}
