// Brings the image of a `dir:` folder (skopeo's) into the store: manifest.json, and a file for each
// blob, named by the digits of its digest.

import { UserError } from "../../errors.ts";
import { type Digest, digestHex, digestOf } from "../digest.ts";
import { parseManifest } from "../parse-manifest.ts";
import type { ExpectedBlob, StoredBlob } from "../store/blobs.ts";
import type { ImageStore } from "../store/store.ts";
import type { Contents } from "./contents.ts";
import { importDescriptor } from "./import-oci.ts";
import type { LoadedImage } from "./transport.ts";

export function importDir(contents: Contents, store: ImageStore): LoadedImage[] {
  const bytes = contents.document("manifest.json");
  if (bytes === undefined) throw new UserError("the folder has no manifest.json");
  const { mediaType } = parseManifest(bytes);
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  const top = descriptor.digest;
  const layout = new DirLayout(contents, top);
  if (!importDescriptor(layout, store, descriptor, 0)) {
    throw new UserError("the folder has no image that can be used");
  }
  return [{ descriptor, names: [] }];
}

/** The folder as an OCI layout would name its files. */
class DirLayout implements Contents {
  readonly what = "the folder";

  constructor(
    private readonly contents: Contents,
    private readonly top: Digest,
  ) {}

  document(name: string): Uint8Array | undefined {
    return this.#names(name)
      .map((each) => this.contents.document(each))
      .find((found) => found !== undefined);
  }

  blob(name: string, expected: ExpectedBlob): StoredBlob | undefined {
    for (const each of this.#names(name)) {
      const found = this.contents.blob(each, expected);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The manifests of an index have an ending. */
  #names(name: string): string[] {
    const hex = name.slice("blobs/sha256/".length);
    return hex === digestHex(this.top) ? ["manifest.json"] : [hex, `${hex}.manifest.json`];
  }
}
