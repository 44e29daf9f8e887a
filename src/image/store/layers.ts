// Unpacked layers by their chain id: each is unpacked once, whoever uses it, and moves to its place
// when it is whole.
//
// A layer that was unpacked since the last boot may be hollow after a power cut, as nobody waited
// for the disk. So it says in which boot it was made; one of another boot is unpacked again, unless
// it was seen to be there long enough for the kernel to have written it.

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  listDirectory,
  openFile,
  readLink,
  readText,
  readTextIfThere,
  removeFile,
  renameFile,
} from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { statusAt } from "../../../ffi/tree.ts";
import { type Digest, digestOf } from "../digest.ts";
import { removeTreeDeep } from "../layer/remove-tree.ts";
import type { Descriptor } from "../types.ts";
import type { Blobs } from "./blobs.ts";
import type { LayerMaker } from "./layer-maker.ts";
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

/** What a layer needs of the image that it is unpacked for. */
export interface Surroundings {
  /** The layers below it, the topmost first; asked for once it is unpacked. */
  readonly lowers: () => Promise<readonly LayerPath[]>;
  /** Does the work when it is its turn. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

const WRITTEN_AFTER_MS = 120_000;

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
    if (boot !== this.currentBoot()) return false;
    if (Date.now() - changedMs(`${folder}/boot`) > WRITTEN_AFTER_MS) {
      tryRemove(`${folder}/boot`);
    }
    return true;
  }

  currentBoot(): string {
    return (this.#boot ??= readText("/proc/sys/kernel/random/boot_id"));
  }

  /** The layer, unpacked from its blob where it is not there yet. */
  async ensure(
    chainId: Digest,
    diffId: Digest,
    blob: Descriptor,
    surroundings: Surroundings,
  ): Promise<LayerPath> {
    return this.find(chainId) ?? (await this.#maker()).make(chainId, diffId, blob, surroundings);
  }

  /** What of an unpacked layer is not as its blob has it, a line each. Throws UserError for the blob. */
  async verify(layer: LayerPath, blob: Descriptor): Promise<string[]> {
    return (await this.#maker()).verify(layer, blob);
  }

  /** Start-up: what reads archives is loaded where there is one to be read. */
  async #maker(): Promise<LayerMaker> {
    const { LayerMaker: Maker } = await import("./layer-maker.ts");
    return new Maker(this.paths, this.blobs, this);
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
