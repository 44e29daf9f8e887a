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
  openInRoot,
  openTree,
} from "../ffi/calls.ts";
import { MOUNT_ATTR, O } from "../ffi/constants.ts";
import { EACCES, ENOENT, ENOTDIR } from "../ffi/errno.ts";
import { openPlace, pathBelowRoot } from "./safe-path.ts";

/** Makes each path read-only, with what is mounted below; a missing one is no error. */
export function planReadonlyPaths(paths: readonly string[], root: Slot): Step[] {
  if (paths.length === 0) return [];
  return [
    {
      why: "parts of /proc that change the host: readable only",
      calls: paths.flatMap((path) => planReadonly(path, root)),
    },
  ];
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
 * no error. The folder is one tmpfs, used again and again.
 *
 * Security: /dev/null is the host's, opened before the container's tree is in reach, so that an
 * image cannot put something else in its place (CVE-2025-31133).
 */
export function planMaskedPaths(paths: readonly string[], root: Slot): Step[] {
  if (paths.length === 0) return [];
  const fs = new Slot("tmpfs");
  const empty = new Slot("empty folder");
  return [
    {
      why: "parts of /proc and /sys that tell of the host: hidden",
      calls: [
        fsopen("tmpfs", fs),
        fsconfigSet(fs, "source", "tmpfs"),
        fsconfigSet(fs, "size", "0"),
        fsconfigSet(fs, "nr_inodes", "1"),
        fsconfigCreate(fs),
        fsmount(fs, MOUNT_ATTR.MOUNT_ATTR_RDONLY, empty),
        ...paths.flatMap((path) => planMask(path, root, empty)),
      ],
    },
  ];
}

function planMask(path: string, root: Slot, empty: Slot): Call[] {
  const folder = new Slot(path);
  const file = new Slot(path);
  const emptyTree = new Slot("empty folder");
  const nullTree = new Slot("/dev/null");
  const onFolder: Call[] = [
    openTree(empty, "", false, emptyTree, { path }),
    moveMount(emptyTree, folder, { path, skipAfterSuccess: 3 }),
  ];
  const onFile: Call[] = [
    openPlace(root, path, file, { tolerate: [ENOENT, EACCES], skipAfterError: 2 }),
    openTree(AT_FDCWD, "/dev/null", false, nullTree),
    moveMount(nullTree, file, { path }),
  ];
  const asFolder = openInRoot(root, pathBelowRoot(path), O.O_PATH | O.O_DIRECTORY, folder, {
    path,
    tolerate: [ENOENT, ENOTDIR, EACCES],
    skipAfterError: onFolder.length,
  });
  return [asFolder, ...onFolder, ...onFile];
}
