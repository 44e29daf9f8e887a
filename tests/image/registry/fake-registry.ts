// A registry on loopback for tests, which can be told to lie. It keeps what it is given in memory
// and writes down each request.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MEDIA_TYPE, type Descriptor } from "../../../src/image/types.ts";
import type { MadeImage } from "../made-image.ts";

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** Answers a request in its own way; false leaves it to the registry. */
export type Hook = (request: IncomingMessage, response: ServerResponse) => boolean;

export const digestOf = (bytes: string | Uint8Array): `sha256:${string}` =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export class FakeRegistry implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly blobs = new Map<string, Buffer>();
  /** By "repository:tag" and "repository@digest". */
  readonly manifests = new Map<string, StoredManifest>();
  readonly #uploads = new Map<string, Buffer>();
  hook: Hook = () => false;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  /** "127.0.0.1:PORT". */
  get host(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `127.0.0.1:${port}`;
  }

  get lines(): string[] {
    return this.seen.map(({ method, url }) => `${method} ${url}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As dispose, without waiting. */
  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  addBlob(bytes: string | Uint8Array, mediaType: string): Descriptor {
    const content = Buffer.from(bytes);
    const digest = digestOf(content);
    this.blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  }

  addManifest(repository: string, tag: string, document: object): Descriptor {
    const bytes = Buffer.from(JSON.stringify(document));
    const mediaType = "mediaType" in document ? String(document.mediaType) : MEDIA_TYPE.ociManifest;
    const digest = digestOf(bytes);
    this.manifests.set(`${repository}:${tag}`, { mediaType, bytes });
    this.manifests.set(`${repository}@${digest}`, { mediaType, bytes });
    return { mediaType, digest, size: bytes.length };
  }

  /** An image whose layers are archives. */
  addMade(repository: string, tag: string, image: MadeImage): void {
    for (const { digest, blob } of image.layers) this.blobs.set(digest, Buffer.from(blob));
    this.blobs.set(image.configDigest, Buffer.from(image.config));
    const stored = { mediaType: MEDIA_TYPE.ociManifest, bytes: Buffer.from(image.manifest) };
    this.manifests.set(`${repository}:${tag}`, stored);
    this.manifests.set(`${repository}@${image.manifestDigest}`, stored);
  }

  /** An image with the given layers, which need not be archives. */
  addImage(repository: string, tag: string, layers: readonly (string | Uint8Array)[]): Image {
    const config = { architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } };
    const descriptors = layers.map((layer) => this.addBlob(layer, MEDIA_TYPE.ociLayerGzip));
    const document = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: this.addBlob(JSON.stringify({ ...config, tag }), MEDIA_TYPE.ociConfig),
      layers: descriptors,
    };
    return { manifest: this.addManifest(repository, tag, document), layers: descriptors };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    const { authorization, range } = headers;
    this.seen.push({ method, url, authorization, range });
    try {
      if (!this.hook(request, response)) await this.#serve(request, response);
    } catch (error) {
      send(response, 500, {}, String(error));
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "", `http://${this.host}`);
    const found = /^\/v2\/(.+)\/(manifests|blobs|tags)\/(uploads\/)?(.*)$/.exec(url.pathname);
    if (found === null) return send(response, url.pathname === "/v2/" ? 200 : 404, {}, "{}");
    const [, repository = "", kind, upload, name = ""] = found;
    if (upload !== undefined) return this.#upload(request, response, url, repository, name);
    if (kind === "manifests" && request.method === "PUT") {
      const bytes = await readAll(request);
      const mediaType = request.headers["content-type"] ?? "";
      this.manifests.set(`${repository}:${name}`, { mediaType, bytes });
      this.manifests.set(`${repository}@${digestOf(bytes)}`, { mediaType, bytes });
      return send(response, 201, { "docker-content-digest": digestOf(bytes) });
    }
    if (kind === "manifests") return this.#manifest(response, repository, name);
    if (kind === "tags") return this.#tags(response, repository);
    this.#blob(request, response, name);
  }

  #manifest(response: ServerResponse, repository: string, name: string): void {
    const found = this.manifests.get(`${repository}${name.includes(":") ? "@" : ":"}${name}`);
    if (found === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN", "manifest unknown");
    const { mediaType, bytes } = found;
    send(
      response,
      200,
      { "content-type": mediaType, "docker-content-digest": digestOf(bytes) },
      bytes,
    );
  }

  #tags(response: ServerResponse, repository: string): void {
    const names = [...this.manifests.keys()].filter((key) => key.startsWith(`${repository}:`));
    const tags = names.map((key) => key.slice(repository.length + 1));
    send(response, 200, {}, JSON.stringify({ name: repository, tags }));
  }

  #blob(request: IncomingMessage, response: ServerResponse, digest: string): void {
    const bytes = this.blobs.get(digest);
    if (bytes === undefined)
      return refuse(response, 404, "BLOB_UNKNOWN", "blob unknown to registry");
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from === 0) return send(response, 200, {}, bytes);
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    send(response, 206, { "content-range": range }, bytes.subarray(from));
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    repository: string,
    id: string,
  ): Promise<void> {
    const here = `/v2/${repository}/blobs/uploads/`;
    if (request.method === "POST") {
      const mount = url.searchParams.get("mount");
      if (mount !== null && this.blobs.has(mount)) return send(response, 201, {});
      const name = String(this.#uploads.size);
      this.#uploads.set(name, Buffer.alloc(0));
      return send(response, 202, { location: `${here}${name}?_state=x` });
    }
    const before = this.#uploads.get(id);
    if (before === undefined) return refuse(response, 404, "BLOB_UPLOAD_UNKNOWN", "unknown upload");
    const range = `0-${Math.max(0, before.length - 1)}`;
    if (request.method === "GET") return send(response, 204, { range, location: `${here}${id}` });
    if (request.method === "DELETE") {
      this.#uploads.delete(id);
      return send(response, 204, {});
    }
    const bytes = Buffer.concat([before, await readAll(request)]);
    if (request.method === "PATCH") {
      const start = Number((request.headers["content-range"] ?? "0").split("-")[0]);
      if (start !== before.length) return refuse(response, 416, "BLOB_UPLOAD_INVALID", "range");
      this.#uploads.set(id, bytes);
      return send(response, 202, { location: `${here}${id}`, range: `0-${bytes.length - 1}` });
    }
    const digest = url.searchParams.get("digest") ?? "";
    if (digestOf(bytes) !== digest) return refuse(response, 400, "DIGEST_INVALID", "wrong digest");
    this.blobs.set(digest, bytes);
    send(response, 201, {});
  }
}

export interface Image {
  readonly manifest: Descriptor;
  readonly layers: readonly Descriptor[];
}

export function send(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer = "",
): void {
  response.writeHead(status, { "content-length": Buffer.byteLength(body), ...headers });
  response.end(body);
}

export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
): void {
  const body = JSON.stringify({ errors: [{ code, message }] });
  send(response, status, { "content-type": "application/json" }, body);
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
