// The folders of a tree that is being unpacked: each is found by the kernel inside the tree's root,
// and kept open for the next entries in it.

import { O, S } from "../../../ffi/constants.ts";
import { EEXIST, ENOENT, ENOTDIR } from "../../../ffi/errno.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import {
  closeFd,
  makeFolderAt,
  openAt,
  openInside,
  readLinkAt,
  readNames,
  removeAt,
  renameAt,
  showByteString,
  statusAt,
} from "../../../ffi/tree.ts";
import { baseOf, linkTarget, parentOf } from "./entry-path.ts";
import { invalidArchive } from "./tar-entry.ts";

const OPEN_MAX = 64;
const LINKS_MAX = 20;
const S_IFMT = 0o170000;
/** Nobody else is let in until the tree is whole, and no owner of a folder is inherited from it. */
const UNFINISHED_MODE = 0o700;

export class TreePlaces implements Disposable {
  readonly #open = new Map<string, number>();
  readonly #trash: number;
  /** Open, though no path leads to it any more that we know of. */
  #retired: number | undefined;
  #removed = 0;

  /**
   * @param root the open root of the tree
   * @param trash an open folder on the same file system: what is replaced moves there
   * @param implied told of each folder that had to be made though no entry said so
   * @param opaque makes a folder hide what lower layers have in its place
   */
  constructor(
    readonly root: number,
    trash: number,
    private readonly implied: (path: string) => void,
    private readonly opaque: (folder: number, name: string) => void,
  ) {
    this.#trash = trash;
  }

  /** The open folder at a clean path, made where it is missing. */
  folder(path: string, links = 0): number {
    if (path === "") return this.root;
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const fd = openInside(this.root, path, O.O_PATH | O.O_DIRECTORY);
    if (fd >= 0) return this.#keep(path, fd);
    if (fd !== -ENOENT && fd !== -ENOTDIR) {
      throw new SyscallError("open", -fd, { path: showByteString(path) });
    }
    return this.#makeMissing(path, links);
  }

  /** The open folder at a clean path, or minus the errno. */
  find(path: string): number {
    if (path === "") return this.root;
    const known = this.#open.get(path);
    if (known !== undefined) return known;
    const fd = openInside(this.root, path, O.O_PATH | O.O_DIRECTORY);
    return fd < 0 ? fd : this.#keep(path, fd);
  }

  #keep(path: string, fd: number): number {
    this.#open.set(path, fd);
    if (this.#open.size > OPEN_MAX) this.#closeOldest();
    return fd;
  }

  /** Never the last few: an entry's own folder and that of its hard link's target are in use. */
  #closeOldest(): void {
    for (const [path, fd] of this.#open) {
      if (this.#open.size <= OPEN_MAX / 2) return;
      this.#open.delete(path);
      closeFd(fd);
    }
  }

  /** Something that may be part of a known path was replaced. `except` stays open a little longer. */
  forget(except?: number): void {
    if (this.#retired !== undefined && this.#retired !== except) closeFd(this.#retired);
    this.#retired = undefined;
    for (const fd of this.#open.values()) if (fd !== except) closeFd(fd);
    this.#open.clear();
    if (except !== undefined && except !== this.root) this.#retired = except;
  }

  #makeMissing(path: string, links: number): number {
    const parent = this.folder(parentOf(path), links);
    const base = baseOf(path);
    const result = makeFolderAt(parent, base, UNFINISHED_MODE);
    if (result === 0) {
      this.implied(path);
      // Speed: not from the root again, or a path of 2000 folders would be walked 2000 times.
      const fd = openAt(parent, base, O.O_PATH | O.O_DIRECTORY | O.O_NOFOLLOW);
      if (fd >= 0) return this.#keep(path, fd);
    } else if (result !== -EEXIST) {
      throw new SyscallError("mkdir", -result, { path: showByteString(path) });
    } else this.#passThrough(path, parent, base, links);
    if (links > LINKS_MAX) invalidArchive(`"${showByteString(path)}" is no folder`);
    return this.folder(path, links + 1);
  }

  /** What is in a folder's place: a link to something that is missing, or a whiteout. */
  #passThrough(path: string, parent: number, base: string, links: number): void {
    const target = readLinkAt(parent, base);
    if (target !== undefined && links < LINKS_MAX) {
      this.folder(linkTarget(parentOf(path), target), links + 1);
      return;
    }
    if (!isWhiteout(parent, base)) {
      invalidArchive(`"${showByteString(path)}" is no folder, and has entries below it`);
    }
    removeAt(parent, base);
    makeFolderAt(parent, base, UNFINISHED_MODE);
    this.opaque(parent, base);
    this.implied(path);
  }

  /** Makes a folder at `name`, or keeps the one that is there. True: it is new. */
  makeFolder(parent: number, name: string, path: string): boolean {
    const result = makeFolderAt(parent, name, UNFINISHED_MODE);
    if (result === 0) return true;
    if (result !== -EEXIST)
      throw new SyscallError("mkdir", -result, { path: showByteString(path) });
    const status = statusAt(parent, name);
    if (typeof status !== "number" && (status.mode & S_IFMT) === S.S_IFDIR) return false;
    const hidesLower = isWhiteout(parent, name);
    this.clear(parent, name);
    const again = makeFolderAt(parent, name, UNFINISHED_MODE);
    if (again < 0) throw new SyscallError("mkdir", -again, { path: showByteString(path) });
    if (hidesLower) this.opaque(parent, name);
    return true;
  }

  /** Takes away what is at `name`, a whole tree it may be. */
  clear(parent: number, name: string): void {
    this.#removed += 1;
    const result = renameAt(parent, name, this.#trash, String(this.#removed));
    if (result < 0 && result !== -ENOENT) {
      throw new SyscallError("rename", -result, { path: showByteString(name) });
    }
    this.forget(parent);
  }

  /** Takes away all that is in an open folder. */
  clearFolder(folder: number): void {
    const fd = openAt(folder, ".", O.O_RDONLY | O.O_DIRECTORY);
    if (fd < 0) throw new SyscallError("open", -fd);
    try {
      for (const name of readNames(fd)) this.clear(folder, name);
    } finally {
      closeFd(fd);
    }
  }

  [Symbol.dispose](): void {
    this.forget();
  }
}

/** A character device 0, 0: what overlay takes for "removed". */
export function isWhiteout(parent: number, name: string): boolean {
  const status = statusAt(parent, name);
  if (typeof status === "number") return false;
  return (status.mode & S_IFMT) === S.S_IFCHR && status.major === 0 && status.minor === 0;
}
