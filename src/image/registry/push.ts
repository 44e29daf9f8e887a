// An image of the store to a registry: its blobs first, then the manifest that names them.
import { UserError } from "../../errors.ts";
import type { Digest } from "../digest.ts";
import {
  canonicalName,
  familiarName,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../reference.ts";
import { DOCUMENT_BYTES, type ImageStore, type StoredImage } from "../store/store.ts";
import { type Descriptor, isIndex, type Manifest, isManifestType } from "../types.ts";
import type { RegistryClient } from "./client.ts";
import { compressLayers } from "./compress-layers.ts";
import { RegistryError } from "./error.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { putManifest } from "./manifests.ts";
import { forEachParallel } from "./parallel.ts";
import { openClient, type RegistryOptions } from "./session.ts";
import { uploadBlob } from "./upload.ts";

export interface PushedImage {
  /** Of what the tag stands for in the registry now. */
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Pushes an image under a name; an index, where all of its images are in the store, else the image
 * for this machine. Throws UserError, RegistryError.
 */
export async function pushImage(
  given: Reference,
  image: Pick<StoredImage, "manifest" | "top">,
  options: RegistryOptions,
  store: ImageStore,
): Promise<PushedImage> {
  const reference = withDefaultTag(given);
  const { tag, digest, domain, path } = reference;
  if (digest !== undefined || tag === undefined) {
    throw new UserError("cannot push a digest reference");
  }
  store.hold();
  options.progress.message(`The push refers to repository [${canonicalName(reference)}]`);
  const push = new Push(reference, openClient(domain, path, options), options, store);
  try {
    const pushed = await push.run(image, tag);
    options.progress.message(`${tag}: digest: ${pushed.digest} size: ${pushed.size}`);
    return pushed;
  } catch (error) {
    throw explain(error, reference);
  }
}

/** Docker's words for what goes wrong most often. */
function explain(error: unknown, reference: Reference): unknown {
  if (!(error instanceof RegistryError)) return error;
  const { status, code, hint } = error;
  if (status !== 401 && status !== 403 && code !== "DENIED") return error;
  const message = `push access denied for ${familiarName(reference)}`;
  return new RegistryError(message, { status: status ?? 0, code, hint, cause: error });
}

class Push {
  readonly #path: string;

  constructor(
    private readonly reference: Reference,
    private readonly client: RegistryClient,
    private readonly options: RegistryOptions,
    private readonly store: ImageStore,
  ) {
    this.#path = reference.path;
  }

  async run(
    { manifest, top }: Pick<StoredImage, "manifest" | "top">,
    tag: string,
  ): Promise<PushedImage> {
    const members = this.#membersOf(top);
    if (members === undefined) return this.#pushManifest(manifest, tag);
    for (const member of members) await this.#pushManifest(member, member.digest, true);
    // Order: registries refuse an index whose manifests they do not have.
    return this.#put(top, this.#read(top), tag);
  }

  /** The images of an index, where all of them are in the store. */
  #membersOf(top: Descriptor): readonly Descriptor[] | undefined {
    if (isManifestType(top.mediaType)) return undefined;
    const index = this.store.readManifest(top);
    if (!isIndex(index)) return undefined;
    const isWhole = index.manifests.every(({ digest }) => this.store.hasBlob(digest));
    return isWhole ? index.manifests : undefined;
  }

  #read({ digest }: Descriptor): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.store.readBlob(digest, DOCUMENT_BYTES));
  }

  /** @param isMember of an index, which names it by its digest: it goes as it is */
  async #pushManifest(
    descriptor: Descriptor,
    tagOrDigest: string,
    isMember = false,
  ): Promise<PushedImage> {
    const manifest = this.store.readManifest(descriptor);
    if (isIndex(manifest)) throw new UserError("an index in an index cannot be pushed");
    const changed = isMember ? undefined : await compressLayers(manifest, this.store);
    await this.#pushBlobs(changed?.manifest ?? manifest);
    const typed = { ...descriptor, mediaType: manifest.mediaType };
    if (changed !== undefined) return this.#put(changed.descriptor, changed.bytes, tagOrDigest);
    return this.#put(typed, this.#read(descriptor), tagOrDigest);
  }

  async #put(
    { mediaType, digest, size }: Descriptor,
    bytes: Uint8Array<ArrayBuffer>,
    tagOrDigest: string,
  ): Promise<PushedImage> {
    await putManifest(this.client, this.#path, tagOrDigest, mediaType, bytes);
    return { digest, size };
  }

  async #pushBlobs({ config, layers }: Manifest): Promise<void> {
    const { parallel } = this.options.limits ?? DEFAULT_LIMITS;
    const all = [...layers, config].map((each) => [each.digest, each] as const);
    const unique = [...new Map(all).values()];
    const sources = this.#findSources();
    for (const { digest, size } of layers) {
      this.options.progress.blob({ digest, phase: "waiting", totalBytes: size });
    }
    await forEachParallel(unique, parallel, (descriptor) =>
      this.#pushBlob(descriptor, descriptor === config, sources.get(descriptor.digest) ?? []),
    );
  }

  async #pushBlob(
    descriptor: Descriptor,
    isConfig: boolean,
    mountFrom: readonly string[],
  ): Promise<void> {
    const { digest, size } = descriptor;
    const { progress } = this.options;
    const tell = isConfig ? () => {} : progress.blob.bind(progress);
    const source = { descriptor, file: this.store.blobPath(digest), mountFrom };
    const outcome = await uploadBlob(this.client, this.#path, source, {
      onStart: () => tell({ digest, phase: "uploading", doneBytes: 0, totalBytes: size }),
      onBytes: (doneBytes) => tell({ digest, phase: "uploading", doneBytes, totalBytes: size }),
      onPause: (pauseMs, { message }) =>
        progress.blob({ digest, phase: "retrying", reason: message, pauseMs }),
    });
    if (outcome.kind === "exists") tell({ digest, phase: "exists", totalBytes: size });
    else if (outcome.kind === "uploaded") tell({ digest, phase: "done", totalBytes: size });
    else tell({ digest, phase: "mounted", totalBytes: size, from: outcome.from });
  }

  /** For each blob, the repositories of this registry that an image of ours with it comes from. */
  #findSources(): Map<Digest, string[]> {
    const sources = new Map<Digest, string[]>();
    for (const { names, manifest } of this.store.list()) {
      const paths = names.map(parseReference).filter((each) => this.#isSource(each));
      if (paths.length === 0) continue;
      const document = this.store.readManifest(manifest);
      const layers = isIndex(document) ? [] : document.layers;
      for (const { digest } of layers) {
        const known = sources.get(digest) ?? [];
        const all = new Set([...known, ...paths.map(({ path }) => path)]);
        sources.set(digest, [...all].slice(0, SOURCES_MAX));
      }
    }
    return sources;
  }

  #isSource({ domain, path }: Reference): boolean {
    return domain === this.reference.domain && path !== this.#path;
  }
}

/** A mount that fails costs a request. */
const SOURCES_MAX = 3;
