// `import`: the archive of a file system as an image of one layer.

import { createReadStream, existsSync } from "node:fs";
import { Readable } from "node:stream";
import { UserError } from "../../errors.ts";
import {
  CHUNK_BYTES,
  decompress,
  detectCompression,
  explainingDamage,
} from "../../image/layer/decompress.ts";
import { parsePlatform, thisPlatform } from "../../image/platform.ts";
import type { ImageStore } from "../../image/store/store.ts";
import { type ContainerConfig, type Descriptor, MEDIA_TYPE } from "../../image/types.ts";
import { applyInstruction } from "./change-instructions.ts";
import { parseNewName, storeImage } from "./make-image.ts";
import { openStore } from "./open-store.ts";
import { tellImage } from "../events/tell-of-things.ts";

export interface ImportOptions {
  /** A file, a URL, or `-` for stdin. */
  readonly source: string;
  readonly name?: string;
  readonly changes: readonly string[];
  readonly message: string;
  readonly platform?: string;
}

/** The id of the new image. @throws UserError */
export async function importImage(options: ImportOptions): Promise<string> {
  using store = openStore();
  store.hold();
  const name = parseNewName(options.name);
  const start: ContainerConfig = {};
  const config = options.changes.reduce(applyInstruction, start);
  const platform =
    options.platform === undefined ? thisPlatform() : parsePlatform(options.platform);
  const layer = await storeArchive(await openSource(options.source), store);
  const created = new Date().toISOString();
  const comment = options.message || `Imported from ${options.source}`;
  const image = {
    ...platform,
    created,
    config,
    rootfs: { type: "layers", diff_ids: [layer.digest] },
    history: [{ created, comment }],
  } as const;
  // Order: unpacked before it has its name, as it may turn out to be no archive.
  await unpackOnce(storeImage(image, [layer], undefined, store), store);
  const id = storeImage(image, [layer], name, store);
  tellImage("import", id);
  return id;
}

async function unpackOnce(id: string, store: ImageStore): Promise<void> {
  const image = store.resolve(id);
  try {
    await store.ensureLayers(image);
  } catch (error) {
    store.dropImage(image);
    throw error;
  }
}

async function openSource(source: string): Promise<Readable> {
  if (source === "-") return createReadStream("", { fd: 0, highWaterMark: CHUNK_BYTES });
  if (/^https?:\/\//.test(source)) return download(source);
  if (!existsSync(source)) throw new UserError(`open ${source}: no such file or directory`);
  return createReadStream(source, { highWaterMark: CHUNK_BYTES });
}

async function download(url: string): Promise<Readable> {
  const answer = await fetch(url).catch((error: unknown) => {
    throw new UserError(`cannot download ${url}`, undefined, 1, { cause: error });
  });
  if (answer.ok && answer.body !== null) return Readable.from(answer.body);
  throw new UserError(`cannot download ${url}: ${answer.status} ${answer.statusText}`);
}

/** The archive without its compression: its digest is its diffID as well. */
async function storeArchive(source: Readable, store: ImageStore): Promise<Descriptor> {
  const { start, all } = await peek(source);
  using writer = store.ingest();
  await explainingDamage("the archive", async () => {
    for await (const chunk of decompress(all, detectCompression(start))) {
      if (!(chunk instanceof Uint8Array)) throw new Error("a stream of texts");
      writer.write(chunk);
    }
  });
  return { mediaType: MEDIA_TYPE.ociLayer, ...writer.commit() };
}

/** The first bytes of a stream, and a stream that still has them. */
async function peek(source: Readable): Promise<{ start: Uint8Array; all: Readable }> {
  const iterator = source[Symbol.asyncIterator]();
  const first = await iterator.next();
  const start = first.done === true ? new Uint8Array() : asBytes(first.value);
  async function* all(): AsyncGenerator<Uint8Array> {
    if (start.length > 0) yield start;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      yield asBytes(next.value);
    }
  }
  return { start, all: Readable.from(all(), { objectMode: false }) };
}

function asBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  throw new Error("a stream of texts");
}
