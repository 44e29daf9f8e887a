// An image's files as one tree, to be read before there is a container: an overlay that is attached
// nowhere, and gone with its descriptor however this process ends.

import { AT_FDCWD, FSCONFIG, MNT, MOUNT_ATTR, MS, O, OPEN_TREE } from "../../../ffi/constants.ts";
import { open } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { fsconfig, fsmount, fsopen, mount, open_tree, umount2 } from "../../../ffi/mount.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { escapeSigns } from "../../../fs/root-plan.ts";

/** Kernel: bytes of a value of fsconfig(2), its end included. */
const VALUE_BYTES = 256;

/**
 * The tree, read only.
 * @param lower folders, the topmost first
 */
export function mountLayers(lower: readonly string[]): Fd {
  const [only = ""] = lower;
  // Kernel: an overlay without an upper layer wants two lower ones at least.
  if (lower.length === 1) return open(only, O.O_PATH | O.O_DIRECTORY);
  const all = lower.map(escapeSigns).join(":");
  if (all.length < VALUE_BYTES) return mountDetached([["lowerdir", all]]);
  try {
    return mountDetached(lower.map((path) => ["lowerdir+", path]));
  } catch (error) {
    // Kernel: before 6.7 there is no other way to name so many.
    if (!isSyscallError(error, "EINVAL")) throw error;
    return mountBriefly(all);
  }
}

function mountDetached(settings: readonly (readonly [key: string, value: string])[]): Fd {
  using fs = fsopen("overlay");
  for (const [key, value] of [["source", "overlay"] as const, ...settings]) {
    fsconfig(fs.number, FSCONFIG.FSCONFIG_SET_STRING, key, value);
  }
  fsconfig(fs.number, FSCONFIG.FSCONFIG_CMD_CREATE, null, null);
  return fsmount(fs.number, MOUNT_ATTR.MOUNT_ATTR_RDONLY);
}

/** Attached for as long as it takes to open it. */
function mountBriefly(all: string): Fd {
  const { mkdtempSync, rmdirSync } = process.getBuiltinModule("node:fs");
  const place = mkdtempSync("/run/bunker-layers-");
  try {
    mount("overlay", place, "overlay", MS.MS_RDONLY, `lowerdir=${all}`);
    try {
      return open_tree(AT_FDCWD, place, OPEN_TREE.OPEN_TREE_CLONE);
    } finally {
      umount2(place, MNT.MNT_DETACH);
    }
  } finally {
    rmdirSync(place);
  }
}
