// Where things are in the store. Everything below one root, and so on one file system: what is
// finished moves to its place by rename(2).
//
//   ROOT/images/oci-layout, index.json    an OCI image layout that other tools can read
//        images/blobs/sha256/HEX          verified blobs
//        layers/HEX/diff                  an unpacked layer by its chain id, as overlay wants it
//        layers/HEX/id                    the name of its short link
//        layers/l/ID                      ../HEX/diff: a mount of hundreds of layers names these
//        ingest/…                         what is not finished; garbage once nobody uses the store
//        lock, index.lock                 locks.ts

import { type Digest, digestHex } from "../digest.ts";

export class StorePaths {
  readonly images: string;
  readonly blobs: string;
  readonly index: string;
  readonly layers: string;
  readonly links: string;
  readonly ingest: string;
  readonly lock: string;
  readonly indexLock: string;

  constructor(readonly root: string) {
    this.images = `${root}/images`;
    this.blobs = `${this.images}/blobs/sha256`;
    this.index = `${this.images}/index.json`;
    this.layers = `${root}/layers`;
    this.links = `${this.layers}/l`;
    this.ingest = `${root}/ingest`;
    this.lock = `${root}/lock`;
    this.indexLock = `${root}/index.lock`;
  }

  blob(digest: Digest): string {
    return `${this.blobs}/${digestHex(digest)}`;
  }

  layer(chainId: Digest): string {
    return `${this.layers}/${digestHex(chainId)}`;
  }

  /** A name in ingest/ that nobody else has. */
  unfinished(): string {
    return `${this.ingest}/${crypto.getRandomValues(new Uint8Array(12)).toHex()}`;
  }
}
