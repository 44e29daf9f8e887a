// What an index is put together of: images that a registry has, and their way into its repository.
import { UserError } from "../../errors.ts";
import { digestOf } from "../digest.ts";
import { parseImageConfig, parseManifest } from "../parse-manifest.ts";
import { formatFamiliar, type Reference } from "../reference.ts";
import { type Descriptor, type Index, isIndex, type Manifest, MEDIA_TYPE } from "../types.ts";
import type { RegistryClient } from "./client.ts";
import { DOCUMENT_BYTES } from "../store/store.ts";
import { downloadBlob } from "./download.ts";
import { RegistryError } from "./error.ts";
import { fetchManifest, putManifest } from "./manifests.ts";
import { openClient, type RegistryOptions } from "./session.ts";
import { mountBlob } from "./upload.ts";

/** What an index says of an image, as the registry has it. @throws UserError, RegistryError */
export async function describeRemote(
  reference: Reference,
  options: RegistryOptions,
): Promise<Descriptor> {
  const { domain, path, tag = "latest", digest } = reference;
  const client = openClient(domain, path, options);
  const { descriptor, bytes } = await fetchManifest(client, path, digest ?? tag);
  const manifest = requireImage(parseManifest(bytes, descriptor.mediaType), reference);
  const { os, architecture, variant } = parseImageConfig(
    await fetchDocument(client, path, manifest.config),
  );
  const platform = { os, architecture, ...(variant !== undefined && { variant }) };
  return { ...descriptor, platform };
}

function requireImage(document: Manifest | Index, reference: Reference): Manifest {
  if (!isIndex(document)) return document;
  throw new UserError(`${formatFamiliar(reference)} is a manifest list`, undefined, 1);
}

/** Security: a registry may claim any size. */
async function fetchDocument(
  client: RegistryClient,
  path: string,
  descriptor: Descriptor,
): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  if (size > DOCUMENT_BYTES) throw new RegistryError(`the configuration ${digest} is too large`);
  const bytes = new Uint8Array(size);
  let done = 0;
  const write = (chunk: Uint8Array): void => {
    bytes.set(chunk, done);
    done += chunk.length;
  };
  await downloadBlob(client, path, descriptor, { write });
  if (digestOf(bytes) === digest) return bytes;
  throw new RegistryError(`the configuration is not what its digest says: wanted ${digest}`);
}

/** An image in the index, and where the registry has it. */
export interface AssembledImage {
  readonly reference: Reference;
  readonly descriptor: Descriptor;
}

/**
 * Puts an index under its name, and before it whatever of its images is not in the repository yet.
 * @param onImage is told of each of these
 * @throws UserError for images of another registry; RegistryError
 */
export async function pushAssembled(
  target: Reference,
  images: readonly AssembledImage[],
  options: RegistryOptions,
  onImage: (reference: Reference, descriptor: Descriptor) => void,
): Promise<Descriptor> {
  const { domain, path, tag = "latest" } = target;
  for (const { reference } of images) {
    if (reference.domain === domain) continue;
    throw new UserError(
      `cannot use source images from a different registry than the target image: ${reference.domain} != ${domain}`,
      "'bunker pull' and 'bunker push' bring them there",
      1,
    );
  }
  const client = openClient(domain, path, options);
  for (const image of images) {
    if (image.reference.path === path) continue;
    await bringOver(client, path, image);
    onImage(image.reference, image.descriptor);
  }
  const index = makeIndex(images.map(({ descriptor }) => descriptor));
  const bytes = new TextEncoder().encode(JSON.stringify(index));
  await putManifest(client, path, tag, index.mediaType, bytes);
  return { mediaType: index.mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** Of the images' own kind. */
export function makeIndex(manifests: readonly Descriptor[]): Index {
  const isOci = manifests.every(({ mediaType }) => mediaType === MEDIA_TYPE.ociManifest);
  const mediaType = isOci ? MEDIA_TYPE.ociIndex : MEDIA_TYPE.dockerIndex;
  return { schemaVersion: 2, mediaType, manifests };
}

/** Within the registry: nothing is downloaded. */
async function bringOver(
  client: RegistryClient,
  path: string,
  { reference, descriptor }: AssembledImage,
): Promise<void> {
  const { digest, mediaType } = descriptor;
  const { bytes } = await fetchManifest(client, reference.path, digest);
  const { config, layers } = requireImage(parseManifest(bytes, mediaType), reference);
  for (const blob of [config, ...layers]) {
    if (await mountBlob(client, path, blob, reference.path)) continue;
    throw new RegistryError(
      `the registry does not give ${path} the blob ${blob.digest} of ${reference.path}`,
    );
  }
  await putManifest(client, path, digest, mediaType, new Uint8Array(bytes));
}
