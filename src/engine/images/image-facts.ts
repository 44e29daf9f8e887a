// An image of the store as people see it: short names, tags and digests, size, age.

import { readTextIfThere } from "../../../ffi/files.ts";
import { familiarName, formatFamiliar, parseReference } from "../../image/reference.ts";
import { chainIds } from "../../image/store/layers.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";
import { type Descriptor, type ImageConfig, isIndex, type Manifest } from "../../image/types.ts";

/** What lists, `inspect` and `history` are made of. */
export interface ImageFacts {
  readonly image: StoredImage;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  /** `alpine` and its tag, for each tag. */
  readonly tags: readonly { readonly repository: string; readonly tag: string }[];
  /** `alpine@sha256:…`, for each repository of a registry that is known to have it. */
  readonly digests: readonly string[];
  /** undefined where the image does not say. */
  readonly createdMs: number | undefined;
  /** Of each layer's files, the lowest first. */
  readonly layerBytes: readonly number[];
  readonly sizeBytes: number;
}

/**
 * undefined for an image whose documents cannot be read.
 * @param entries those of the index, where they have been read: once for a list
 */
export function readFacts(
  store: ImageStore,
  image: StoredImage,
  entries?: readonly Descriptor[],
): ImageFacts | undefined {
  const manifest = store.readManifest(image.manifest);
  if (isIndex(manifest)) return undefined;
  const config = store.readConfig(manifest.config);
  const references = image.names.toSorted().map((name) => parseReference(name));
  const layerBytes = measureLayers(store, manifest, config);
  const createdMs = Date.parse(config.created ?? "");
  return {
    image,
    manifest,
    config,
    tags: references.flatMap((reference) => {
      const { tag } = reference;
      return tag === undefined ? [] : [{ repository: familiarName(reference), tag }];
    }),
    digests: listDigests(image, entries ?? store.entries()),
    createdMs: Number.isNaN(createdMs) ? undefined : createdMs,
    layerBytes,
    sizeBytes: layerBytes.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** An image's entries in the index tell what was pulled from where, or pushed. */
export const REPO_DIGEST = "io.bunker.repo-digest";

function listDigests({ top, names }: StoredImage, entries: readonly Descriptor[]): string[] {
  const said = entries.flatMap(({ digest, annotations }) => {
    const text = annotations?.[REPO_DIGEST];
    return digest === top.digest && text !== undefined ? [text] : [];
  });
  const asked = names.filter((name) => name.includes("@"));
  const shown = [...said, ...asked].map((name) => {
    const { tag: _, ...reference } = parseReference(name);
    return formatFamiliar(reference);
  });
  return [...new Set(shown)];
}

/** A layer that is not unpacked has the size of its blob. */
function measureLayers(store: ImageStore, { layers }: Manifest, { rootfs }: ImageConfig): number[] {
  const chain = chainIds(rootfs.diff_ids);
  return layers.map(({ size }, index) => {
    const id = chain[index];
    const text = id && readTextIfThere(`${store.paths.layer(id)}/size`);
    return text === undefined ? size : Number(text);
  });
}

/** All images, the newest first, as docker has them; those of one moment by their names. */
export function listFacts(store: ImageStore): ImageFacts[] {
  const images = store.list();
  const entries = store.entries();
  const facts = images.map((image) => readFacts(store, image, entries));
  return facts
    .filter((each) => each !== undefined)
    .sort((one, other) => (other.createdMs ?? 0) - (one.createdMs ?? 0));
}
