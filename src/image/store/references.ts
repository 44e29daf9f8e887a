// The names of images: images/index.json, an OCI index. Each entry is a manifest or an index, with
// its name as an annotation; one without a name is an image that lost its last name, and stays
// until it is removed.

import { readTextIfThere, renameFile, writeText } from "../../../ffi/files.ts";
import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import { openFile } from "../../../ffi/files.ts";
import type { Digest } from "../digest.ts";
import { parseManifest } from "../parse-manifest.ts";
import { type Descriptor, isIndex, MEDIA_TYPE, REF_NAME } from "../types.ts";
import { lockIndex } from "./locks.ts";
import type { StorePaths } from "./paths.ts";
import type { Staging } from "./staging.ts";

/** The name in an entry of the index; undefined for an image without. */
export const nameOf = (entry: Descriptor): string | undefined => entry.annotations?.[REF_NAME];

function named(descriptor: Descriptor, name: string | undefined): Descriptor {
  const { annotations, ...rest } = descriptor;
  const { [REF_NAME]: _, ...others } = annotations ?? {};
  const all = name === undefined ? others : { ...others, [REF_NAME]: name };
  return Object.keys(all).length === 0 ? rest : { ...rest, annotations: all };
}

export class References {
  /** @param staging what the entries name may wait there, and goes to its place before them */
  constructor(
    private readonly paths: StorePaths,
    private readonly staging: Staging,
  ) {}

  /** All entries, those without a name as well. */
  entries(): readonly Descriptor[] {
    const text = readTextIfThere(this.paths.index);
    if (text === undefined) return [];
    const index = parseManifest(new TextEncoder().encode(text), MEDIA_TYPE.ociIndex);
    return isIndex(index) ? index.manifests : [];
  }

  /** What each name stands for. */
  all(): Map<string, Descriptor> {
    const found = new Map<string, Descriptor>();
    for (const entry of this.entries()) {
      const name = nameOf(entry);
      if (name !== undefined) found.set(name, entry);
    }
    return found;
  }

  /** Gives `name` to an image; the image that had it before stays, without it. */
  set(name: string, descriptor: Descriptor): void {
    this.#change((entries) => {
      const others = this.#withoutName(entries, name, descriptor.digest);
      return [
        ...others.filter((each) => !isNameless(each, descriptor.digest)),
        named(descriptor, name),
      ];
    });
  }

  /** Keeps an image that has no name. */
  keep(descriptor: Descriptor): void {
    this.#change((entries) => {
      const isThere = entries.some(({ digest }) => digest === descriptor.digest);
      return isThere ? entries : [...entries, named(descriptor, undefined)];
    });
  }

  /** Takes a name away; its image stays, nameless if it was the last. False: no such name. */
  remove(name: string): boolean {
    let isThere = false;
    this.#change((entries) => {
      isThere = entries.some((each) => nameOf(each) === name);
      return this.#withoutName(entries, name);
    });
    return isThere;
  }

  /** Takes entries away, names and all. */
  drop(isDropped: (entry: Descriptor) => boolean): void {
    this.#change((entries) => entries.filter((each) => !isDropped(each)));
  }

  #withoutName(entries: readonly Descriptor[], name: string, except?: Digest): Descriptor[] {
    const others = entries.filter((each) => nameOf(each) !== name);
    const had = entries.find((each) => nameOf(each) === name);
    if (had === undefined || had.digest === except) return others;
    const hasAnother = others.some(({ digest }) => digest === had.digest);
    return hasAnother ? others : [...others, named(had, undefined)];
  }

  #change(edit: (entries: readonly Descriptor[]) => readonly Descriptor[]): void {
    using _lock = lockIndex(this.paths);
    const before = this.entries();
    const manifests = edit(before);
    if (manifests === before) {
      this.staging.publish();
      return;
    }
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
    this.#replace(`${JSON.stringify(index)}\n`);
  }

  /** The index is the old one or the new one at any moment, and what it names is there before it. */
  #replace(text: string): void {
    const unfinished = this.paths.unfinished();
    writeText(unfinished, text, { mode: 0o644, exclusive: true });
    using fd = new Fd(openFile(unfinished, O.O_RDONLY));
    this.staging.publish(fd);
    renameFile(unfinished, this.paths.index);
  }
}

const isNameless = (entry: Descriptor, digest: Digest): boolean =>
  entry.digest === digest && nameOf(entry) === undefined;
