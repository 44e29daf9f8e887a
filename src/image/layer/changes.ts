// What a container changed: its overlay's upper folder compared with the layers below it.

import { O, S } from "../../../ffi/constants.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import {
  closeFd,
  openFolder,
  openInsideNoLinks,
  readNames,
  showByteString,
  statusAt,
} from "../../../ffi/tree.ts";
import { isOpaque, isWhiteoutStatus } from "./whiteouts.ts";

export interface Change {
  /** Added, changed, deleted: docker's letters. */
  readonly kind: "A" | "C" | "D";
  /** Absolute, as in the container. */
  readonly path: string;
}

const S_IFMT = 0o170000;

/**
 * The changes, in the order of their paths.
 * @param lowers the folders of the layers, the topmost first
 */
export function listChanges(upper: string, lowers: readonly string[]): Change[] {
  const roots: number[] = [];
  try {
    for (const path of [upper, ...lowers]) {
      const fd = openFolder(path);
      if (fd < 0) throw new SyscallError("open", -fd, { path });
      roots.push(fd);
    }
    const [root = -1, ...below] = roots;
    const found: Change[] = [];
    collect(root, "", below, found);
    return found.sort((a, b) => (a.path < b.path ? -1 : 1));
  } finally {
    for (const fd of roots) closeFd(fd);
  }
}

function collect(root: number, folder: string, below: readonly number[], found: Change[]): void {
  const folders: string[] = [];
  const fd = openInsideNoLinks(root, folder, O.O_RDONLY | O.O_DIRECTORY);
  if (fd < 0) return;
  try {
    for (const name of readNames(fd)) {
      const status = statusAt(fd, name);
      if (typeof status === "number") continue;
      const path = folder === "" ? name : `${folder}/${name}`;
      const isFolder = (status.mode & S_IFMT) === S.S_IFDIR;
      const kind = isWhiteoutStatus(status) ? "D" : existsBelow(path, below) ? "C" : "A";
      found.push({ kind, path: `/${showByteString(path)}` });
      if (isFolder) folders.push(path);
    }
  } finally {
    closeFd(fd);
  }
  for (const path of folders) collect(root, path, below, found);
}

/** Whether the layers together show something at a path. */
function existsBelow(path: string, below: readonly number[]): boolean {
  const parts = path.split("/");
  for (const root of below) {
    const answer = lookUp(root, parts);
    if (answer !== "ask below") return answer === "there";
  }
  return false;
}

function lookUp(root: number, parts: readonly string[]): "there" | "gone" | "ask below" {
  let place = "";
  let hidesBelow = false;
  for (const [i, part] of parts.entries()) {
    const fd = openInsideNoLinks(root, place, O.O_RDONLY | O.O_DIRECTORY);
    if (fd < 0) return hidesBelow ? "gone" : "ask below";
    try {
      hidesBelow ||= isOpaque(fd);
      const status = statusAt(fd, part);
      if (typeof status === "number") return hidesBelow ? "gone" : "ask below";
      if (isWhiteoutStatus(status)) return "gone";
      if (i === parts.length - 1) return "there";
      if ((status.mode & S_IFMT) !== S.S_IFDIR) return "gone";
    } finally {
      closeFd(fd);
    }
    place = place === "" ? part : `${place}/${part}`;
  }
  return "there";
}
