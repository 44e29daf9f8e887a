// One blob from a registry into the store: written while it comes, gone on with by a range request
// where the connection was cut, and given up where it comes too slowly or does not end.
import type { Digest } from "../digest.ts";
import type { Descriptor } from "../types.ts";
import type { RegistryClient } from "./client.ts";
import { networkError, RegistryError } from "./error.ts";
import type { Answer } from "./http.ts";
import type { RegistryLimits } from "./limits.ts";
import { pullScope } from "./manifests.ts";
import { Patience } from "./retry.ts";

/** Where a blob goes; the store's writer. */
export interface BlobSink {
  write(chunk: Uint8Array): void;
}

export interface DownloadEvents {
  readonly onBytes?: (doneBytes: number) => void;
  readonly onPause?: (pauseMs: number, error: RegistryError) => void;
}

/**
 * Writes a blob's bytes, exactly as many as its descriptor says; whether they are the right ones is
 * for the sink to find out. Throws RegistryError.
 */
export async function downloadBlob(
  client: RegistryClient,
  path: string,
  { digest, size }: Pick<Descriptor, "digest" | "size">,
  sink: BlobSink,
  { onBytes, onPause }: DownloadEvents = {},
): Promise<void> {
  const { limits } = client.connection;
  const patience = new Patience(limits, onPause);
  let doneBytes = 0;
  const take = (chunk: Uint8Array): void => {
    sink.write(chunk);
    doneBytes += chunk.length;
    onBytes?.(doneBytes);
  };
  for (;;) {
    const startBytes = doneBytes;
    try {
      using answer = await requestRest(client, path, digest, doneBytes);
      const skipBytes = doneBytes - offsetOf(answer, digest, doneBytes, size);
      await takeBody(answer, { digest, limits, skipBytes, restBytes: size - doneBytes }, take);
      if (doneBytes === size) return;
      throw cut(digest, doneBytes, size);
    } catch (error) {
      // A stream that is cut after each few bytes would otherwise never come to an end.
      if (doneBytes - startBytes >= limits.windowBytes) patience.refresh();
      await patience.pauseAfter(error);
    }
  }
}

function requestRest(
  client: RegistryClient,
  path: string,
  digest: Digest,
  startBytes: number,
): Promise<Answer> {
  return client.request({
    method: "GET",
    target: `/v2/${path}/blobs/${digest}`,
    scopes: [pullScope(path)],
    headers: startBytes > 0 ? { Range: `bytes=${startBytes}-` } : {},
    accept: [200, 206],
  });
}

/** The place in the blob where an answer's body begins: the one asked for, or the beginning. */
function offsetOf(answer: Answer, digest: Digest, wanted: number, size: number): number {
  if (answer.status === 200) return mustFit(answer, digest, size, 0);
  const header = answer.headers.get("content-range") ?? "";
  const found = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header);
  const [, first, , total] = found ?? [];
  if (Number(first) !== wanted || (total !== "*" && Number(total) !== size)) {
    throw new RegistryError(`the registry sends another part of blob ${digest} than was asked for`);
  }
  return mustFit(answer, digest, size, wanted);
}

/** A length that cannot be right need not be waited for. */
function mustFit(answer: Answer, digest: Digest, size: number, offset: number): number {
  const length = answer.headers.get("content-length");
  if (length !== null && offset + Number(length) > size) throw tooLong(digest, size);
  return offset;
}

const tooLong = (digest: Digest, size: number): RegistryError =>
  new RegistryError(`the registry sends more of blob ${digest} than its ${size} bytes`);

const cut = (digest: Digest, doneBytes: number, size: number): RegistryError =>
  new RegistryError(`the registry sent only ${doneBytes} of the ${size} bytes of blob ${digest}`, {
    isTemporary: true,
  });

interface BodyBounds {
  readonly digest: Digest;
  readonly limits: RegistryLimits;
  /** Bytes at the beginning that are there already. */
  readonly skipBytes: number;
  readonly restBytes: number;
}

async function takeBody(
  answer: Answer,
  { digest, limits, skipBytes, restBytes }: BodyBounds,
  take: (chunk: Uint8Array) => void,
): Promise<void> {
  if (answer.body === null) return;
  using speed = new SpeedWatch(limits, () => answer[Symbol.dispose]());
  let skip = skipBytes;
  let rest = restBytes;
  for await (const chunk of readChunks(answer.body, speed, digest)) {
    speed.count(chunk.length);
    const wanted = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - wanted.length;
    rest -= wanted.length;
    if (rest < 0) throw tooLong(digest, restBytes);
    if (wanted.length > 0) take(wanted);
  }
}

/** The body's chunks; what the network throws, in our words. */
async function* readChunks(
  body: ReadableStream<Uint8Array>,
  speed: SpeedWatch,
  digest: Digest,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw speed.failure(digest) ?? networkError(`read blob ${digest}`, error);
    });
    if (done) return;
    yield value;
  }
}

/** Ends a transfer of which too little arrives within a window of time. */
class SpeedWatch implements Disposable {
  readonly #timer: ReturnType<typeof setInterval>;
  #windowBytes = 0;
  #isSlow = false;

  constructor(
    private readonly limits: RegistryLimits,
    stop: () => void,
  ) {
    this.#timer = setInterval(() => {
      if (this.#windowBytes < limits.windowBytes) {
        this.#isSlow = true;
        stop();
      }
      this.#windowBytes = 0;
    }, limits.windowMs);
  }

  count(bytes: number): void {
    this.#windowBytes += bytes;
  }

  failure(digest: Digest): RegistryError | undefined {
    if (!this.#isSlow) return undefined;
    const { windowBytes, windowMs } = this.limits;
    const least = `less than ${windowBytes} bytes in ${windowMs / 1000} s`;
    return new RegistryError(`the registry sends blob ${digest} too slowly: ${least}`, {
      code: "ETIMEDOUT",
      isTemporary: true,
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
