// The image store of this machine, and images found in it by what people call them.

import { UserError } from "../../errors.ts";
import {
  familiarName,
  formatFamiliar,
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../../image/reference.ts";
import { ImageStore, type StoredImage } from "../../image/store/store.ts";
import { dataFolder } from "../data-folder.ts";

export function openStore(): ImageStore {
  return ImageStore.open(dataFolder(process.env));
}

/** The canonical name that a text stands for, `latest` filled in; undefined for a bare id. */
export function canonicalReference(text: string): Reference | undefined {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(text)) return undefined;
  return withDefaultTag(parseReference(text));
}

/**
 * The image that a text means: a name, a name with a digest, an id or the beginning of one.
 * @throws UserError for a text that is neither, or a beginning that several ids have
 */
export function findImage(store: ImageStore, text: string): StoredImage | undefined {
  const byId = /^sha256:[0-9a-f]{1,64}$/.test(text) ? text.slice("sha256:".length) : text;
  const isId = /^[0-9a-f]{1,64}$/.test(byId);
  const reference = parseOrNothing(text, isId);
  if (reference !== undefined) {
    const image = store.find(formatReference(reference)) ?? findByDigest(store, reference);
    if (image !== undefined) return image;
  }
  return isId ? (store.find(byId) ?? findWhole(store, text)) : undefined;
}

/** `sha256:…` of a manifest, not of an image's configuration. */
function findWhole(store: ImageStore, text: string): StoredImage | undefined {
  return text.startsWith("sha256:") ? store.find(text) : undefined;
}

function parseOrNothing(text: string, isId: boolean): Reference | undefined {
  try {
    return canonicalReference(text);
  } catch (error) {
    if (isId) return undefined;
    throw error;
  }
}

/** A name with a digest is that of any image of the repository with the digest. */
function findByDigest(store: ImageStore, reference: Reference): StoredImage | undefined {
  if (reference.digest === undefined) return undefined;
  const image = store.find(reference.digest);
  const name = familiarName(reference);
  const isOurs = image?.names.some((each) => familiarName(parseReference(each)) === name);
  return isOurs === true ? image : undefined;
}

/** @throws UserError in docker's words where there is none */
export function getImage(store: ImageStore, text: string): StoredImage {
  const image = findImage(store, text);
  if (image !== undefined) return image;
  throw noSuchImage(text);
}

/** docker's words. */
export function noSuchImage(text: string): UserError {
  const reference = canonicalReference(text);
  const shown = reference === undefined ? text : formatFamiliar(reference);
  const hint = `'bunker images' lists what is here; 'bunker pull ${shown}' fetches it`;
  return new UserError(`No such image: ${shown}`, hint, 1);
}

/** A stored name as docker shows it: `alpine:latest`. */
export function shortName(canonical: string): string {
  return formatFamiliar(parseReference(canonical));
}

/** The whole name of what a text names: `docker.io/library/alpine:latest`. */
export function canonicalName(text: string): string {
  const reference = canonicalReference(text);
  return reference === undefined ? text : formatReference(reference);
}

/** The id of what a text names; undefined where there is no such image. */
export function findImageId(text: string): string | undefined {
  using store = openStore();
  return findImage(store, text)?.id;
}
