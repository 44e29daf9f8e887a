// Removes trees of strangers' files. They may be thousands of folders deep, longer than any path
// may be, so that each folder is moved up before it is emptied: three descriptors do for any tree.

import { AT, O } from "../../../ffi/constants.ts";
import { EEXIST, EISDIR, ENOENT, ENOTEMPTY, EPERM } from "../../../ffi/errno.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import {
  closeFd,
  openAt,
  openFolder,
  readNames,
  removeAt,
  renameAt,
  setModeAt,
  showByteString,
  toByteString,
} from "../../../ffi/tree.ts";

/** Removes `name` in the folder at `path` (a text), whatever it is. Throws SyscallError. */
export function removeStrangersTree(path: string, name: string): void {
  const folder = openFolder(path);
  if (folder === -ENOENT) return;
  if (folder < 0) throw new SyscallError("open", -folder, { path });
  try {
    removeTreeAt(folder, name);
  } finally {
    closeFd(folder);
  }
}

/**
 * Removes `name` in an open folder, which must be this process's own: what is below it moves there
 * on its way out.
 */
export function removeTreeAt(folder: number, name: string): void {
  const pending = [name];
  let moved = 0;
  for (;;) {
    const next = pending.pop();
    if (next === undefined) return;
    if (removeOne(folder, next)) continue;
    const inside = openAt(folder, next, O.O_RDONLY | O.O_DIRECTORY | O.O_NOFOLLOW);
    if (inside < 0) throw failure("open", -inside, next);
    try {
      pending.push(next);
      for (const child of readNames(inside)) {
        const isGone = removeAt(inside, child);
        if (isGone === 0 || isGone === -ENOENT) continue;
        if (isGone !== -EISDIR && isGone !== -EPERM) throw failure("unlink", -isGone, child);
        moved += 1;
        const apart = `.gone-${process.pid}-${moved}-${Date.now()}`;
        const result = moveUp(inside, child, folder, apart);
        if (result < 0) throw failure("rename", -result, child);
        pending.push(apart);
      }
    } finally {
      closeFd(inside);
    }
  }
}

/** Kernel: a folder that this user may not write in cannot be moved, as its `..` changes. */
function moveUp(inside: number, child: string, folder: number, apart: string): number {
  const result = renameAt(inside, child, folder, apart);
  if (result >= 0 || setModeAt(inside, child, 0o700) < 0) return result;
  return renameAt(inside, child, folder, apart);
}

/** Whether that was all: false for a folder with something in it. */
function removeOne(folder: number, name: string): boolean {
  const file = removeAt(folder, name);
  if (file === 0 || file === -ENOENT) return true;
  if (file !== -EISDIR && file !== -EPERM) throw failure("unlink", -file, name);
  const empty = removeAt(folder, name, AT.AT_REMOVEDIR);
  if (empty === 0 || empty === -ENOENT) return true;
  if (empty === -ENOTEMPTY || empty === -EEXIST) return false;
  throw failure("rmdir", -empty, name);
}

const failure = (syscall: string, errno: number, name: string): SyscallError =>
  new SyscallError(syscall, errno, { path: showByteString(name) });

/** Removes what is at an absolute path (a text), whatever it is. */
export function removeTreeDeep(path: string): void {
  const slash = path.lastIndexOf("/");
  removeStrangersTree(path.slice(0, slash) || "/", toByteString(path.slice(slash + 1)));
}
