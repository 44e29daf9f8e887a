// `load`, `save`, and images that come from and go to archives and folders instead of registries.

import { createReadStream, existsSync, statSync } from "node:fs";
import { UserError } from "../../errors.ts";
import {
  familiarName,
  formatFamiliar,
  formatReference,
  parseReference,
} from "../../image/reference.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";
import { parsePlatform } from "../../image/platform.ts";
import type { Platform } from "../../image/types.ts";
import { loadArchive, loadFolder } from "../../image/transport/load.ts";
import { type SaveImage, saveArchive, saveFolder } from "../../image/transport/save.ts";
import {
  type LoadedImage,
  parseTransport,
  type Transport,
} from "../../image/transport/transport.ts";
import { narrowImage } from "./narrow-image.ts";
import { canonicalReference, findImage, getImage, openStore } from "./open-store.ts";
import { writeOutput } from "./write-output.ts";
import { tellImage } from "../events/tell-of-things.ts";

/** An image that is in the store now, as `load` tells of it. */
export interface LoadedRow {
  readonly id: string;
  /** Short: `alpine:latest`. */
  readonly names: readonly string[];
}

export type SaveFormat = "docker-archive" | "oci-archive" | "oci-dir" | "docker-dir";

const CHUNK_BYTES = 1024 * 1024;

/**
 * Loads what an archive has.
 * @param path a file, a transport (`oci:FOLDER`), a folder with an OCI layout; undefined for stdin
 * @param platform whose image of those for several machines is kept; all of them without
 * @throws UserError
 */
export async function loadImages(
  path: string | undefined,
  platform?: string,
): Promise<LoadedRow[]> {
  using store = openStore();
  const wanted = platform === undefined ? undefined : parsePlatform(platform);
  const loaded = await loadFrom(path, store, wanted);
  return loaded.map((each) => makeRow(each, store));
}

async function loadFrom(
  path: string | undefined,
  store: ImageStore,
  platform: Platform | undefined,
): Promise<LoadedImage[]> {
  if (path === undefined) return loadArchive(readChunks({ fd: 0 }), store, { platform });
  const transport = parseTransport(path);
  if (transport !== undefined) return loadTransport(transport, store, platform);
  if (!existsSync(path)) throw new UserError(`open ${path}: no such file or directory`);
  if (statSync(path).isDirectory()) return loadFolder({ kind: "oci", path }, store, platform);
  return loadArchive(readChunks({ path }), store, { platform });
}

async function loadTransport(
  transport: Transport,
  store: ImageStore,
  platform?: Platform,
): Promise<LoadedImage[]> {
  const { kind, path, reference } = transport;
  if (kind === "oci" || kind === "dir") return loadFolder(transport, store, platform);
  if (!existsSync(path)) throw new UserError(`open ${path}: no such file or directory`);
  return loadArchive(readChunks({ path }), store, { reference, platform });
}

async function* readChunks(source: { fd: number } | { path: string }): AsyncIterable<Uint8Array> {
  const options = { highWaterMark: CHUNK_BYTES, autoClose: true };
  const stream =
    "fd" in source
      ? createReadStream("", { ...options, fd: source.fd })
      : createReadStream(source.path, options);
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) throw new Error("a stream of texts");
    yield chunk;
  }
}

function makeRow({ descriptor, names }: LoadedImage, store: ImageStore): LoadedRow {
  const image = store.find(descriptor.digest);
  const shown = names.map((name) => formatFamiliar(parseReference(name)));
  const id = image?.id ?? descriptor.digest;
  tellImage("load", id);
  return { id, names: shown };
}

/** Pulls from `docker-archive:`, `oci-archive:`, `oci:` or `dir:`; undefined for a registry's name. */
export async function pullFromTransport(text: string): Promise<LoadedRow[] | undefined> {
  const transport = parseTransport(text);
  if (transport === undefined) return undefined;
  using store = openStore();
  const loaded = await loadTransport(transport, store);
  return loaded.map((each) => makeRow(each, store));
}

/** Writes an image to a transport. False for a registry's name. @throws UserError */
export function pushToTransport(name: string, destination: string): boolean {
  const transport = parseTransport(destination);
  if (transport === undefined) return false;
  using store = openStore();
  store.hold();
  const image = getImage(store, name);
  const given = transport.reference;
  const reference = given === undefined ? canonicalReference(name) : parseReference(given);
  const names = reference === undefined ? [] : [formatReference(reference)];
  const { kind, path } = transport;
  if (kind === "oci" || kind === "dir") saveFolder([{ image, names }], transport, store);
  else
    writeOutput(path, "save image", (take) => saveArchive([{ image, names }], kind, take, store));
  tellImage("save", image.id);
  return true;
}

/**
 * Writes images as an archive or a folder.
 * @param output a file or, for the folder formats, a folder; undefined for stdout
 * @param platform whose image of those for several machines; all of them without
 * @throws UserError
 */
export function saveImages(
  names: readonly string[],
  output: string | undefined,
  format: SaveFormat,
  platform?: string,
): void {
  using store = openStore();
  store.hold();
  const images = collectImages(names, store).map(({ image, names: kept }) => ({
    image: narrowImage(image, platform, store),
    names: kept,
  }));
  if (format === "oci-dir" || format === "docker-dir") {
    if (output === undefined) throw new UserError(`--format ${format} needs --output FOLDER`);
    const kind = format === "oci-dir" ? "oci" : "dir";
    saveFolder(images, { kind, path: output }, store);
  } else writeOutput(output, "save image", (take) => saveArchive(images, format, take, store));
  for (const { image } of images) tellImage("save", image.id);
}

/** An image that is named twice is saved once, with both names. */
function collectImages(names: readonly string[], store: ImageStore): SaveImage[] {
  const images = new Map<string, { image: StoredImage; names: string[] }>();
  for (const text of names) {
    for (const { image, name } of listNamed(text, store)) {
      const known = images.get(image.id) ?? { image, names: [] };
      images.set(image.id, known);
      if (name !== undefined && !known.names.includes(name)) known.names.push(name);
    }
  }
  return [...images.values()];
}

interface NamedImage {
  readonly image: StoredImage;
  readonly name?: string;
}

/** A repository without a tag stands for all of its tags, as with docker. */
function listNamed(text: string, store: ImageStore): NamedImage[] {
  const tagged = listTagged(text, store);
  if (tagged.length > 0) return tagged;
  const image = findImage(store, text);
  if (image === undefined) throw new UserError(`No such image: ${text}`, undefined, 1);
  const name = image.names.find((each) => isNamed(each, text));
  return [name === undefined ? { image } : { image, name }];
}

function listTagged(text: string, store: ImageStore): NamedImage[] {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(text)) return [];
  const { tag, digest, ...repository } = parseReference(text);
  if (tag !== undefined || digest !== undefined) return [];
  return store.list().flatMap((image) => {
    const names = image.names.filter((each) => {
      const known = parseReference(each);
      return known.tag !== undefined && familiarName(known) === familiarName(repository);
    });
    return names.map((name) => ({ image, name }));
  });
}

function isNamed(canonical: string, text: string): boolean {
  const reference = /^(sha256:)?[0-9a-f]{64}$/.test(text) ? undefined : canonicalReference(text);
  return reference !== undefined && formatReference(reference) === canonical;
}
