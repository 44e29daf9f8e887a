// Folders that a layer has though no entry of its archive told of them: they look as they do in the
// layers below, which they would otherwise change for the container.

import { O } from "../../../ffi/constants.ts";
import { geteuid } from "../../../ffi/identity.ts";
import {
  closeFd,
  openFolder,
  openInsideNoLinks,
  setMode,
  setOwner,
  setTime,
  statusAt,
  type TreeStatus,
} from "../../../ffi/tree.ts";
import type { ImpliedFolders } from "./unpack.ts";

/** @param lowers the folders of the layers below, the topmost first */
export function adoptImplied(
  folder: string,
  implied: ImpliedFolders,
  lowers: readonly string[],
): void {
  if (implied.length === 0 || lowers.length === 0) return;
  const root = openFolder(folder);
  const below = lowers.map((path) => openFolder(path));
  try {
    for (const path of implied) adopt(root, path, below);
  } finally {
    for (const fd of [root, ...below]) if (fd >= 0) closeFd(fd);
  }
}

function adopt(root: number, path: string, below: readonly number[]): void {
  const status = findBelow(path, below);
  if (status === undefined) return;
  const fd = openInsideNoLinks(root, path, O.O_RDONLY | O.O_DIRECTORY);
  if (fd < 0) return;
  if (geteuid() === 0) setOwner(fd, status.uid, status.gid);
  setMode(fd, status.mode & 0o7777);
  setTime(fd, status.seconds, status.nanoseconds);
  closeFd(fd);
}

function findBelow(path: string, below: readonly number[]): TreeStatus | undefined {
  for (const root of below) {
    const fd = openInsideNoLinks(root, path, O.O_PATH | O.O_DIRECTORY);
    if (fd < 0) continue;
    const status = statusAt(fd, "");
    closeFd(fd);
    if (typeof status !== "number") return status;
  }
  return undefined;
}
