// What this process looks up in a container's rootfs, and copies in it, while the container is made.

import { AT, AT_FDCWD, O, RESOLVE, S } from "../../ffi/constants.ts";
import { openat2, openat } from "../../ffi/fcntl.ts";
import { readLink } from "../../ffi/files.ts";
import { statx } from "../../ffi/stat.ts";
import { isSyscallError } from "../../ffi/syscall-error.ts";
import type { copyTree } from "./copy-tree.ts";
import type { RootfsHands } from "./plan-bundle-mounts.ts";

/** As path_resolution(7) has it. */
const LINKS_MAX = 40;

/**
 * Where a path inside a root ends when every link is followed, also where nothing is there yet.
 *
 * Race: whoever changes the links meanwhile changes the result, and no more than that: what is made
 * there is made by openat2(2), which stays inside the root.
 * @param root a path of the host's, of the root as the container has it
 */
export function findTarget(root: string, path: string): string {
  const ahead = path.split("/").reverse();
  const found: string[] = [];
  let links = 0;
  for (;;) {
    const part = ahead.pop();
    if (part === undefined) return `/${found.join("/")}`;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      found.pop();
      continue;
    }
    const link = links < LINKS_MAX ? readLink([root, ...found, part].join("/")) : undefined;
    if (link === undefined) {
      found.push(part);
      continue;
    }
    links += 1;
    if (link.startsWith("/")) found.length = 0;
    ahead.push(...link.split("/").reverse());
  }
}

/**
 * @param rootfs the folder on the host
 * @param copy loaded only where something is to be copied
 */
export function makeRootfsHands(rootfs: string, copy?: typeof copyTree): RootfsHands {
  return {
    findTarget,
    copyUp: (path, target) => copy?.(`${rootfs}${findTarget(rootfs, path)}`, target),
    folderMode: (path) => folderMode(rootfs, path),
    linkTarget: readLink,
  };
}

const PERMISSIONS = 0o7777;
const S_IFMT = 0o170000;

function folderMode(rootfs: string, path: string): number | undefined {
  using root = openat(AT_FDCWD, rootfs, O.O_PATH | O.O_DIRECTORY);
  try {
    const how = { flags: O.O_PATH, resolve: RESOLVE.RESOLVE_IN_ROOT };
    using place = openat2(root.number, path, how);
    const { mode } = statx(place.number, "", AT.AT_EMPTY_PATH);
    return (mode & S_IFMT) === S.S_IFDIR ? mode & PERMISSIONS : undefined;
  } catch (error) {
    if (isSyscallError(error)) return undefined;
    throw error;
  }
}
