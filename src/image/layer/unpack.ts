// Unpacks a layer's archive into a folder in the form that overlay takes for a lower one.
//
// Security: what an archive says is a stranger's. Its paths are resolved by the kernel inside the
// layer's folder (openat2, RESOLVE_IN_ROOT), names are made and opened in an open folder without
// following a link, and nothing is opened that this archive has not made.

import { makeDevice } from "../../../ffi/calls/files.ts";
import { O, S } from "../../../ffi/constants.ts";
import { EEXIST, EINVAL, ELOOP, ENOENT, ENOTDIR, EPERM } from "../../../ffi/errno.ts";
import { geteuid } from "../../../ffi/identity.ts";
import { umask } from "../../../ffi/stat.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import {
  closeFd,
  linkAt,
  makeLinkAt,
  makeNodeAt,
  openAt,
  openFolder,
  openInsideNoLinks,
  setAttribute,
  setAttributeAt,
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
import { invalidArchive, type TarEntry, type TarSink } from "./tar-entry.ts";
import { TreePlaces } from "./tree-places.ts";

export interface UnpackOptions {
  /** An existing empty folder: the layer's. */
  readonly folder: string;
  /** An existing folder on the same file system, for what is replaced. */
  readonly trash: string;
  /** Whether whiteouts take away what is there, instead of being kept for overlay. */
  readonly appliesWhiteouts?: boolean;
}

/** Folders that no entry told of: they are to look as they do in the layers below. */
export type ImpliedFolders = readonly string[];

const WHITEOUT_PREFIX = ".wh.";
const OPAQUE_NAME = ".wh..wh..opq";
/** aufs kept its own things under such names. */
const RESERVED_PREFIX = ".wh..wh.";

const OPAQUE_ATTRIBUTE = "trusted.overlay.opaque";
/** What a user, or root of a user namespace, may set; for mounts with the option `userxattr`. */
const USER_OPAQUE_ATTRIBUTE = "user.overlay.opaque";

const SPECIAL_BITS = 0o7000;
const MAJOR_MAX = 0xfff;
const MINOR_MAX = 0xfffff;

const NODE_TYPES = { char: S.S_IFCHR, block: S.S_IFBLK, fifo: S.S_IFIFO } as const;

export class LayerUnpacker implements TarSink, Disposable {
  readonly #root: number;
  readonly #trash: number;
  readonly #places: TreePlaces;
  /** What the folders are to have once nothing changes in them any more. */
  readonly #folders = new Map<string, TarEntry>();
  readonly #implied = new Set<string>([""]);
  readonly #isRoot = geteuid() === 0;
  readonly #umask: number;
  readonly #appliesWhiteouts: boolean;
  #opaqueAttribute: string = OPAQUE_ATTRIBUTE;
  #file: OpenEntry | undefined;
  #fileBytes = 0;

  constructor(options: UnpackOptions) {
    this.#root = mustOpen(options.folder);
    this.#trash = mustOpen(options.trash);
    this.#umask = currentUmask();
    this.#appliesWhiteouts = options.appliesWhiteouts ?? false;
    const implied = (path: string) => this.#implied.add(path);
    const opaque = (folder: number, name: string) => this.#makeOpaque(folder, name);
    this.#places = new TreePlaces(this.#root, this.#trash, implied, opaque);
  }

  /** The sizes of all files and links, as docker adds an image's size up. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  entry(entry: TarEntry): void {
    const path = cleanEntryPath(entry.name);
    if (path === "") {
      // The root is there already; other types have nothing to say about it.
      if (entry.type === "folder") this.#remember("", entry);
      return;
    }
    const parent = this.#places.folder(parentOf(path));
    const name = baseOf(path);
    if (name.startsWith(WHITEOUT_PREFIX)) this.#whiteOut(parent, name, path);
    else if (entry.type === "file") {
      this.#fileBytes += entry.size;
      this.#openFile(parent, name, path, entry);
    } else this.#make(parent, name, path, entry);
  }

  #make(parent: number, name: string, path: string, entry: TarEntry): void {
    switch (entry.type) {
      case "folder":
        this.#places.makeFolder(parent, name, path);
        this.#remember(path, entry);
        return;
      case "symlink":
        this.#fileBytes += entry.linkName.length;
        this.#replacing(parent, name, path, "symlink", () =>
          makeLinkAt(entry.linkName, parent, name),
        );
        break;
      case "link":
        this.#hardLink(parent, name, path, entry);
        return;
      case "char":
      case "block":
      case "fifo":
        if (!this.#makeNode(parent, name, path, entry, entry.type)) return;
        break;
      case "file":
        return;
    }
    this.#finishNamed(parent, name, path, entry);
  }

  #remember(path: string, entry: TarEntry): void {
    this.#folders.set(path, entry);
    this.#implied.delete(path);
  }

  /** Makes something in a place; what is there already gives way, as the last entry counts. */
  #replacing(
    parent: number,
    name: string,
    path: string,
    syscall: string,
    make: () => number,
  ): number {
    let result = make();
    if (result === -EEXIST) {
      this.#places.clear(parent, name);
      result = make();
    }
    return must(result, syscall, path);
  }

  // ------------------------------------------------------------- files

  #openFile(parent: number, name: string, path: string, entry: TarEntry): void {
    const flags = O.O_WRONLY | O.O_CREAT | O.O_EXCL | O.O_NOFOLLOW;
    const mode = entry.mode & ~SPECIAL_BITS;
    const open = () => openAt(parent, name, flags, mode);
    this.#file = { fd: this.#replacing(parent, name, path, "open", open), entry, written: 0 };
  }

  data(bytes: Uint8Array, offset: number): void {
    const file = this.#file;
    // A whiteout with contents, or what took another place: nobody wants it.
    if (file !== undefined) writeContents(file, bytes, offset);
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    const { fd, entry } = file;
    try {
      completeContents(file);
      this.#finishOpen(fd, entry, (entry.mode & this.#umask) !== 0);
    } finally {
      closeFd(fd);
    }
  }

  /** Order: a change of the owner takes special bits and capabilities away, a write those, too. */
  #finishOpen(fd: number, entry: TarEntry, hasOtherMode: boolean): void {
    const { uid, gid, mode, name } = entry;
    const isOwned = this.#isRoot && (uid !== 0 || gid !== 0 || entry.type === "folder");
    if (isOwned) mustOwn(setOwner(fd, uid, gid), name, entry);
    if (hasOtherMode || (mode & SPECIAL_BITS) !== 0) must(setMode(fd, mode), "chmod", name);
    if (entry.attributes !== undefined) {
      setAttributes(entry, (key, value) => setAttribute(fd, key, value));
    }
    must(setTime(fd, entry.seconds, entry.nanoseconds), "utimensat", name);
  }

  // ------------------------------------------------------------- what has no contents

  /** Links, devices, fifos: by name, in a folder where nobody else is. */
  #finishNamed(parent: number, name: string, path: string, entry: TarEntry): void {
    const { uid, gid, mode } = entry;
    if (this.#isRoot && (uid !== 0 || gid !== 0)) {
      mustOwn(setOwnerAt(parent, name, uid, gid), path, entry);
    }
    if (entry.type !== "symlink" && (mode & (this.#umask | SPECIAL_BITS)) !== 0) {
      must(setModeAt(parent, name, mode), "chmod", path);
    }
    if (entry.attributes !== undefined) {
      setAttributes(entry, (key, value) => setAttributeAt(parent, name, key, value));
    }
    must(setTime(parent, entry.seconds, entry.nanoseconds, name), "utimensat", path);
  }

  /** False where this user may make no devices: without root's rights they could not be used. */
  #makeNode(
    parent: number,
    name: string,
    path: string,
    { mode, major, minor }: TarEntry,
    type: keyof typeof NODE_TYPES,
  ): boolean {
    if (major > MAJOR_MAX || minor > MINOR_MAX || major < 0 || minor < 0) {
      invalidArchive(`the device number of "${showByteString(path)}" is out of range`);
    }
    const device = makeDevice(major, minor) >>> 0;
    const bits = NODE_TYPES[type] | (mode & ~SPECIAL_BITS);
    let isForbidden = false;
    this.#replacing(parent, name, path, "mknod", () => {
      const result = makeNodeAt(parent, name, bits, device);
      isForbidden = result === -EPERM && type !== "fifo";
      return isForbidden ? 0 : result;
    });
    return !isForbidden;
  }

  #hardLink(parent: number, name: string, path: string, { linkName }: TarEntry): void {
    const target = cleanEntryPath(linkName);
    if (target === path) return;
    const link = () => {
      const folder = this.#places.find(parentOf(target));
      return folder < 0 ? folder : linkAt(folder, baseOf(target), parent, name);
    };
    let result = link();
    if (result === -EEXIST) {
      this.#places.clear(parent, name);
      result = link();
    }
    if (result === -ENOENT || result === -ENOTDIR || result === -ELOOP || target === "") {
      const shown = [path, target].map((each) => `"${showByteString(each)}"`);
      invalidArchive(`${shown[0]} is a hard link to ${shown[1]}, which is not there`);
    }
    must(result, "link", path);
  }

  // ------------------------------------------------------------- whiteouts

  #whiteOut(parent: number, name: string, path: string): void {
    if (name === OPAQUE_NAME) {
      if (this.#appliesWhiteouts) this.#places.clearFolder(parent);
      else this.#makeOpaque(parent, "");
      return;
    }
    if (name.startsWith(RESERVED_PREFIX)) return;
    const hidden = name.slice(WHITEOUT_PREFIX.length);
    if (hidden === "" || hidden === "." || hidden === "..") {
      invalidArchive(`"${showByteString(path)}" is a whiteout of nothing`);
    }
    if (this.#appliesWhiteouts) {
      this.#places.clear(parent, hidden);
      return;
    }
    const result = makeNodeAt(parent, hidden, S.S_IFCHR, 0);
    if (result === -EEXIST) this.#hideBelow(parent, hidden);
    else must(result, "mknod", path);
  }

  /** A whiteout beside an entry of its name speaks of the layers below only. */
  #hideBelow(parent: number, name: string): void {
    const status = statusAt(parent, name);
    const isFolder = typeof status !== "number" && (status.mode & 0o170000) === S.S_IFDIR;
    if (isFolder) this.#makeOpaque(parent, name);
  }

  /** @param name "" for the open folder itself */
  #makeOpaque(folder: number, name: string): void {
    let result = setAttributeAt(folder, name, this.#opaqueAttribute, YES);
    if (result === -EPERM && this.#opaqueAttribute === OPAQUE_ATTRIBUTE) {
      this.#opaqueAttribute = USER_OPAQUE_ATTRIBUTE;
      result = setAttributeAt(folder, name, this.#opaqueAttribute, YES);
    }
    must(result, "setxattr", name, this.#opaqueAttribute);
  }

  // ------------------------------------------------------------- the end

  /** Gives the folders what they are to have. To be called once, after the last entry. */
  finish(): ImpliedFolders {
    this.#places.forget();
    const deepestFirst = [...this.#folders.keys()].sort().reverse();
    for (const path of deepestFirst) {
      const entry = this.#folders.get(path);
      if (entry !== undefined) this.#finishFolder(path, entry);
    }
    for (const path of this.#implied) this.#finishImplied(path);
    return [...this.#implied];
  }

  #finishFolder(path: string, entry: TarEntry): void {
    const fd = openInsideNoLinks(this.#root, path, O.O_RDONLY | O.O_DIRECTORY);
    // A later entry took its place.
    if (fd === -ENOENT || fd === -ENOTDIR || fd === -ELOOP) return;
    must(fd, "open", path);
    try {
      this.#finishOpen(fd, entry, true);
    } finally {
      closeFd(fd);
    }
  }

  #finishImplied(path: string): void {
    const fd = openInsideNoLinks(this.#root, path, O.O_RDONLY | O.O_DIRECTORY);
    if (fd < 0) return;
    setMode(fd, 0o755);
    closeFd(fd);
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeFd(this.#file.fd);
    this.#file = undefined;
    this.#places[Symbol.dispose]();
    closeFd(this.#root);
    closeFd(this.#trash);
  }
}

const YES = new Uint8Array([0x79]);

function currentUmask(): number {
  const mask = umask(0o022);
  umask(mask);
  return mask;
}

function mustOpen(path: string): number {
  const fd = openFolder(path);
  if (fd < 0) throw new SyscallError("open", -fd, { path });
  return fd;
}

/** Kernel: EINVAL is all that a user namespace says of an id that it does not map. */
function mustOwn(result: number, path: string, { uid, gid }: TarEntry): void {
  if (result === -EINVAL) {
    throw new UserError(
      `"${showByteString(path)}" belongs to ${uid}:${gid}, which this user namespace does not map`,
      "give the user more ids in /etc/subuid and /etc/subgid",
    );
  }
  must(result, "chown", path, `${uid}:${gid}`);
}
