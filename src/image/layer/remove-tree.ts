// Removes trees of strangers' files. They may be thousands of folders deep, longer than any path
// may be, and more than there are descriptors: what is that deep moves up before it is emptied.

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

/** A descriptor for each level that is entered. */
const DEPTH_MAX = 200;

/**
 * Removes `name` in an open folder, which must be this process's own: what is very deep below it
 * moves there on its way out.
 */
export function removeTreeAt(folder: number, name: string): void {
  new Removal(folder).remove(name);
}

class Removal {
  /** What was moved up, to be removed later. */
  readonly #pending: string[] = [];
  #moved = 0;

  constructor(private readonly top: number) {}

  remove(name: string): void {
    this.#pending.push(name);
    for (;;) {
      const next = this.#pending.pop();
      if (next === undefined) return;
      this.#entry(this.top, next, 0);
    }
  }

  /** Removes what is at `name`, but for folders that are too deep: they are at the top by then. */
  #entry(folder: number, name: string, depth: number): void {
    if (removeOne(folder, name)) return;
    if (depth >= DEPTH_MAX) {
      this.#moved += 1;
      const apart = `.gone-${process.pid}-${Date.now()}-${this.#moved}`;
      const result = moveUp(folder, name, this.top, apart);
      if (result < 0) throw failure("rename", -result, name);
      this.#pending.push(apart);
      return;
    }
    const inside = openAt(folder, name, O.O_RDONLY | O.O_DIRECTORY | O.O_NOFOLLOW);
    if (inside < 0) throw failure("open", -inside, name);
    try {
      for (const child of readNames(inside)) this.#entry(inside, child, depth + 1);
    } finally {
      closeFd(inside);
    }
    if (!removeOne(folder, name)) throw failure("rmdir", ENOTEMPTY, name);
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
