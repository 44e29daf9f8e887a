// A layer's bytes as they come → an unpacked folder and its diffID: decompression beside hashing and
// unpacking.

import type { Readable } from "node:stream";
import { type Digest, DigestHasher } from "../digest.ts";
import type { Compression } from "../types.ts";
import { decompress, explainingDamage } from "./decompress.ts";
import { TarReader } from "./tar-reader.ts";
import { type ImpliedFolders, LayerUnpacker, type UnpackOptions } from "./unpack.ts";

export interface Unpacked {
  /** The digest of the archive without its compression. */
  readonly diffId: Digest;
  readonly implied: ImpliedFolders;
  /** Of all its files, in bytes. */
  readonly size: number;
}

/**
 * @param known the diffID, where that needs no finding out
 * @throws UserError for what is no layer, SyscallError; what was unpacked so far stays there
 */
export async function unpackStream(
  source: Readable,
  compression: Compression,
  options: UnpackOptions,
  known?: Digest,
): Promise<Unpacked> {
  using unpacker = new LayerUnpacker(options);
  const reader = new TarReader(unpacker);
  const hasher =
    known === undefined ? new DigestHasher() : { update: () => undefined, digest: () => known };
  await explainingDamage("the layer", async () => {
    for await (const chunk of decompress(source, compression)) {
      if (!(chunk instanceof Uint8Array)) throw new Error("a stream of texts");
      hasher.update(chunk);
      reader.push(chunk);
    }
  });
  reader.finish();
  return { diffId: hasher.digest(), implied: unpacker.finish(), size: unpacker.fileBytes };
}
