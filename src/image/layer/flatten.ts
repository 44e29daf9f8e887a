// A stack of layers as plain files in one folder: what a container gets where overlay cannot be
// mounted. It costs the time and the room of a copy.

import { makeDirectory } from "../../../ffi/files.ts";
import { removeTreeDeep } from "./remove-tree.ts";
import { TarReader } from "./tar-reader.ts";
import { LayerUnpacker } from "./unpack.ts";
import { writeTree } from "./write-tree.ts";

/**
 * Copies the layers' files, one layer over the other.
 * @param layers their folders, the topmost first
 * @param folder an existing empty folder; beside it `FOLDER.trash` is made and removed again
 * @throws SyscallError; what was copied so far stays there
 */
export function flattenLayers(layers: readonly string[], folder: string): void {
  const trash = `${folder}.trash`;
  makeDirectory(trash, 0o700);
  try {
    for (const layer of layers.toReversed()) {
      using unpacker = new LayerUnpacker({ folder, trash, appliesWhiteouts: true });
      const reader = new TarReader(unpacker);
      writeTree(layer, (bytes) => reader.push(bytes), { whiteouts: true, root: true });
      reader.finish();
      unpacker.finish();
    }
  } finally {
    removeTreeDeep(trash);
  }
}
