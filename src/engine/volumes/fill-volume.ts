// What an image has at a volume's place becomes the volume's first content, as docker has it.

import {
  chmodSync,
  copyFileSync,
  constants,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
} from "node:fs";
import { AT_FDCWD, O, RESOLVE } from "../../../ffi/constants.ts";
import { open, openat2 } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { listDirectory, removeTree, renameFile } from "../../../ffi/files.ts";
import { mknodat } from "../../../ffi/stat.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { lgetxattr, llistxattr, lsetxattr } from "../../../ffi/xattr.ts";

/**
 * Fills the empty folder `_data` of a volume with what is at `target` in the image; nothing where
 * there is no such folder. Race: the copy is made beside it and takes its place whole, so that a
 * crash leaves an empty volume, never half of one.
 * @param root a folder, or /proc/self/fd/N of a detached mount
 */
export function fillVolume(folder: string, root: string, target: string): void {
  const data = `${folder}/_data`;
  if ((listDirectory(data) ?? []).length > 0) return;
  using source = openInside(root, target);
  if (source === undefined) return;
  const copy = `${folder}/_filling`;
  removeTree(copy);
  copyEntry(`/proc/self/fd/${source.number}/.`, copy, new Map());
  renameFile(copy, data);
}

/** Security: a link of the image's leads to another place in the image, never to the host's. */
function openInside(rootPath: string, path: string): Fd | undefined {
  using root = open(rootPath, O.O_PATH | O.O_DIRECTORY);
  try {
    const flags = O.O_RDONLY | O.O_DIRECTORY;
    return openat2(root.number, path.replace(/^\/+/, "") || ".", {
      flags,
      resolve: RESOLVE.RESOLVE_IN_ROOT,
    });
  } catch (error) {
    if (isSyscallError(error, "ENOENT", "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

/** @param linked where the other names of a file with several went */
function copyEntry(from: string, to: string, linked: Map<string, string>): void {
  const status = lstatSync(from);
  const inode = `${status.dev}:${status.ino}`;
  const twin = linked.get(inode);
  if (twin !== undefined) {
    linkSync(twin, to);
    return;
  }
  if (status.isDirectory()) {
    mkdirSync(to);
    for (const name of readdirSync(from)) copyEntry(`${from}/${name}`, `${to}/${name}`, linked);
  } else {
    copyNode(from, to, status);
    if (status.nlink > 1) linked.set(inode, to);
  }
  keepAttributes(from, to, status);
}

function copyNode(from: string, to: string, status: Stats): void {
  if (status.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else if (status.isFile()) copyFileSync(from, to, constants.COPYFILE_FICLONE);
  else mknodat(AT_FDCWD, to, status.mode, status.rdev);
}

/** Order: the owner first, which takes set-user-id bits and capabilities away. */
function keepAttributes(from: string, to: string, status: Stats): void {
  lchownSync(to, status.uid, status.gid);
  if (!status.isSymbolicLink()) chmodSync(to, status.mode & 0o7777);
  for (const name of llistxattr(from)) {
    // What overlay notes for itself is not the file's.
    if (name.startsWith("trusted.overlay.") || name.startsWith("system.")) continue;
    lsetxattr(to, name, lgetxattr(from, name));
  }
  lutimesSync(to, status.atime, status.mtime);
}
