// A folder's tree → an archive: of everything (`export`), or of an overlay's upper folder as a layer,
// where what is removed is written as whiteouts (`commit`).
//
// Only one folder is open at a time, however deep the tree is: it is opened again once what is in
// one of its folders is written.

import { O, S } from "../../../ffi/constants.ts";
import { ENOENT, ENOTDIR } from "../../../ffi/errno.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import {
  closeFd,
  listAttributesAt,
  openAt,
  openFolder,
  openInsideNoLinks,
  readAt,
  readAttributeAt,
  readLinkAt,
  readNames,
  showByteString,
  statusAt,
  type TreeStatus,
} from "../../../ffi/tree.ts";
import { UserError } from "../../errors.ts";
import { CHUNK_BYTES } from "./decompress.ts";
import type { OwnerMap } from "./owner-map.ts";
import { type EntryType, type TarEntry } from "./tar-entry.ts";
import { PLAIN_ENTRY, TarWriter } from "./tar-writer.ts";
import { isOpaque, isWhiteoutStatus } from "./whiteouts.ts";

export interface WriteTreeOptions {
  /** Whether overlay's whiteouts and opaque folders are written as OCI has them. */
  readonly whiteouts: boolean;
  /** What is left out, by its path below the folder (a byte string), with what is below it. */
  readonly excludes?: (path: string, status: TreeStatus) => boolean;
  /** Whether the root of the tree has an entry itself; else it begins with what is in it. */
  readonly root?: boolean;
  /** The one name in the folder that is written, with what is below it; all of them unless said. */
  readonly only?: string;
  /** What a path is called in the archive. */
  readonly rename?: (path: string) => string;
  /** What its owners are called there. */
  readonly owners?: OwnerMap;
}

const S_IFMT = 0o170000;
const TYPES: ReadonlyMap<number, EntryType> = new Map([
  [S.S_IFREG, "file"],
  [S.S_IFDIR, "folder"],
  [S.S_IFLNK, "symlink"],
  [S.S_IFCHR, "char"],
  [S.S_IFBLK, "block"],
  [S.S_IFIFO, "fifo"],
]);

/** Writes the archive of `folder`, its end included. Throws SyscallError. */
export function writeTree(
  folder: string,
  write: (bytes: Uint8Array) => void,
  options: WriteTreeOptions,
): void {
  const root = openFolder(folder);
  if (root < 0) throw new SyscallError("open", -root, { path: folder });
  try {
    new TreeWriter(root, new TarWriter(write), options).writeAll();
  } finally {
    closeFd(root);
  }
}

class TreeWriter {
  /** The first path of each file that has several. */
  readonly #links = new Map<string, string>();
  readonly #buffer = new Uint8Array(CHUNK_BYTES);

  constructor(
    private readonly root: number,
    private readonly tar: TarWriter,
    private readonly options: WriteTreeOptions,
  ) {}

  writeAll(): void {
    if (this.options.root === true) {
      const status = statusAt(this.root, "");
      if (typeof status !== "number") this.#entry(this.root, "", ".", status);
    }
    this.#folder("");
    this.tar.finish();
  }

  /** Writes what is in a folder, each folder in it followed by what is in that: as GNU tar wants it. */
  #folder(path: string): void {
    let fd = this.#open(path);
    if (fd < 0) return;
    try {
      if (this.options.whiteouts && isOpaque(fd)) {
        this.tar.entry({ ...PLAIN_ENTRY, name: below(path, ".wh..wh..opq"), mode: 0 });
      }
      const { only } = this.options;
      const names = path === "" && only !== undefined ? [only] : readNames(fd).sort();
      for (const name of names) {
        const status = statusAt(fd, name);
        // Race: the container may run on.
        if (typeof status === "number") continue;
        const place = below(path, name);
        if (this.options.excludes?.(place, status) === true) continue;
        this.#entry(fd, name, place, status);
        if ((status.mode & S_IFMT) !== S.S_IFDIR) continue;
        closeFd(fd);
        fd = -1;
        this.#folder(place);
        fd = this.#open(path);
        if (fd < 0) return;
      }
    } finally {
      if (fd >= 0) closeFd(fd);
    }
  }

  /** The open folder, or minus the errno where it is gone. */
  #open(path: string): number {
    const fd = openInsideNoLinks(this.root, path, O.O_RDONLY | O.O_DIRECTORY);
    if (fd >= 0 || fd === -ENOENT || fd === -ENOTDIR) return fd;
    throw new SyscallError("open", -fd, { path: showByteString(path) });
  }

  #entry(folder: number, name: string, path: string, found: TreeStatus): void {
    const { owners } = this.options;
    const status =
      owners === undefined
        ? found
        : { ...found, uid: owners.uid(found.uid), gid: owners.gid(found.gid) };
    if (this.options.whiteouts && isWhiteoutStatus(status)) {
      const slash = path.lastIndexOf("/");
      const hidden = `${path.slice(0, slash + 1)}.wh.${path.slice(slash + 1)}`;
      this.tar.entry({ ...PLAIN_ENTRY, name: hidden, mode: 0 });
      return;
    }
    const { rename = sameName } = this.options;
    const type = TYPES.get(status.mode & S_IFMT);
    // Sockets are their processes' own.
    if (type === undefined) return;
    if (type !== "folder" && status.linkCount > 1) {
      const first = this.#links.get(status.inode);
      if (first !== undefined) {
        this.tar.entry({
          ...makeEntry(rename(path), "link", status),
          linkName: rename(first),
        });
        return;
      }
      this.#links.set(status.inode, path);
    }
    const attributes = this.#attributes(folder, name, path);
    const entry = { ...makeEntry(rename(path), type, status), ...attributes };
    if (type === "file") this.#file(folder, name, { ...entry, size: status.size });
    else if (type === "symlink") {
      this.tar.entry({ ...entry, linkName: readLinkAt(folder, name) ?? "" });
    } else this.tar.entry({ ...entry, major: status.major, minor: status.minor });
  }

  #attributes(folder: number, name: string, path: string): Pick<TarEntry, "attributes"> {
    const found = new Map<string, Uint8Array>();
    for (const key of listAttributesAt(folder, name).sort()) {
      // What a rename or a change of mode left is not all there: its mount must not do that.
      if (this.options.whiteouts && /^(trusted|user)\.overlay\.(redirect|metacopy)$/.test(key)) {
        throw new UserError(
          `"${showByteString(path)}" is only half in the upper folder (${key})`,
          "mount the overlay with redirect_dir=off,metacopy=off",
        );
      }
      if (!isCarried(key)) continue;
      const value = readAttributeAt(folder, name, key);
      if (value !== undefined) found.set(key, value);
    }
    return found.size === 0 ? {} : { attributes: found };
  }

  #file(folder: number, name: string, entry: TarEntry): void {
    const fd = openAt(folder, name, O.O_RDONLY | O.O_NOFOLLOW | O.O_NONBLOCK | O.O_NOCTTY);
    if (fd === -ENOENT) return;
    if (fd < 0) throw new SyscallError("open", -fd, { path: showByteString(entry.name) });
    try {
      this.tar.entry(entry);
      if (entry.size > 0) this.#contents(fd, entry);
    } finally {
      closeFd(fd);
    }
  }

  /** Race: the file may change meanwhile; it has the size that the header says. */
  #contents(fd: number, { size, name }: TarEntry): void {
    let offset = 0;
    while (offset < size) {
      const wanted = Math.min(this.#buffer.length, size - offset);
      const piece =
        wanted === this.#buffer.length ? this.#buffer : this.#buffer.subarray(0, wanted);
      const count = readAt(fd, piece, offset);
      if (count < 0) throw new SyscallError("read", -count, { path: showByteString(name) });
      if (count === 0) piece.fill(0);
      const got = count === 0 ? wanted : count;
      this.tar.data(piece.subarray(0, got));
      offset += got;
    }
    this.tar.end();
  }
}

const sameName = (path: string): string => path;

const below = (path: string, name: string): string => (path === "" ? name : `${path}/${name}`);

/** Overlay's own are no part of the files; labels are given by the machine that runs them. */
const isCarried = (key: string): boolean =>
  !/^(trusted|user)\.overlay\./.test(key) && key !== "security.selinux";

function makeEntry(path: string, type: EntryType, status: TreeStatus): TarEntry {
  return {
    ...PLAIN_ENTRY,
    name: path,
    type,
    mode: status.mode & 0o7777,
    uid: status.uid,
    gid: status.gid,
    seconds: status.seconds,
    nanoseconds: status.nanoseconds,
  };
}
