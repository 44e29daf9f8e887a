// Whether an unpacked layer still is what its archive says: each entry is looked for while the
// archive goes by, and a file's contents are compared piece by piece.

import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import { O, S } from "../../../ffi/constants.ts";
import { closeFd, openInside, readAt, showByteString, statusAt } from "../../../ffi/tree.ts";
import type { Compression } from "../types.ts";
import { decompress, explainingDamage } from "./decompress.ts";
import { baseOf, cleanEntryPath, parentOf } from "./entry-path.ts";
import type { EntryType, TarEntry, TarSink } from "./tar-entry.ts";
import { TarReader } from "./tar-reader.ts";

const S_IFMT = 0o170000;

const TYPES: Readonly<Record<Exclude<EntryType, "link">, number>> = {
  file: S.S_IFREG,
  folder: S.S_IFDIR,
  symlink: S.S_IFLNK,
  char: S.S_IFCHR,
  block: S.S_IFBLK,
  fifo: S.S_IFIFO,
};

const MODE_BITS = 0o7777;

export class LayerVerifier implements TarSink, Disposable {
  /** By path: a later entry of the same path, or of a folder above it, takes its place. */
  readonly #problems = new Map<string, string>();
  #path = "";
  #fd = -1;
  #buffer = new Uint8Array();

  /** @param root the layer's open folder */
  constructor(private readonly root: number) {}

  entry(entry: TarEntry): void {
    const path = cleanEntryPath(entry.name);
    this.#path = path;
    this.#forget(path, entry.type);
    // Whiteouts leave what an entry of the same name made of them.
    if (path === "" || baseOf(path).startsWith(".wh.")) return;
    const problem = this.#compare(path, entry);
    if (problem !== undefined) this.#problems.set(path, problem);
  }

  #forget(path: string, type: EntryType): void {
    if (this.#problems.size === 0) return;
    this.#problems.delete(path);
    if (type === "folder") return;
    for (const known of this.#problems.keys()) {
      if (known.startsWith(`${path}/`)) this.#problems.delete(known);
    }
  }

  #compare(path: string, entry: TarEntry): string | undefined {
    const parent = openInside(this.root, parentOf(path), O.O_PATH | O.O_DIRECTORY);
    if (parent < 0) return "is missing";
    try {
      const status = statusAt(parent, baseOf(path));
      if (typeof status === "number") return "is missing";
      if (entry.type === "link") return undefined;
      if ((status.mode & S_IFMT) !== TYPES[entry.type]) return "is of another type";
      if (entry.type !== "file") return undefined;
      if (status.size !== entry.size) return `has ${status.size} bytes instead of ${entry.size}`;
      if ((status.mode & MODE_BITS) !== entry.mode) return "has another mode";
    } finally {
      closeFd(parent);
    }
    this.#fd = openInside(this.root, path, O.O_RDONLY | O.O_NOFOLLOW | O.O_NONBLOCK);
    return this.#fd < 0 ? "cannot be read" : undefined;
  }

  data(bytes: Uint8Array, offset: number): void {
    if (this.#fd < 0) return;
    if (this.#buffer.length < bytes.length) this.#buffer = new Uint8Array(bytes.length);
    const place = this.#buffer.subarray(0, bytes.length);
    const count = readAt(this.#fd, place, offset);
    if (count === bytes.length && Buffer.compare(place, bytes) === 0) return;
    this.#problems.set(this.#path, "has other contents");
    this.end();
  }

  end(): void {
    if (this.#fd >= 0) closeFd(this.#fd);
    this.#fd = -1;
  }

  /** What is wrong, a line each. */
  finish(): string[] {
    return [...this.#problems].map(([path, problem]) => `"/${showByteString(path)}" ${problem}`);
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/** What of a layer's archive is not in the open folder `root` as it should be, a line each. */
export async function verifyStream(
  source: Readable,
  compression: Compression,
  root: number,
): Promise<string[]> {
  using verifier = new LayerVerifier(root);
  const reader = new TarReader(verifier);
  await explainingDamage("the layer", async () => {
    for await (const chunk of decompress(source, compression)) {
      if (!(chunk instanceof Uint8Array)) throw new Error("a stream of texts");
      reader.push(chunk);
    }
  });
  reader.finish();
  return verifier.finish();
}
