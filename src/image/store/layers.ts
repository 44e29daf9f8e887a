// Unpacked layers by their chain id: each is unpacked once, whoever uses it, and moves to its place
// when it is whole.
//
// A layer that was unpacked since the last boot may be hollow after a power cut, as nobody waited
// for the disk. So it says in which boot it was made; one of another boot is unpacked again, unless
// it was seen to be there long enough for the kernel to have written it.

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  fileType,
  listDirectory,
  makeDirectory,
  makeSymlink,
  openFile,
  readLink,
  readText,
  readTextIfThere,
  removeFile,
  renameFile,
  writeText,
} from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { closeFd, openFolder, statusAt } from "../../../ffi/tree.ts";
import { read } from "../../../ffi/unistd.ts";
import { UserError } from "../../errors.ts";
import { type Digest, digestHex, digestOf } from "../digest.ts";
import { CHUNK_BYTES, detectCompression } from "../layer/decompress.ts";
import { adoptImplied } from "../layer/implied-folders.ts";
import { removeTreeDeep } from "../layer/remove-tree.ts";
import { type Unpacked, unpackStream } from "../layer/unpack-stream.ts";
import type { Descriptor } from "../types.ts";
import type { Blobs } from "./blobs.ts";
import { claim } from "./locks.ts";
import type { StorePaths } from "./paths.ts";

/** An unpacked layer. */
export interface LayerPath {
  readonly chainId: Digest;
  /** Its folder. */
  readonly path: string;
  /** A name of a few letters for it, relative to StorePaths.links. */
  readonly link: string;
}

/** The ids of the stacks that end with each layer, the lowest first. */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return chain;
}

/** A layer that is unpacked, but in no stack yet. */
interface Unplaced {
  /** Its folder in ingest/, with `diff` in it. */
  readonly folder: string;
  readonly unpacked: Unpacked;
}

/** What a layer needs of the image that it is unpacked for. */
export interface Surroundings {
  /** The layers below it, the topmost first; asked for once it is unpacked. */
  readonly lowers: () => Promise<readonly LayerPath[]>;
  /** Does the work when it is its turn. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

const WRITTEN_AFTER_MS = 120_000;
const LINK_RADIX = 36;

export class Layers {
  #boot: string | undefined;

  constructor(
    private readonly paths: StorePaths,
    private readonly blobs: Blobs,
  ) {}

  /** The layer, where it is there and can be trusted. */
  find(chainId: Digest): LayerPath | undefined {
    const folder = this.paths.layer(chainId);
    const link = readTextIfThere(`${folder}/id`);
    if (link === undefined || !this.#isWritten(folder)) return undefined;
    return { chainId, path: `${folder}/diff`, link };
  }

  list(): Digest[] {
    const found = (listDirectory(this.paths.layers) ?? []).filter(({ name }) => name.length === 64);
    return found.map(({ name }): Digest => `sha256:${name}`);
  }

  #isWritten(folder: string): boolean {
    const boot = readTextIfThere(`${folder}/boot`);
    if (boot === undefined) return true;
    if (boot !== this.#currentBoot()) return false;
    if (Date.now() - changedMs(`${folder}/boot`) > WRITTEN_AFTER_MS) {
      tryRemove(`${folder}/boot`);
    }
    return true;
  }

  #currentBoot(): string {
    return (this.#boot ??= readText("/proc/sys/kernel/random/boot_id"));
  }

  /** The layer, unpacked from its blob where it is not there yet. */
  async ensure(
    chainId: Digest,
    diffId: Digest,
    blob: Descriptor,
    { lowers, inTurn }: Surroundings,
  ): Promise<LayerPath> {
    const before = this.find(chainId);
    if (before !== undefined) return before;
    // Race: whoever else wants the same layer waits, and finds it.
    using _claim = await claim(this.paths, digestHex(chainId));
    const found = this.find(chainId);
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
    writeText(`${folder}/boot`, this.#currentBoot());
    const place = this.paths.layer(chainId);
    // One that cannot be trusted may be in the place.
    if (fileType(place) !== 0) this.remove(chainId);
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

  /** What its archive had, in bytes; what it takes on the disk is near that. */
  size(chainId: Digest): number {
    return Number(readTextIfThere(`${this.paths.layer(chainId)}/size`) ?? 0);
  }

  /** Takes a layer away: its name first, so that nobody finds the half of it. */
  remove(chainId: Digest): void {
    const place = this.paths.layer(chainId);
    const link = readTextIfThere(`${place}/id`);
    const gone = this.paths.unfinished();
    renameFile(place, gone);
    if (link !== undefined && link !== "") removeFile(`${this.paths.links}/${link}`);
    removeTreeDeep(gone);
  }

  /** Takes the short links away whose layer is not there, or has another. */
  removeStaleLinks(): void {
    for (const { name } of listDirectory(this.paths.links) ?? []) {
      const layer = readLink(`${this.paths.links}/${name}`)?.split("/")[1] ?? "";
      if (readTextIfThere(`${this.paths.layers}/${layer}/id`) === name) continue;
      removeFile(`${this.paths.links}/${name}`);
    }
  }
}

function changedMs(path: string): number {
  using fd = new Fd(openFile(path, O.O_RDONLY | O.O_CLOEXEC));
  const status = statusAt(fd.number, "");
  return typeof status === "number" ? 0 : status.seconds * 1000;
}

function tryRemove(path: string): void {
  try {
    removeFile(path);
  } catch (error) {
    // On a store that is mounted read-only it stays.
    if (!isSyscallError(error)) throw error;
  }
}

function readStart(file: Fd): Uint8Array {
  const start = new Uint8Array(4);
  read(file.number, start);
  return start;
}
