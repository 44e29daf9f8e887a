// An image from a registry into the store: its manifest, then what of its blobs is missing.
import { UserError } from "../../errors.ts";
import { parseManifest } from "../parse-manifest.ts";
import { formatPlatform, matchesPlatform, thisPlatform } from "../platform.ts";
import {
  canonicalName,
  formatFamiliar,
  formatReference,
  familiarName,
  type Reference,
  withDefaultTag,
} from "../reference.ts";
import type { ImageStore } from "../store/store.ts";
import {
  type Descriptor,
  type Index,
  isIndex,
  isIndexType,
  type Manifest,
  MEDIA_TYPE,
  type Platform,
} from "../types.ts";
import type { RegistryClient } from "./client.ts";
import { downloadBlob } from "./download.ts";
import { RegistryError } from "./error.ts";
import { DEFAULT_LIMITS, type RegistryLimits } from "./limits.ts";
import { type FetchedManifest, fetchManifest, headManifest, listTags } from "./manifests.ts";
import { forEachParallel } from "./parallel.ts";
import type { BlobPhase, BlobProgress } from "./progress.ts";
import { openClients, type RegistryOptions } from "./session.ts";

export interface PulledImage {
  /** What the store has it under: "docker.io/library/alpine:latest". */
  readonly name: string;
  /** What the name stands for: the manifest, or an index that it is in. */
  readonly top: Descriptor;
  readonly manifest: Descriptor;
  /** False where it was there already. */
  readonly isNew: boolean;
}

/**
 * Pulls an image and gives it its name in the store. The registry is always asked whether it has a
 * newer one, by one request where it has not. Throws UserError, RegistryError.
 */
export async function pullImage(
  given: Reference,
  options: RegistryOptions,
  store: ImageStore,
): Promise<PulledImage> {
  const reference = withDefaultTag(given);
  // Race: without it, a prune could take a layer that is there before the image has its name.
  store.hold();
  const clients = openClients(reference.domain, reference.path, options);
  for (const [index, client] of clients.entries()) {
    const isLast = index === clients.length - 1;
    try {
      return await new Pull(reference, client, options, store).run();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isLast || !(error instanceof RegistryError)) throw explain(error, reference);
      options.progress.message(`mirror ${client.endpoint.domain}: ${error.message}`);
    }
  }
  throw new Error("a registry without an endpoint");
}

/** All tags of a repository, as `pull --all-tags` wants them. Throws UserError, RegistryError. */
export async function listRemoteTags(
  reference: Reference,
  options: RegistryOptions,
): Promise<string[]> {
  const client = openClients(reference.domain, reference.path, options).at(-1);
  if (client === undefined) return [];
  try {
    return await listTags(client, reference.path);
  } catch (error) {
    throw explain(error, reference);
  }
}

/** Docker's words for what goes wrong most often. */
function explain(error: unknown, reference: Reference): unknown {
  if (!(error instanceof RegistryError)) return error;
  const { status, code, hint } = error;
  const name = familiarName(reference);
  const details = { status: status ?? 0, code, hint, cause: error };
  if (status === 404 || code === "MANIFEST_UNKNOWN") {
    const what = formatFamiliar(reference);
    return new RegistryError(`manifest for ${what} not found`, details);
  }
  if (status === 401 || status === 403 || code === "DENIED") {
    const why = "repository does not exist or may require 'bunker login'";
    return new RegistryError(`pull access denied for ${name}, ${why}`, details);
  }
  return error;
}

/** A manifest or an index with what it says. */
interface Fetched extends FetchedManifest {
  readonly document: Manifest | Index;
}

/** One pull from one registry. */
class Pull {
  readonly #path: string;
  readonly #name: string;
  readonly #platform: Platform;

  constructor(
    private readonly reference: Reference,
    private readonly client: RegistryClient,
    private readonly options: RegistryOptions,
    private readonly store: ImageStore,
  ) {
    this.#path = reference.path;
    // As docker has it, a digest leaves the tag without meaning.
    const { tag: _tag, ...byDigest } = reference;
    this.#name = formatReference(reference.digest === undefined ? reference : byDigest);
    this.#platform = options.platform ?? thisPlatform();
  }

  async run(): Promise<PulledImage> {
    const here = await this.#findHere();
    if (here === undefined) return this.#bring();
    this.#announce();
    return { ...here, name: this.#name, isNew: false };
  }

  #announce(): void {
    const label = this.reference.tag ?? canonicalName(this.reference);
    this.options.progress.message(`${label}: Pulling from ${this.#shortPath()}`);
  }

  async #bring(): Promise<PulledImage> {
    const { digest, tag = "" } = this.reference;
    const top = await this.#fetch(digest ?? tag);
    this.#announce();
    const { fetched, manifest } = await this.#choose(top);
    await this.#fetchConfig(manifest.config);
    await this.#fetchLayers(manifest);
    for (const { descriptor, bytes } of new Set([fetched, top])) this.#keep(descriptor, bytes);
    // What another machine's index stands for here is nothing: only the image asked for was pulled.
    const isOwn = this.options.platform === undefined || this.#isThisMachines();
    const named = isOwn ? top.descriptor : fetched.descriptor;
    this.store.setReference(this.#name, named);
    return { name: this.#name, top: named, manifest: fetched.descriptor, isNew: true };
  }

  #shortPath(): string {
    const { domain, path } = this.reference;
    return domain === "docker.io" ? path : familiarName({ domain, path }).slice(domain.length + 1);
  }

  #isThisMachines(): boolean {
    return matchesPlatform(thisPlatform(), this.#platform);
  }

  /** The image of this name in the store, where the registry has no other and nothing is missing. */
  async #findHere(): Promise<Pick<PulledImage, "top" | "manifest"> | undefined> {
    const top = this.store.references().get(this.#name);
    const manifest = top && this.#findWhole(top);
    if (top === undefined || manifest === undefined) return undefined;
    const { digest, tag = "" } = this.reference;
    if (digest === top.digest) return { top, manifest };
    const there = await headManifest(this.client, this.#path, digest ?? tag);
    return there === top.digest ? { top, manifest } : undefined;
  }

  /** The manifest for our platform, all blobs of which are in the store. */
  #findWhole(top: Descriptor): Descriptor | undefined {
    if (!this.store.hasBlob(top.digest)) return undefined;
    const found = this.store.platformManifest(top, this.#platform);
    if (found === undefined || !this.store.hasBlob(found.digest)) return undefined;
    const manifest = this.store.readManifest(found);
    if (isIndex(manifest)) return undefined;
    const blobs = [manifest.config, ...manifest.layers];
    return blobs.every(({ digest }) => this.store.hasBlob(digest)) ? found : undefined;
  }

  /** A manifest, from the store where it is known by its digest and there. */
  async #fetch(tagOrDigest: string, known?: Descriptor): Promise<Fetched> {
    const isHere = known !== undefined && this.store.hasBlob(known.digest);
    const { descriptor, bytes } = isHere
      ? { descriptor: known, bytes: this.store.readBlob(known.digest, this.#limits.manifestBytes) }
      : await fetchManifest(this.client, this.#path, tagOrDigest);
    const document = parseManifest(bytes, descriptor.mediaType);
    return {
      descriptor: { ...known, ...descriptor, mediaType: document.mediaType },
      bytes,
      document,
    };
  }

  get #limits(): RegistryLimits {
    return this.options.limits ?? DEFAULT_LIMITS;
  }

  /** The manifest for our platform: `top` itself, or one in the index that it is. */
  async #choose(top: Fetched): Promise<{ fetched: Fetched; manifest: Manifest }> {
    let fetched = top;
    for (let depth = 0; depth < INDEX_DEPTH; depth++) {
      const { document } = fetched;
      if (!isIndex(document)) {
        mustBeImage(document, this.reference);
        return { fetched, manifest: document };
      }
      const chosen = choosePlatform(document, this.#platform, this.reference);
      fetched = await this.#fetch(chosen.digest, chosen);
    }
    throw new RegistryError(`the index of ${formatFamiliar(this.reference)} is nested too deeply`);
  }

  #keep(descriptor: Descriptor, bytes: Uint8Array): void {
    const { digest, size } = descriptor;
    if (!this.store.hasBlob(digest)) this.store.ingestBytes(bytes, { digest, size });
  }

  async #fetchConfig(config: Descriptor): Promise<void> {
    const { manifestBytes } = this.#limits;
    if (config.size > manifestBytes) {
      const limit = `${manifestBytes} bytes that are allowed`;
      throw new RegistryError(`the configuration is larger than the ${limit}`);
    }
    if (!this.store.hasBlob(config.digest)) await this.#fetchBlob(config, () => {});
  }

  /** Each layer is unpacked as soon as it is here, while the others still come. */
  async #fetchLayers(manifest: Manifest): Promise<void> {
    const unpacking = this.store.beginLayers(manifest, this.store.readConfig(manifest.config));
    for (const [index, placed] of unpacking.layers.entries()) {
      const layer = manifest.layers[index];
      // Who waits for all of them hears of a failure.
      if (layer !== undefined) placed.then(() => this.#tell(layer, "done")).catch(() => {});
    }
    try {
      await this.#download(manifest.layers, (layer) => {
        this.#tell(layer, "unpacking");
        unpacking.ready(layer.digest);
      });
    } catch (error) {
      await unpacking.abandon();
      throw error;
    }
    await unpacking.finish();
  }

  async #download(
    layers: readonly Descriptor[],
    onReady: (layer: Descriptor) => void,
  ): Promise<void> {
    const unique = new Map(layers.map((layer) => [layer.digest, layer]));
    const missing: Descriptor[] = [];
    for (const layer of unique.values()) {
      if (!this.store.hasBlob(layer.digest)) {
        this.#tell(layer, "waiting");
        missing.push(layer);
        continue;
      }
      this.#tell(layer, "exists");
      onReady(layer);
    }
    await forEachParallel(missing, this.#limits.parallel, async (layer) => {
      // Of several pulls at once that share a layer, one fetches it.
      using _claim = await this.store.claimBlob(layer.digest, this.options.signal);
      if (this.store.hasBlob(layer.digest)) this.#tell(layer, "exists");
      else await this.#fetchBlob(layer, (progress) => this.options.progress.blob(progress));
      onReady(layer);
    });
  }

  #tell({ digest, size }: Descriptor, phase: BlobPhase): void {
    this.options.progress.blob({ digest, phase, totalBytes: size });
  }

  async #fetchBlob(descriptor: Descriptor, tell: (progress: BlobProgress) => void): Promise<void> {
    const { digest, size } = descriptor;
    using writer = this.store.ingest({ digest, size, keepUnnamed: true });
    await downloadBlob(this.client, this.#path, descriptor, writer, {
      onBytes: (doneBytes) => tell({ digest, phase: "downloading", doneBytes, totalBytes: size }),
      onPause: (pauseMs, { message }) =>
        tell({ digest, phase: "retrying", reason: message, pauseMs }),
    });
    tell({ digest, phase: "verifying", totalBytes: size });
    writer.commit();
  }
}

/** An index in an index is allowed, and seldom; a ring of them is not possible, but a long row is. */
const INDEX_DEPTH = 4;

/** The entry for a platform; the one without a variant before others. Throws UserError. */
export function choosePlatform(index: Index, wanted: Platform, reference: Reference): Descriptor {
  const isImage = ({ mediaType, platform, artifactType }: Descriptor): boolean =>
    artifactType === undefined &&
    platform?.os !== "unknown" &&
    (mediaType === MEDIA_TYPE.ociManifest ||
      mediaType === MEDIA_TYPE.dockerManifest ||
      isIndexType(mediaType));
  const images = index.manifests.filter(isImage);
  const fitting = images.filter(({ platform }) => matchesPlatform(platform, wanted));
  const exact = fitting.find(({ platform }) => platform?.variant === wanted.variant);
  const chosen = exact ?? fitting[0];
  if (chosen !== undefined) return chosen;
  const offered = images.flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : []));
  const what = `no image for platform ${formatPlatform(wanted)} in ${formatFamiliar(reference)}`;
  throw new UserError(what, `there are: ${[...new Set(offered)].join(", ") || "none"}`);
}

const CONFIG_TYPES: readonly string[] = [MEDIA_TYPE.ociConfig, MEDIA_TYPE.dockerConfig];

/** Registries hold charts, signatures and what not in manifests of the same kind. */
function mustBeImage({ config }: Manifest, reference: Reference): void {
  if (CONFIG_TYPES.includes(config.mediaType)) return;
  const name = formatFamiliar(reference);
  throw new UserError(`${name} is no container image: its configuration is "${config.mediaType}"`);
}
