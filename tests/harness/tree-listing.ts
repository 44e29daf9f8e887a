// A tree of files as lines that can be compared: everything that an image keeps of each file.
import { createHash } from "node:crypto";
import {
  lstatSync,
  openSync,
  closeSync,
  readdirSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from "node:fs";
import { lgetxattr, llistxattr } from "../../ffi/xattr.ts";

const TYPES: Readonly<Record<number, string>> = {
  0o010000: "fifo",
  0o020000: "char",
  0o040000: "folder",
  0o060000: "block",
  0o100000: "file",
  0o120000: "symlink",
  0o140000: "socket",
};
const TYPE_BITS = 0o170000;
const READ_BYTES = 1 << 20;

/** By path: type, mode, owner, time, size, contents, target, device, attributes, fellow links. */
export type Tree = ReadonlyMap<string, string>;

export interface ListOptions {
  /** Times of folders change with what is done in them, and some tools do not set them back. */
  readonly folderTimes?: boolean;
}

/** Lists all that is below `root`, and itself as ".". */
export function listTree(root: string, { folderTimes = true }: ListOptions = {}): Tree {
  const tree = new Map<string, string>();
  const firstNames = new Map<bigint, string>();
  const visit = (path: string): void => {
    const full = path === "." ? root : `${root}/${path}`;
    const status = lstatSync(full, { bigint: true });
    const facts = describe(full, status, folderTimes);
    const isFolder = (Number(status.mode) & TYPE_BITS) === 0o040000;
    if (!isFolder && status.nlink > 1n) {
      const first = firstNames.get(status.ino) ?? path;
      firstNames.set(status.ino, first);
      facts.push(`link=${first}`);
    }
    tree.set(path, facts.join(" "));
    if (!isFolder) return;
    for (const name of readdirSync(full).sort()) visit(path === "." ? name : `${path}/${name}`);
  };
  visit(".");
  return tree;
}

function describe(path: string, status: BigIntStats, folderTimes: boolean): string[] {
  const type = TYPES[Number(status.mode) & TYPE_BITS] ?? "?";
  const mode = (Number(status.mode) & 0o7777).toString(8).padStart(4, "0");
  const facts = [type, mode, `${status.uid}:${status.gid}`];
  if (type !== "folder" || folderTimes) facts.push(`mtime=${status.mtimeNs / 1_000_000_000n}`);
  if (type === "file") facts.push(`size=${status.size}`, `sha256=${hashFile(path)}`);
  if (type === "symlink") facts.push(`to=${readlinkSync(path)}`);
  if (type === "char" || type === "block") facts.push(`device=${status.rdev}`);
  for (const name of llistxattr(path).sort()) {
    // Overlay's own are seen where a layer is looked at without it.
    if (name.startsWith("trusted.overlay.") || name === "security.selinux") continue;
    facts.push(`${name}=${Buffer.from(lgetxattr(path, name)).toString("hex")}`);
  }
  return facts;
}

function hashFile(path: string): string {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(READ_BYTES);
  const fd = openSync(path, "r");
  try {
    for (;;) {
      const count = readSync(fd, buffer);
      if (count === 0) return hash.digest("hex").slice(0, 16);
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}

/** What differs between two trees, a line each. */
export function compareTrees(wanted: Tree, got: Tree): string[] {
  const differences: string[] = [];
  for (const path of new Set([...wanted.keys(), ...got.keys()])) {
    const [left, right] = [wanted.get(path), got.get(path)];
    if (left === right) continue;
    if (right === undefined) differences.push(`${path}: missing (${left})`);
    else if (left === undefined) differences.push(`${path}: should not be there (${right})`);
    else differences.push(`${path}: ${right}\n    should be: ${left}`);
  }
  return differences;
}
