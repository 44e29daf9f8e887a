// Lists of images for several machines that are put together here and then pushed: `manifest create,
// annotate, push, rm`.
//
//   DATA/manifest-lists/NAME.json    a list; its name, with what cannot be in a file name as %XX

import {
  makeDirectoryTree,
  readTextIfThere,
  removeFile,
  renameFile,
  writeText,
} from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import {
  formatReference,
  parseReference,
  type Reference,
  withDefaultTag,
} from "../../image/reference.ts";
import { describeRemote, makeIndex, pushAssembled } from "../../image/registry/assemble.ts";
import type { Descriptor, Index, Platform } from "../../image/types.ts";
import { dataFolder } from "../data-folder.ts";
import { makeRegistryOptions, type TransferOptions } from "./transfer.ts";

interface ListedImage {
  /** As the registry knows it. */
  readonly reference: string;
  readonly descriptor: Descriptor;
}

const folder = (): string => `${dataFolder(process.env)}/manifest-lists`;
const pathOf = (name: string): string => `${folder()}/${encodeURIComponent(name)}.json`;

function nameOf(text: string): string {
  return formatReference(withDefaultTag(parseReference(text)));
}

/** undefined where there is none. */
function readList(name: string): ListedImage[] | undefined {
  const text = readTextIfThere(pathOf(name));
  // It was written by ourselves, whole.
  return text === undefined ? undefined : (JSON.parse(text) as ListedImage[]);
}

function writeList(name: string, images: readonly ListedImage[]): void {
  const path = pathOf(name);
  makeDirectoryTree(folder(), 0o700);
  writeText(`${path}.${process.pid}`, JSON.stringify(images), { mode: 0o600 });
  renameFile(`${path}.${process.pid}`, path);
}

/**
 * Makes a list of images that registries have; its whole name.
 * @param amends those of a list that is there stay in it
 * @throws UserError, RegistryError
 */
export async function createManifestList(
  text: string,
  images: readonly string[],
  amends: boolean,
  options: TransferOptions,
): Promise<string> {
  const name = nameOf(text);
  const before = readList(name);
  if (before !== undefined && !amends) {
    throw new UserError("refusing to amend an existing manifest list with no --amend flag");
  }
  let listed = before ?? [];
  for (const image of images) {
    const reference = withDefaultTag(parseReference(image));
    const descriptor = await describeRemote(reference, makeRegistryOptions(options));
    listed = withImage(listed, { reference: formatReference(reference), descriptor });
  }
  writeList(name, listed);
  return name;
}

function withImage(images: readonly ListedImage[], image: ListedImage): ListedImage[] {
  return [...images.filter(({ reference }) => reference !== image.reference), image];
}

/** Says of an image what it is for. @throws UserError */
export function annotateManifest(list: string, image: string, platform: Partial<Platform>): void {
  const name = nameOf(list);
  const images = getList(list);
  const found = images.find(({ reference }) => reference === nameOf(image));
  if (found === undefined) {
    throw new UserError(`manifest for image ${image} does not exist in ${list}`, undefined, 1);
  }
  const before = found.descriptor.platform ?? { os: "linux", architecture: "" };
  const descriptor = { ...found.descriptor, platform: { ...before, ...platform } };
  writeList(
    name,
    images.map((each) => (each === found ? { ...found, descriptor } : each)),
  );
}

function getList(text: string): ListedImage[] {
  const images = readList(nameOf(text));
  if (images !== undefined) return images;
  throw new UserError(`No such manifest: ${nameOf(text)}`, "'bunker manifest create' makes one", 1);
}

/** The list as it would be pushed; undefined where there is none of that name. */
export function readManifestList(text: string): Index | undefined {
  const images = readList(nameOf(text));
  return images && makeIndex(images.map(({ descriptor }) => descriptor));
}

/** What of a list was pushed. */
export interface PushedList {
  readonly digest: string;
  /** The images that were not in the repository before. */
  readonly images: readonly { readonly name: string; readonly digest: string }[];
}

/** @throws UserError, RegistryError */
export async function pushManifestList(
  text: string,
  purges: boolean,
  options: TransferOptions,
): Promise<PushedList> {
  const target = withDefaultTag(parseReference(text));
  const assembled = getList(text).map(({ reference, descriptor }) => ({
    reference: parseReference(reference),
    descriptor,
  }));
  const images: { name: string; digest: string }[] = [];
  const tell = (reference: Reference, { digest }: Descriptor): void => {
    images.push({ name: formatReference(reference), digest });
  };
  const { digest } = await pushAssembled(target, assembled, makeRegistryOptions(options), tell);
  if (purges) removeFile(pathOf(formatReference(target)));
  return { digest, images };
}

/** @throws UserError: no such list */
export function removeManifestList(text: string): void {
  getList(text);
  removeFile(pathOf(nameOf(text)));
}
