// Layers come as they are, or compressed with gzip or zstd. The runtime's own decompressors work on
// threads of their own, so that what uses their output runs beside them.

import type { Readable } from "node:stream";
import { UserError } from "../../errors.ts";
import type { Compression } from "../types.ts";

const GZIP_MAGIC = [0x1f, 0x8b];
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

/** Speed: on larger chunks neither side waits for the other more than it must. */
export const CHUNK_BYTES = 256 * 1024;

/** Ways that the runtime has nothing for, by their first bytes. */
const UNSUPPORTED: readonly (readonly [name: string, magic: readonly number[]])[] = [
  ["xz", [0xfd, 0x37, 0x7a, 0x58]],
  ["bzip2", [0x42, 0x5a, 0x68]],
];

/**
 * How something is compressed, by its first bytes; four are enough.
 * @throws UserError for a way that is known, and not supported
 */
export function detectCompression(start: Uint8Array): Compression {
  const begins = (magic: readonly number[]) => magic.every((byte, i) => start[i] === byte);
  const unsupported = UNSUPPORTED.find(([, magic]) => begins(magic));
  if (unsupported !== undefined) {
    const [name] = unsupported;
    throw new UserError(
      `compression with ${name} is not supported`,
      `decompress it before, as with "${name} --decompress --stdout"`,
    );
  }
  if (begins(GZIP_MAGIC)) return "gzip";
  return begins(ZSTD_MAGIC) ? "zstd" : "none";
}

/** The contents of a compressed stream. Errors of the stream and of its compression come out of it. */
export function decompress(source: Readable, compression: Compression): Readable {
  if (compression === "none") return source;
  // Start-up time: a run of an image that is unpacked does without these two.
  const { createGunzip, createZstdDecompress } = process.getBuiltinModule("node:zlib");
  const { pipeline } = process.getBuiltinModule("node:stream");
  const options = { chunkSize: CHUNK_BYTES, readableHighWaterMark: 4 * CHUNK_BYTES };
  const out = compression === "gzip" ? createGunzip(options) : createZstdDecompress(options);
  // The error, if any, comes to whoever reads `out`.
  pipeline(source, out, () => undefined);
  return out;
}

/** Whether it is the decompressor that complains, and so the data that is wrong. */
export function isCompressionError(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("Z_") || code.startsWith("ZSTD_") || code === "ERR_STREAM_PREMATURE_CLOSE";
}

/** Runs `use`; what the decompressor has against the data becomes a UserError about `what`. */
export async function explainingDamage<T>(what: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!isCompressionError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${what} cannot be decompressed: ${reason}`, undefined, 125, {
      cause: error,
    });
  }
}
