// The image store: what the engine's verbs see of it. See paths.ts for what is where on the disk.

import {
  fileType,
  listDirectory,
  makeDirectoryTree,
  removeFile,
  writeText,
} from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import { type Digest, digestHex, isDigest } from "../digest.ts";
import { removeTreeDeep } from "../layer/remove-tree.ts";
import { parseImageConfig, parseManifest } from "../parse-manifest.ts";
import {
  type Descriptor,
  type ImageConfig,
  type Index,
  isIndex,
  isIndexType,
  type Manifest,
  type Platform,
} from "../types.ts";
import { type BlobWriter, Blobs, type ExpectedBlob } from "./blobs.ts";
import { type LayerPath, Layers } from "./layers.ts";
import { checkContents, type CheckOptions, checkStore, type Finding } from "./check.ts";
import { claim, StoreLock } from "./locks.ts";
import { StorePaths } from "./paths.ts";
import { nameOf, References } from "./references.ts";
import { mark, sweep, type SweepResult } from "./sweep.ts";
import { Unpacking } from "./unpacking.ts";
import { measureUsage, type StoreUsage } from "./usage.ts";
import { matchesPlatform, thisPlatform } from "../platform.ts";

/** The most that a manifest, an index or a configuration may have: what registries accept. */
export const DOCUMENT_BYTES = 4 * 1024 * 1024;

/** An image as the store knows it. */
export interface StoredImage {
  /** The digest of its configuration, which docker calls the image's id. */
  readonly id: Digest;
  /** Its manifest; of an index, that for this machine. */
  readonly manifest: Descriptor;
  /** What its names stand for: the manifest, or an index with manifests for several platforms. */
  readonly top: Descriptor;
  /** Canonical: `docker.io/library/alpine:latest`. */
  readonly names: readonly string[];
}

export class ImageStore implements Disposable {
  readonly blobs: Blobs;
  readonly layers: Layers;
  readonly #references: References;
  readonly #lock: StoreLock;
  /** What was read already: what is behind a digest never changes, but may be taken away. */
  readonly #manifests = new Map<string, Manifest | Index>();
  readonly #configs = new Map<Digest, ImageConfig>();

  private constructor(readonly paths: StorePaths) {
    this.blobs = new Blobs(paths);
    this.layers = new Layers(paths, this.blobs);
    this.#references = new References(paths, this.blobs.staging);
    this.#lock = new StoreLock(paths, () => this.removeUnfinished());
  }

  /** The store below `root`, made where there is none: /var/lib/bunker, or $BUNKER_DATA. */
  static open(root: string): ImageStore {
    const paths = new StorePaths(root);
    if (fileType(`${paths.images}/oci-layout`) === 0) makeLayout(paths);
    return new ImageStore(paths);
  }

  /**
   * Keeps others from taking away what is not referenced yet, until release(), dispose or the end
   * of the process. ingest() does so by itself.
   */
  hold(): void {
    this.#lock.share();
  }

  /** Ends the hold; blobs that nothing names yet are given up. */
  release(): void {
    this.blobs.staging.discard();
    this.#lock.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  blobPath(digest: Digest): string {
    return this.blobs.path(digest);
  }

  /** Whether the blob is there. Race: hold() the store, or it may be gone when you come back. */
  hasBlob(digest: Digest): boolean {
    return this.blobs.has(digest);
  }

  /** A new blob to be written: `write(chunk)…`, then `commit()`; `abort()` or dispose for nothing. */
  ingest(expected: ExpectedBlob = {}): BlobWriter {
    this.hold();
    return this.blobs.ingest(expected);
  }

  /** Waits while others fetch the same blob: afterwards it may be there. */
  async claimBlob(digest: Digest, signal?: AbortSignal): Promise<Disposable> {
    this.hold();
    return await claim(this.paths, `blob-${digestHex(digest)}`, signal);
  }

  /** Stores a whole document. */
  ingestBytes(bytes: Uint8Array, expected: ExpectedBlob = {}): Digest {
    using writer = this.ingest(expected);
    writer.write(bytes);
    return writer.commit().digest;
  }

  /** The whole blob, verified. Throws UserError where it is missing, too large or damaged. */
  readBlob(digest: Digest, maxBytes: number): Uint8Array {
    return this.blobs.read(digest, maxBytes);
  }

  readManifest({ digest, mediaType }: Descriptor): Manifest | Index {
    const key = `${digest} ${mediaType}`;
    const known = this.#manifests.get(key);
    if (known !== undefined && this.hasBlob(digest)) return known;
    const manifest = parseManifest(this.readBlob(digest, DOCUMENT_BYTES), mediaType);
    this.#manifests.set(key, manifest);
    return manifest;
  }

  readConfig({ digest }: Descriptor): ImageConfig {
    const known = this.#configs.get(digest);
    if (known !== undefined && this.hasBlob(digest)) return known;
    const config = parseImageConfig(this.readBlob(digest, DOCUMENT_BYTES));
    this.#configs.set(digest, config);
    return config;
  }

  /** What each canonical name stands for. */
  references(): Map<string, Descriptor> {
    return this.#references.all();
  }

  /** Gives an image a name; the image that had it stays, nameless if it has no other. */
  setReference(name: string, descriptor: Descriptor): void {
    this.hold();
    this.#references.set(name, descriptor);
  }

  /** Keeps an image that has no name. */
  keepNameless(descriptor: Descriptor): void {
    this.hold();
    this.#references.keep(descriptor);
  }

  /** Takes a name away; its image stays. False where there is no such name. */
  removeReference(name: string): boolean {
    return this.#references.remove(name);
  }

  /** All that index.json has: names, and images without. Throws UserError where it is damaged. */
  entries(): readonly Descriptor[] {
    return this.#references.entries();
  }

  /** Takes an entry away. */
  dropEntry(entry: Descriptor): void {
    const name = nameOf(entry);
    this.#references.drop((each) => each.digest === entry.digest && nameOf(each) === name);
  }

  /** Takes an image away with all its names. What only it needed goes with the next sweep. */
  dropImage({ id }: StoredImage): void {
    this.#references.drop((entry) => this.#readEntry(entry)?.id === id);
  }

  /** Begins a damaged index.json anew, without any name. */
  rebuildIndex(): void {
    removeFile(this.paths.index);
  }

  /**
   * Takes away what no image needs, and what the dead left. undefined: others use the store, and it
   * will be for the next one to do. This process's own hold ends.
   * @param inUse images without an entry that are needed all the same, by their containers
   */
  sweep(inUse: readonly Descriptor[] = []): SweepResult | undefined {
    this.release();
    using alone = this.#lock.tryAlone();
    if (alone === undefined) return undefined;
    this.removeUnfinished();
    return sweep(mark([...this.entries(), ...inUse], this), this);
  }

  /** As sweep(), waiting for the others. Throws UserError where they take longer than that. */
  async sweepWaiting(timeoutMs: number, inUse: readonly Descriptor[] = []): Promise<SweepResult> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const result = this.sweep(inUse);
      if (result !== undefined) return result;
      if (Date.now() > deadline) throw busy();
      const { setTimeout: sleep } = process.getBuiltinModule("node:timers/promises");
      await sleep(LOCK_POLL_MS);
    }
  }

  /** What is damaged or left over. Throws UserError where it is to be mended while others use it. */
  check(options: CheckOptions): Finding[] {
    this.release();
    using alone = this.#lock.tryAlone();
    if (alone === undefined && options.repair) throw busy();
    return checkStore(this, { ...options, alone: alone !== undefined });
  }

  /** What of the unpacked layers is not as their blobs have it. */
  async checkContents(options: CheckOptions): Promise<Finding[]> {
    return await checkContents(this, options);
  }

  /** Takes damaged layers away; those that are gone. Throws UserError while others use the store. */
  removeLayers(chainIds: readonly Digest[]): readonly Digest[] {
    if (chainIds.length === 0) return [];
    this.release();
    using alone = this.#lock.tryAlone();
    if (alone === undefined) throw busy();
    for (const chainId of chainIds) this.layers.remove(chainId);
    return chainIds;
  }

  /** How much room the images take. */
  usage(): StoreUsage {
    return measureUsage(this.list(), this);
  }

  /** Every image whose manifest can be read, in the order of their first name. */
  list(): StoredImage[] {
    const images = new Map<Digest, StoredImage>();
    for (const entry of this.#references.entries()) {
      const image = this.#readEntry(entry);
      if (image === undefined) continue;
      const name = nameOf(entry);
      const names = [...(images.get(image.id)?.names ?? []), ...(name === undefined ? [] : [name])];
      images.set(image.id, { ...image, names });
    }
    return [...images.values()];
  }

  /**
   * The image that `text` means.
   * @param text a canonical name, a digest (of a configuration, manifest or index), or the start
   *   of an image's id in hexadecimal
   * @throws UserError where there is none, or several
   */
  resolve(text: string): StoredImage {
    const image = this.find(text);
    if (image !== undefined) return image;
    throw new UserError(`no such image: ${text}`, undefined, 125);
  }

  /** As resolve(); undefined where there is none. */
  find(text: string): StoredImage | undefined {
    const images = this.list();
    const named = images.find(({ names }) => names.includes(text));
    if (named !== undefined) return named;
    if (isDigest(text)) {
      const isMeant = ({ id, manifest, top }: StoredImage) =>
        id === text || manifest.digest === text || top.digest === text;
      return images.find(isMeant);
    }
    if (!/^[0-9a-f]{1,64}$/.test(text)) return undefined;
    const matching = images.filter(({ id }) => id.startsWith(`sha256:${text}`));
    if (matching.length <= 1) return matching[0];
    throw new UserError(`image id "${text}" is ambiguous: ${matching.length} images start with it`);
  }

  /**
   * The manifest behind a descriptor: of an index, the one for `platform`; without, the one for this
   * machine, or else the first of those that are here.
   */
  platformManifest(descriptor: Descriptor, platform?: Platform): Descriptor | undefined {
    if (!isIndexType(descriptor.mediaType)) return descriptor;
    const index = this.readManifest(descriptor);
    if (!isIndex(index)) return descriptor;
    const here = index.manifests.filter((each) => this.hasBlob(each.digest));
    const wanted = platform ?? thisPlatform();
    const found = here.find((each) => matchesPlatform(each.platform, wanted));
    if (found !== undefined || platform !== undefined) return found;
    // Attestations stand beside the images, as ones for no platform.
    return here.find((each) => each.platform?.os !== "unknown");
  }

  /** The image behind a descriptor that is for just that platform; undefined where none is here. */
  imageFor(top: Descriptor, platform: Platform): Pick<StoredImage, "id" | "manifest"> | undefined {
    const found = this.platformManifest(top, platform);
    const manifest = found && this.readManifest(found);
    if (found === undefined || manifest === undefined || isIndex(manifest)) return undefined;
    if (!matchesPlatform(this.readConfig(manifest.config), platform)) return undefined;
    return { id: manifest.config.digest, manifest: found };
  }

  /**
   * The unpacked layers of an image, the topmost first, as overlay's `lowerdir` wants them. Unpacks
   * what is missing. Throws UserError for a layer that cannot be, SyscallError.
   */
  async ensureLayers(image: { readonly manifest: Descriptor }): Promise<LayerPath[]> {
    const manifest = this.readManifest(image.manifest);
    if (isIndex(manifest)) throw new UserError("an index has no layers of its own");
    const unpacking = this.beginLayers(manifest, this.readConfig(manifest.config));
    for (const { digest } of manifest.layers) unpacking.ready(digest);
    return await unpacking.finish();
  }

  /** Unpacks an image's layers while its blobs come in: tell it of each that is complete. */
  beginLayers(manifest: Manifest, config: ImageConfig): Unpacking {
    return new Unpacking(this.layers, manifest.layers, config.rootfs.diff_ids, () => this.hold());
  }

  #readEntry(entry: Descriptor): StoredImage | undefined {
    try {
      const found = this.platformManifest(entry);
      if (found === undefined) return undefined;
      const manifest = this.readManifest(found);
      if (isIndex(manifest)) return undefined;
      return { id: manifest.config.digest, manifest: found, top: entry, names: [] };
    } catch (error) {
      // A damaged image must not hide the others; `system check` tells of it.
      if (error instanceof UserError) return undefined;
      throw error;
    }
  }

  /** Only while nobody else uses the store: what is there belongs to the dead. */
  removeUnfinished(): void {
    for (const { name } of listDirectory(this.paths.ingest) ?? []) {
      removeTreeDeep(`${this.paths.ingest}/${name}`);
    }
  }
}

const LOCK_POLL_MS = 50;

const busy = (): UserError =>
  new UserError(
    "the image store is in use by other bunker commands",
    "wait until their pulls, loads and commits have ended",
  );

/** Security: unpacked layers hold set-user-id programs of strangers, for root's eyes only. */
function makeLayout(paths: StorePaths): void {
  makeDirectoryTree(paths.root, 0o711);
  makeDirectoryTree(paths.images, 0o755);
  makeDirectoryTree(paths.blobs, 0o755);
  makeDirectoryTree(paths.layers, 0o700);
  makeDirectoryTree(paths.links, 0o700);
  makeDirectoryTree(paths.ingest, 0o700);
  writeText(`${paths.images}/oci-layout`, '{"imageLayoutVersion":"1.0.0"}\n');
}
