// One blob from the store into a registry: not at all where it is there, mounted from another
// repository where that has it, else in one piece or, if it is large, in chunks.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#push
import { openAsBlob } from "node:fs";
import type { Digest } from "../digest.ts";
import type { Descriptor } from "../types.ts";
import type { RegistryClient } from "./client.ts";
import { RegistryError } from "./error.ts";
import type { Answer } from "./http.ts";
import { pullScope, pushScope } from "./manifests.ts";
import { Patience, withRetries } from "./retry.ts";

export interface UploadSource {
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
  /** The file that the blob is in. */
  readonly file: string;
  /** Repositories of the same registry that may have it. */
  readonly mountFrom: readonly string[];
}

export interface UploadEvents {
  /** The registry does not have the blob: its bytes are sent. */
  readonly onStart?: () => void;
  readonly onBytes?: (doneBytes: number) => void;
  readonly onPause?: (pauseMs: number, error: RegistryError) => void;
}

export type UploadOutcome =
  | { readonly kind: "exists" }
  | { readonly kind: "mounted"; readonly from: string }
  | { readonly kind: "uploaded" };

/** The bytes a second below which a registry is not waited for while it takes a body. */
const SLOWEST_BYTES_PER_MS = 10;

/** Brings one blob into a repository. Throws RegistryError. */
export async function uploadBlob(
  client: RegistryClient,
  path: string,
  { descriptor, file, mountFrom }: UploadSource,
  events: UploadEvents = {},
): Promise<UploadOutcome> {
  const upload = new Upload(client, path, descriptor, events);
  if (await upload.exists()) return { kind: "exists" };
  for (const from of mountFrom) {
    if (await upload.mount(from)) return { kind: "mounted", from };
  }
  events.onStart?.();
  await upload.send(await openAsBlob(file));
  return { kind: "uploaded" };
}

/** Whether a repository has a blob, or has got it from another one of the registry. */
export async function mountBlob(
  client: RegistryClient,
  path: string,
  blob: Pick<Descriptor, "digest" | "size">,
  from: string,
): Promise<boolean> {
  const upload = new Upload(client, path, blob, {});
  return (await upload.exists()) || (await upload.mount(from));
}

/** Where to go on with an upload, and from which byte of the blob. */
interface Place {
  readonly target: string;
  readonly startBytes: number;
}

class Upload {
  readonly #scopes: readonly string[];

  constructor(
    private readonly client: RegistryClient,
    private readonly path: string,
    private readonly blob: Pick<Descriptor, "digest" | "size">,
    private readonly events: UploadEvents,
  ) {
    this.#scopes = [pushScope(path)];
  }

  exists(): Promise<boolean> {
    const { digest } = this.blob;
    return withRetries(this.client.connection.limits, async () => {
      using answer = await this.client.request({
        method: "HEAD",
        target: `/v2/${this.path}/blobs/${digest}`,
        scopes: this.#scopes,
        accept: [200, 404],
      });
      return answer.status === 200;
    });
  }

  /** Asks the registry to take the blob from another repository of its own. */
  async mount(from: string): Promise<boolean> {
    try {
      return await this.#tryMount(from);
    } catch (error) {
      // No token for the other repository: then the blob is sent.
      if (error instanceof RegistryError && (error.status === 401 || error.status === 403))
        return false;
      throw error;
    }
  }

  #tryMount(from: string): Promise<boolean> {
    const { digest } = this.blob;
    return withRetries(this.client.connection.limits, async () => {
      using answer = await this.client.request({
        method: "POST",
        target: `/v2/${this.path}/blobs/uploads/?mount=${digest}&from=${encodeURIComponent(from)}`,
        scopes: [...this.#scopes, pullScope(from)],
        // Whoever may not read the other repository is refused, or given an upload.
        accept: [201, 202, 401, 403, 404, 405],
      });
      if (answer.status === 202) await this.#cancel(answer);
      return answer.status === 201;
    });
  }

  /** An upload that is not wanted is ended, as registries keep it for days otherwise. */
  async #cancel(answer: Answer): Promise<void> {
    const target = answer.headers.get("location");
    if (target === null) return;
    try {
      using _answer = await this.client.request({
        method: "DELETE",
        target,
        scopes: this.#scopes,
        accept: [200, 202, 204, 404, 405],
      });
    } catch (error) {
      // It ends by itself.
      if (!(error instanceof RegistryError)) throw error;
    }
  }

  async send(body: Blob): Promise<void> {
    const { limits } = this.client.connection;
    if (body.size !== this.blob.size) {
      throw new RegistryError(`blob ${this.blob.digest} has another size in the store`);
    }
    if (body.size > limits.chunkBytes) return this.#sendChunks(body, limits.chunkBytes);
    await withRetries(limits, () => this.#sendWhole(body), this.events.onPause);
    this.events.onBytes?.(body.size);
  }

  async #sendWhole(body: Blob): Promise<void> {
    const target = await this.#begin();
    await this.#finish(target, body);
  }

  /** Each chunk that was taken need not be sent again when a later one fails. */
  async #sendChunks(body: Blob, chunkBytes: number): Promise<void> {
    const patience = new Patience(this.client.connection.limits, this.events.onPause);
    let place: Place = { target: await this.#begin(), startBytes: 0 };
    while (place.startBytes < body.size) {
      try {
        place = await this.#sendChunk(body, place, chunkBytes);
        patience.refresh();
        this.events.onBytes?.(place.startBytes);
      } catch (error) {
        await patience.pauseAfter(error);
        place = await this.#findPlace(place);
      }
    }
    await this.#finish(place.target, undefined);
  }

  async #sendChunk(body: Blob, place: Place, chunkBytes: number): Promise<Place> {
    const endBytes = Math.min(place.startBytes + chunkBytes, body.size);
    using answer = await this.client.request({
      method: "PATCH",
      target: place.target,
      scopes: this.#scopes,
      headers: {
        "Content-Type": "application/octet-stream",
        "Content-Range": `${place.startBytes}-${endBytes - 1}`,
      },
      body: body.slice(place.startBytes, endBytes),
      accept: [202, 204],
      answerMs: this.#patienceFor(endBytes - place.startBytes),
    });
    const target = answer.headers.get("location") ?? place.target;
    const taken = takenOf(answer) ?? endBytes;
    if (taken > endBytes || taken <= place.startBytes) {
      throw new RegistryError(`the registry took another part of blob ${this.blob.digest}`);
    }
    return { target, startBytes: taken };
  }

  /** How far the registry has come with an upload. From the beginning where it does not know it. */
  async #findPlace({ target }: Place): Promise<Place> {
    using answer = await this.client.request({
      method: "GET",
      target,
      scopes: this.#scopes,
      accept: [204, 404],
    });
    if (answer.status === 404) return { target: await this.#begin(), startBytes: 0 };
    return { target: answer.headers.get("location") ?? target, startBytes: takenOf(answer) ?? 0 };
  }

  /** The place of a new upload. */
  async #begin(): Promise<string> {
    using answer = await this.client.request({
      method: "POST",
      target: `/v2/${this.path}/blobs/uploads/`,
      scopes: this.#scopes,
      accept: [202],
    });
    const target = answer.headers.get("location");
    if (target !== null) return target;
    throw new RegistryError(
      `registry "${this.client.endpoint.domain}" names no place to upload to`,
    );
  }

  async #finish(target: string, body: Blob | undefined): Promise<void> {
    const { digest, size } = this.blob;
    using _answer = await this.client.request({
      method: "PUT",
      target: withDigest(target, digest),
      scopes: this.#scopes,
      headers: { "Content-Type": "application/octet-stream" },
      ...(body !== undefined && { body }),
      accept: [201, 204],
      // The registry reads all of it once more before it answers.
      answerMs: this.#patienceFor(size),
    });
  }

  #patienceFor(bytes: number): number {
    return this.client.connection.limits.answerMs + bytes / SLOWEST_BYTES_PER_MS;
  }
}

/** The bytes that a registry has of an upload: of `Range: 0-1023` 1024, of `0-0` none. */
function takenOf({ headers }: Answer): number | undefined {
  const found = /^(?:bytes=)?0-(\d{1,15})$/.exec(headers.get("range") ?? "");
  if (found === null) return undefined;
  const last = Number(found[1]);
  return last === 0 ? 0 : last + 1;
}

function withDigest(target: string, digest: Digest): string {
  return `${target}${target.includes("?") ? "&" : "?"}digest=${encodeURIComponent(digest)}`;
}
