// The folder of a container that has gone, kept for the next one.
//
// Kernel: ext4 that is mounted with `discard` tells the disk of a folder's one block before rmdir(2) comes
// back, which takes 0.3 to 5 ms. On tmpfs, where /run mostly is, it takes nothing, and none is kept.

import { listDirectory, moveUnlessThere } from "../../ffi/files.ts";

/** Keeps an empty folder. False where it is to be removed: there is one already, or it is not empty. */
export function keepSpare(folder: string, spare: string): boolean {
  return listDirectory(folder)?.length === 0 && moveUnlessThere(folder, spare);
}
