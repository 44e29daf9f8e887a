// What an image has at a volume's place becomes the volume's first content, as docker has it.

import { O, RESOLVE } from "../../../ffi/constants.ts";
import { open, openat2 } from "../../../ffi/fcntl.ts";
import type { Fd } from "../../../ffi/fd.ts";
import { listDirectory, renameFile } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { removeTreeDeep } from "../../image/layer/remove-tree.ts";
import { copyFiles } from "../storage/copy-files.ts";

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
  removeTreeDeep(copy);
  removeTreeDeep(`${copy}.trash`);
  copyFiles(`/proc/self/fd/${source.number}/.`, copy);
  renameFile(copy, data);
}

/** Whether there is anything at `target` in the image that an empty volume would be filled with. */
export function hasContent(root: string, target: string): boolean {
  using source = openInside(root, target);
  if (source === undefined) return false;
  return (listDirectory(`/proc/self/fd/${source.number}`) ?? []).length > 0;
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
