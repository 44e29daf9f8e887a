// Paths of /proc and /sys that a container must not see or not write. Pure.

import { type Call, Slot, type Step } from "../ffi/call.ts";
import {
  AT_FDCWD,
  fsconfigCreate,
  fsconfigSet,
  fsmount,
  fsopen,
  mountSetattr,
  moveMount,
  moveMountTo,
  openInRoot,
  openTree,
} from "../ffi/calls.ts";
import { MOUNT_ATTR, O } from "../ffi/constants.ts";
import { EACCES, ENOENT, ENOTDIR } from "../ffi/errno.ts";
import { openPlace, pathBelowRoot } from "./safe-path.ts";

/**
 * What is at a path of the container, as far as that is known beforehand: in a /proc or /sys of the
 * kernel's own it is what the host has there.
 */
export type KindOf = (path: string) => "file" | "directory" | "missing" | "unknown";

/** Makes each path read-only, with what is mounted below; a missing one is no error. */
export function planReadonlyPaths(paths: readonly string[], root: Slot, kindOf: KindOf): Step[] {
  const calls: Call[] = [];
  for (const path of paths) {
    if (kindOf(path) !== "missing") calls.push(...planReadonly(path, root));
  }
  if (calls.length === 0) return [];
  return [{ why: "parts of /proc that change the host: readable only", calls }];
}

function planReadonly(path: string, root: Slot): Call[] {
  const place = new Slot(path);
  const tree = new Slot(`copy of ${path}`);
  const rest: Call[] = [
    openTree(place, "", true, tree, { path }),
    mountSetattr(
      tree,
      true,
      { set: MOUNT_ATTR.MOUNT_ATTR_RDONLY, clear: 0, propagation: 0 },
      { path },
    ),
    moveMount(tree, place, { path }),
  ];
  return [
    openPlace(root, path, place, { tolerate: [ENOENT], skipAfterError: rest.length }),
    ...rest,
  ];
}

/**
 * Hides each path: an empty read-only folder over a folder, /dev/null over a file; a missing one is
 * no error. The folder is one tmpfs, copied again and again; Kernel: a copy can only be made of what
 * is attached somewhere (before 6.15), so it is attached at `scratch` in the old tree.
 *
 * Security: /dev/null is the host's, opened before the container's tree is in reach, so that an
 * image cannot put something else in its place (CVE-2025-31133).
 */
export function planMaskedPaths(
  paths: readonly string[],
  root: Slot,
  scratch: string,
  kindOf: KindOf,
): Step[] {
  const masks: Call[] = [];
  const empty = new Slot("empty folder");
  let hasFolder = false;
  for (let i = 0; i < paths.length; i++) {
    const path = paths[i] ?? "";
    // Once is enough, and more would only be more mounts.
    if (paths.indexOf(path) !== i) continue;
    const kind = kindOf(path);
    if (kind === "directory" || kind === "unknown") hasFolder = true;
    masks.push(...planMask(path, root, empty, kind));
  }
  if (masks.length === 0) return [];
  const calls = hasFolder ? [...planEmptyFolder(empty, scratch), ...masks] : masks;
  return [{ why: "parts of /proc and /sys that tell of the host: hidden", calls }];
}

function planEmptyFolder(empty: Slot, scratch: string): Call[] {
  const fs = new Slot("tmpfs");
  return [
    fsopen("tmpfs", fs),
    fsconfigSet(fs, "source", "tmpfs"),
    fsconfigSet(fs, "size", "0"),
    fsconfigSet(fs, "nr_inodes", "1"),
    fsconfigCreate(fs),
    fsmount(fs, MOUNT_ATTR.MOUNT_ATTR_RDONLY, empty),
    moveMountTo(empty, scratch),
  ];
}

function planMask(path: string, root: Slot, empty: Slot, kind: ReturnType<KindOf>): Call[] {
  switch (kind) {
    case "missing":
      return [];
    case "directory":
      return planMaskFolder(path, root, empty, 0);
    case "file":
      return planMaskFile(path, root);
    case "unknown": {
      const onFile = planMaskFile(path, root);
      return [...planMaskFolder(path, root, empty, onFile.length), ...onFile];
    }
  }
}

/** @param skipAfter how many calls the other attempt has that this one, once done, leaves out */
function planMaskFolder(path: string, root: Slot, empty: Slot, skipAfter: number): Call[] {
  const place = new Slot(path);
  const tree = new Slot("empty folder");
  return [
    openInRoot(root, pathBelowRoot(path), O.O_PATH | O.O_DIRECTORY, place, {
      path,
      tolerate: [ENOENT, ENOTDIR, EACCES],
      skipAfterError: 2,
    }),
    openTree(empty, "", false, tree, { path }),
    moveMount(tree, place, { path, skipAfterSuccess: skipAfter }),
  ];
}

function planMaskFile(path: string, root: Slot): Call[] {
  const place = new Slot(path);
  const tree = new Slot("/dev/null");
  return [
    openPlace(root, path, place, { tolerate: [ENOENT, EACCES], skipAfterError: 2 }),
    openTree(AT_FDCWD, "/dev/null", false, tree),
    moveMount(tree, place, { path }),
  ];
}
