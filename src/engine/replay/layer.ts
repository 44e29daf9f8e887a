// The writable layer of a replayed run of an image. Its agent makes it, with the details that say which
// image is in use; what a program has left in it, only this process can take away.

import { O } from "../../../ffi/constants.ts";
import { readVariable } from "../../../ffi/environment.ts";
import { Fd } from "../../../ffi/fd.ts";
import { listDirectory, openFile, removeTree } from "../../../ffi/files.ts";
import { flock, LOCK } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import type { UndoStack } from "../../container/undo-stack.ts";
import { removeTreeDeep } from "../../image/layer/remove-tree.ts";
import { DATA_VARIABLE } from "../data-folder.ts";
import type { KeptLayer, LaunchBasis } from "./kept.ts";

/**
 * Holds the image's store until the details are written, which is to be disposed then.
 * @param undo gets what takes the layer away
 */
export function takeLayer(
  layer: KeptLayer,
  { standInId }: LaunchBasis,
  id: string,
  undo: UndoStack,
): Disposable | "another host" {
  if (readVariable(DATA_VARIABLE) !== layer.data) return "another host";
  const hold = holdStore(layer, undo);
  undo.push(() => removeLayer(layer.folder.replaceAll(standInId, id)));
  return hold;
}

/** The same for who takes the layer away otherwise. */
export function holdStore(
  { locks, filled }: KeptLayer,
  undo: UndoStack,
): Disposable | "another host" {
  const held: Fd[] = [];
  const free = (): void => held.forEach((lock) => lock[Symbol.dispose]());
  undo.push(free);
  try {
    for (const path of locks) {
      const lock = new Fd(openFile(path, O.O_RDWR | O.O_CREAT, 0o600));
      held.push(lock);
      flock(lock.number, LOCK.LOCK_SH, path);
    }
  } catch (error) {
    if (isSyscallError(error)) return "another host";
    throw error;
  }
  for (const folder of filled) {
    if ((listDirectory(folder) ?? []).length === 0) return "another host";
  }
  return { [Symbol.dispose]: free };
}

/** Start-up: what most programs leave is little, and removed by its paths. */
function removeLayer(folder: string): void {
  try {
    removeTree(folder);
  } catch (error) {
    if (!isSyscallError(error)) throw error;
    removeTreeDeep(folder);
  }
}
