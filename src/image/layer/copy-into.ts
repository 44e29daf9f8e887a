// An archive → files among those that are there already, as `cp` wants it: a file takes the place of a
// file, a folder is filled up, and neither takes the other's place.
//
// Security: the archive and the folders may both be a container's. Each folder is found by the kernel
// inside the root (openat2, RESOLVE_IN_ROOT), and names are made in it without following a link.

import { makeDevice } from "../../../ffi/calls/files.ts";
import { O, S } from "../../../ffi/constants.ts";
import { EEXIST, ENOENT } from "../../../ffi/errno.ts";
import {
  closeFd,
  linkAt,
  makeFolderAt,
  makeLinkAt,
  makeNodeAt,
  openAt,
  openInside,
  openInsideNoLinks,
  removeAt,
  setAttribute,
  setMode,
  setModeAt,
  setOwner,
  setOwnerAt,
  setTime,
  showByteString,
  statusAt,
} from "../../../ffi/tree.ts";
import { UserError } from "../../errors.ts";
import {
  type OpenEntry,
  completeContents,
  must,
  setAttributes,
  writeContents,
} from "./entry-contents.ts";
import { baseOf, cleanEntryPath, parentOf } from "./entry-path.ts";
import type { OwnerMap } from "./owner-map.ts";
import type { TarEntry, TarSink } from "./tar-entry.ts";

export interface CopyIntoOptions {
  /** An open folder that nothing leads out of. */
  readonly root: number;
  /** The folder inside it that the archive's names are below; a byte string. */
  readonly folder: string;
  /** Whether files belong to whom the archive says; else to this user. */
  readonly keepsOwners: boolean;
  /** What the archive's owners are called in the folder. */
  readonly owners?: OwnerMap;
  /** Whether links that stand in the way are followed inside the root; else they are refused. */
  readonly followsLinks: boolean;
}

const S_IFMT = 0o170000;
const NODE_TYPES = { char: S.S_IFCHR, block: S.S_IFBLK, fifo: S.S_IFIFO } as const;

export class CopyInto implements TarSink, Disposable {
  readonly #base: number;
  #parent: { readonly path: string; readonly fd: number } | undefined;
  #file: OpenEntry | undefined;
  /** Their times change with each name in them, so they are set at the end. */
  readonly #folders = new Map<string, TarEntry>();

  /** @throws SyscallError where the folder is none */
  constructor(private readonly options: CopyIntoOptions) {
    const { root, folder } = options;
    this.#base = must(openInside(root, folder, O.O_RDONLY | O.O_DIRECTORY), "open", folder);
  }

  entry(said: TarEntry): void {
    const { owners } = this.options;
    const entry =
      owners === undefined
        ? said
        : { ...said, uid: owners.uid(said.uid), gid: owners.gid(said.gid) };
    const path = cleanEntryPath(entry.name);
    // The folder itself is there already, and stays what it is.
    if (path === "") return;
    const parent = this.#findParent(parentOf(path));
    const name = baseOf(path);
    if (entry.type === "folder") {
      this.#makeFolder(parent, name, path, entry);
      return;
    }
    this.#makeWay(parent, name, path);
    if (entry.type === "file") this.#openFile(parent, name, path, entry);
    else if (entry.type === "link") this.#makeHardLink(parent, name, path, entry);
    else this.#makeOther(parent, name, path, entry, entry.type);
  }

  #makeFolder(parent: number, name: string, path: string, entry: TarEntry): void {
    const status = statusAt(parent, name);
    if (typeof status === "number") must(makeFolderAt(parent, name, 0o700), "mkdir", path);
    else if ((status.mode & S_IFMT) !== S.S_IFDIR) refuse("non-directory", path, "directory");
    this.#folders.set(path, entry);
  }

  /** What is replaced goes first; a folder is not. */
  #makeWay(parent: number, name: string, path: string): void {
    const status = statusAt(parent, name);
    if (typeof status === "number") return;
    if ((status.mode & S_IFMT) === S.S_IFDIR) refuse("directory", path, "non-directory");
    must(removeAt(parent, name), "unlink", path);
  }

  #openFile(parent: number, name: string, path: string, entry: TarEntry): void {
    const flags = O.O_WRONLY | O.O_CREAT | O.O_EXCL | O.O_NOFOLLOW;
    this.#file = { fd: must(openAt(parent, name, flags, 0o600), "open", path), entry, written: 0 };
  }

  #makeHardLink(parent: number, name: string, path: string, { linkName }: TarEntry): void {
    const target = cleanEntryPath(linkName);
    const folder = this.#open(parentOf(target));
    try {
      must(folder < 0 ? folder : linkAt(folder, baseOf(target), parent, name), "link", path);
    } finally {
      if (folder >= 0) closeFd(folder);
    }
  }

  #makeOther(
    parent: number,
    name: string,
    path: string,
    entry: TarEntry,
    type: "symlink" | "char" | "block" | "fifo",
  ): void {
    const { mode, major, minor, uid, gid } = entry;
    if (type === "symlink") must(makeLinkAt(entry.linkName, parent, name), "symlink", path);
    else {
      const device = makeDevice(major, minor) >>> 0;
      must(makeNodeAt(parent, name, NODE_TYPES[type] | (mode & 0o777), device), "mknod", path);
    }
    if (this.options.keepsOwners) must(setOwnerAt(parent, name, uid, gid), "chown", path);
    if (type !== "symlink") must(setModeAt(parent, name, mode), "chmod", path);
    must(setTime(parent, entry.seconds, entry.nanoseconds, name), "utimensat", path);
  }

  data(bytes: Uint8Array, offset: number): void {
    const file = this.#file;
    if (file !== undefined) writeContents(file, bytes, offset);
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    const { fd, entry } = file;
    try {
      completeContents(file);
      this.#finish(fd, entry);
    } finally {
      closeFd(fd);
    }
  }

  /** Order: a change of the owner takes special bits and capabilities away. */
  #finish(fd: number, entry: TarEntry): void {
    const { uid, gid, mode, name, seconds, nanoseconds } = entry;
    if (this.options.keepsOwners) must(setOwner(fd, uid, gid), "chown", name);
    must(setMode(fd, mode), "chmod", name);
    setAttributes(entry, (key, value) => setAttribute(fd, key, value));
    must(setTime(fd, seconds, nanoseconds), "utimensat", name);
  }

  /** Gives the folders what they are to have. To be called once, after the last entry. */
  finish(): void {
    for (const path of [...this.#folders.keys()].sort().reverse()) {
      const entry = this.#folders.get(path);
      const fd = this.#open(path);
      if (entry === undefined || fd < 0) continue;
      try {
        this.#finish(fd, entry);
      } finally {
        closeFd(fd);
      }
    }
  }

  /** Speed: entries of one folder follow each other. */
  #findParent(path: string): number {
    if (path === "") return this.#base;
    if (this.#parent?.path === path) return this.#parent.fd;
    let fd = this.#open(path);
    if (fd === -ENOENT) {
      this.#makeMissing(path);
      fd = this.#open(path);
    }
    must(fd, "open", path);
    if (this.#parent !== undefined) closeFd(this.#parent.fd);
    this.#parent = { path, fd };
    return fd;
  }

  #makeMissing(path: string): void {
    const above = parentOf(path);
    let fd = this.#open(above);
    if (fd === -ENOENT) {
      this.#makeMissing(above);
      fd = this.#open(above);
    }
    must(fd, "open", above);
    try {
      const result = makeFolderAt(fd, baseOf(path), 0o755);
      if (result !== -EEXIST) must(result, "mkdir", path);
    } finally {
      closeFd(fd);
    }
  }

  /** The open folder at a clean path below the archive's, or minus the errno. */
  #open(path: string): number {
    const { root, folder, followsLinks } = this.options;
    const flags = O.O_RDONLY | O.O_DIRECTORY;
    if (path === "") return openAt(this.#base, ".", flags);
    if (followsLinks) return openInside(root, `${folder}/${path}`, flags);
    return openInsideNoLinks(this.#base, path, flags);
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeFd(this.#file.fd);
    if (this.#parent !== undefined) closeFd(this.#parent.fd);
    closeFd(this.#base);
  }
}

function refuse(there: string, path: string, wanted: string): never {
  const shown = showByteString(path);
  throw new UserError(`cannot overwrite ${there} "${shown}" with ${wanted}`, undefined, 1);
}
