// A copy of a tree with everything that its files have: owners, modes, times, links, devices, extended
// attributes, names in any bytes. It goes the way of an image's layers, as an archive in memory.

import { makeDirectory } from "../../../ffi/files.ts";
import { removeTreeDeep } from "../../image/layer/remove-tree.ts";
import { TarReader } from "../../image/layer/tar-reader.ts";
import { LayerUnpacker } from "../../image/layer/unpack.ts";
import { writeTree } from "../../image/layer/write-tree.ts";

/**
 * Makes the folder `to`, which must not be there, with what is in `from`.
 * @throws SyscallError; what was copied so far stays
 */
export function copyFiles(from: string, to: string): void {
  const trash = `${to}.trash`;
  makeDirectory(to, 0o755);
  makeDirectory(trash, 0o700);
  try {
    using unpacker = new LayerUnpacker({ folder: to, trash });
    const reader = new TarReader(unpacker);
    writeTree(from, (bytes) => reader.push(bytes), { whiteouts: false, root: true });
    reader.finish();
    unpacker.finish();
  } finally {
    removeTreeDeep(trash);
  }
}
