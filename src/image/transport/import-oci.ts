// Brings the images of an OCI layout, in an archive or a folder, into the store.

import { UserError } from "../../errors.ts";
import { digestOf } from "../digest.ts";
import { parseManifest } from "../parse-manifest.ts";
import { formatReference, isTag, parseReference, withDefaultTag } from "../reference.ts";
import type { ImageStore } from "../store/store.ts";
import {
  type Descriptor,
  isIndex,
  isIndexType,
  isManifestType,
  MEDIA_TYPE,
  REF_NAME,
} from "../types.ts";
import { blobName, type Contents } from "./contents.ts";
import type { LoadedImage } from "./transport.ts";

/** The annotation in which docker and containerd write an image's whole name. */
export const CONTAINERD_NAME = "io.containerd.image.name";

/** Security: an index that leads to itself, or a pyramid of them. */
const NESTING_MAX = 4;
const IMAGES_MAX = 1000;

/** What is in index.json, those that `reference` names where one is given. */
export function importOciLayout(
  contents: Contents,
  store: ImageStore,
  reference?: string,
): LoadedImage[] {
  const bytes = contents.document("index.json");
  if (bytes === undefined)
    throw new UserError(`${contents.what} has no index.json: it is no OCI layout`);
  const index = parseManifest(bytes, MEDIA_TYPE.ociIndex);
  if (!isIndex(index)) throw new UserError("index.json is a manifest: it must be an index");
  if (index.manifests.length > IMAGES_MAX) throw new UserError("index.json names too many images");
  const wanted = selectEntries(index.manifests, reference, contents.what);
  const loaded: LoadedImage[] = [];
  for (const entry of wanted) {
    const { annotations: _, ...descriptor } = entry;
    // Signatures and attestations are no images.
    if (!importDescriptor(contents, store, descriptor, 0)) continue;
    loaded.push({ descriptor: withKind(store, descriptor), names: namesOf(entry, reference) });
  }
  return loaded;
}

function selectEntries(
  entries: readonly Descriptor[],
  reference: string | undefined,
  what: string,
): readonly Descriptor[] {
  if (reference === undefined) return entries;
  const names = ({ annotations }: Descriptor) => [
    annotations?.[REF_NAME],
    annotations?.[CONTAINERD_NAME],
  ];
  const named = entries.filter((entry) => names(entry).includes(reference));
  if (named.length > 0) return named;
  // podman: with one image in it, the reference is the name that it gets.
  if (entries.length === 1 && entries.every((entry) => names(entry).every((name) => !name))) {
    return entries;
  }
  throw new UserError(`${what} has no image "${reference}"`);
}

/** A tag alone (`latest`), as the annotation often has it, is no name. */
function namesOf({ annotations }: Descriptor, reference: string | undefined): string[] {
  const candidates = [annotations?.[CONTAINERD_NAME], annotations?.[REF_NAME], reference];
  for (const text of candidates) {
    if (text === undefined || text === "" || isBareTag(text)) continue;
    try {
      return [formatReference(withDefaultTag(parseReference(text)))];
    } catch {
      // A stranger's annotation may be anything; then the image has no name.
    }
  }
  return [];
}

const isBareTag = (text: string): boolean => isTag(text) && !/[/:]/.test(text);

/** Brings in a manifest with all it names, or of an index what is there of it. False: no image. */
export function importDescriptor(
  contents: Contents,
  store: ImageStore,
  descriptor: Descriptor,
  depth: number,
): boolean {
  if (depth > NESTING_MAX) throw new UserError("the index is nested too deeply");
  const name = blobName(descriptor.digest);
  const bytes = contents.document(name);
  if (bytes === undefined) {
    // An index may name platforms that were left out.
    if (depth > 0) return false;
    throw new UserError(`${contents.what} has no manifest ${descriptor.digest}`);
  }
  if (digestOf(bytes) !== descriptor.digest) {
    throw new UserError(
      `manifest ${descriptor.digest} in ${contents.what} is not what its digest says`,
    );
  }
  const document = parseManifest(bytes, descriptor.mediaType);
  if (isIndex(document)) {
    const found = document.manifests.filter((each) =>
      importDescriptor(contents, store, each, depth + 1),
    );
    if (found.length === 0) return false;
  } else {
    if (
      document.config.mediaType !== MEDIA_TYPE.ociConfig &&
      document.config.mediaType !== MEDIA_TYPE.dockerConfig
    ) {
      return false;
    }
    // An index without one of its platforms' layers is as good as one without the platform.
    const parts = [document.config, ...document.layers];
    for (const { digest, size } of parts) {
      if (contents.blob(blobName(digest), { digest, size }) !== undefined) continue;
      if (store.hasBlob(digest)) continue;
      if (depth > 0) return false;
      throw new UserError(
        `${contents.what} has no blob ${digest}, which manifest ${descriptor.digest} names`,
      );
    }
  }
  contents.blob(name, { digest: descriptor.digest, size: descriptor.size });
  return true;
}

/** With the media type that the document itself has, where the descriptor does not say. */
function withKind(store: ImageStore, descriptor: Descriptor): Descriptor {
  const { mediaType } = descriptor;
  if (isIndexType(mediaType) || isManifestType(mediaType)) return descriptor;
  return { ...descriptor, mediaType: store.readManifest(descriptor).mediaType };
}
