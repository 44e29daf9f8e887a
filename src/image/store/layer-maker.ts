// How a layer gets unpacked: from its blob into a folder of its own, and from there to its place.

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  fileType,
  listDirectory,
  makeDirectory,
  makeSymlink,
  openFile,
  renameFile,
  writeText,
} from "../../../ffi/files.ts";
import { closeFd, openFolder } from "../../../ffi/tree.ts";
import { read } from "../../../ffi/unistd.ts";
import { UserError } from "../../errors.ts";
import { type Digest, digestHex } from "../digest.ts";
import { CHUNK_BYTES, detectCompression } from "../layer/decompress.ts";
import { adoptImplied } from "../layer/implied-folders.ts";
import { removeTreeDeep } from "../layer/remove-tree.ts";
import { type Unpacked, unpackStream } from "../layer/unpack-stream.ts";
import type { Descriptor } from "../types.ts";
import type { Blobs } from "./blobs.ts";
import type { LayerPath, Layers, Surroundings } from "./layers.ts";
import { claim } from "./locks.ts";
import type { StorePaths } from "./paths.ts";

const LINK_RADIX = 36;

/** A layer that is unpacked, but in no stack yet. */
interface Unplaced {
  /** Its folder in ingest/, with `diff` in it. */
  readonly folder: string;
  readonly unpacked: Unpacked;
}

export class LayerMaker {
  constructor(
    private readonly paths: StorePaths,
    private readonly blobs: Blobs,
    private readonly layers: Layers,
  ) {}

  /** The layer; of several that want the same one, one makes it. */
  async make(
    chainId: Digest,
    diffId: Digest,
    blob: Descriptor,
    { lowers, inTurn }: Surroundings,
  ): Promise<LayerPath> {
    // Race: whoever else wants the same layer waits, and finds it.
    using _claim = await claim(this.paths, digestHex(chainId));
    const found = this.layers.find(chainId);
    if (found !== undefined) return found;
    const unplaced = await inTurn(() => this.#unpackBlob(blob));
    try {
      if (unplaced.unpacked.diffId !== diffId) {
        throw new UserError(
          `layer ${blob.digest} is not what the image's configuration says: ` +
            `it unpacks to ${unplaced.unpacked.diffId}, not ${diffId}`,
        );
      }
      const below = await lowers();
      return this.#place(chainId, unplaced, below);
    } catch (error) {
      removeTreeDeep(unplaced.folder);
      throw error;
    }
  }

  async #unpackBlob(blob: Descriptor): Promise<Unplaced> {
    // Race: a blob that waits for its place may get it meanwhile, under another name.
    using file = this.#openBlob(blob);
    const compression = detectCompression(readStart(file));
    const folder = this.#makeFolder();
    try {
      // Start-up time: loaded where there is something to unpack.
      const { createReadStream } = process.getBuiltinModule("node:fs");
      const fd = file.release();
      const source = createReadStream("", { fd, start: 0, highWaterMark: CHUNK_BYTES });
      const options = { folder: `${folder}/diff`, trash: `${folder}/trash` };
      // Without compression the blob's digest is the diffID.
      const isKnown = compression === "none" && this.blobs.verified.has(blob.digest);
      const known = isKnown ? blob.digest : undefined;
      const unpacked = await unpackStream(source, compression, options, known);
      removeTreeDeep(`${folder}/trash`);
      return { folder, unpacked };
    } catch (error) {
      removeTreeDeep(folder);
      if (!(error instanceof UserError)) throw error;
      const message = `cannot unpack layer ${blob.digest}: ${error.message}`;
      throw new UserError(message, error.hint, error.exitCode, { cause: error });
    }
  }

  #openBlob({ digest }: Descriptor): Fd {
    if (this.blobs.has(digest)) return new Fd(openFile(this.blobs.path(digest), O.O_RDONLY));
    throw new UserError(`layer ${digest} is missing in the store`, "pull or load the image again");
  }

  /** What of an unpacked layer is not as its blob has it, a line each. Throws UserError for the blob. */
  async verify({ path }: LayerPath, blob: Descriptor): Promise<string[]> {
    using file = this.#openBlob(blob);
    const compression = detectCompression(readStart(file));
    const { createReadStream } = process.getBuiltinModule("node:fs");
    const { verifyStream } = await import("../layer/verify.ts");
    const root = openFolder(path);
    if (root < 0) return ["its folder is missing"];
    try {
      const fd = file.release();
      const source = createReadStream("", { fd, start: 0, highWaterMark: CHUNK_BYTES });
      return await verifyStream(source, compression, root);
    } finally {
      closeFd(root);
    }
  }

  /** A folder for a layer to be, in ingest/. */
  #makeFolder(): string {
    const folder = this.paths.unfinished();
    makeDirectory(folder, 0o700);
    makeDirectory(`${folder}/diff`, 0o755);
    makeDirectory(`${folder}/trash`, 0o700);
    return folder;
  }

  #place(chainId: Digest, { folder, unpacked }: Unplaced, lowers: readonly LayerPath[]): LayerPath {
    const lowerPaths = lowers.map(({ path }) => path);
    adoptImplied(`${folder}/diff`, unpacked.implied, lowerPaths);
    const link = this.#takeLink(chainId);
    writeText(`${folder}/id`, link);
    writeText(`${folder}/size`, String(unpacked.size));
    writeText(`${folder}/boot`, this.layers.currentBoot());
    const place = this.paths.layer(chainId);
    // One that cannot be trusted may be in the place.
    if (fileType(place) !== 0) this.layers.remove(chainId);
    renameFile(folder, place);
    return { chainId, path: `${place}/diff`, link };
  }

  /** Order: the link before the layer, so that a layer always has one; a sweep takes the others. */
  #takeLink(chainId: Digest): string {
    const target = `../${digestHex(chainId)}/diff`;
    let next = (listDirectory(this.paths.links) ?? []).length;
    for (;;) {
      const name = next.toString(LINK_RADIX);
      if (makeSymlink(target, `${this.paths.links}/${name}`)) return name;
      next += 1;
    }
  }
}

function readStart(file: Fd): Uint8Array {
  const start = new Uint8Array(4);
  read(file.number, start);
  return start;
}
