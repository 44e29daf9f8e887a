// Manifests, indexes and tags of a repository.
import { type Digest, digestOf, isDigest } from "../digest.ts";
import { type Descriptor, MEDIA_TYPE } from "../types.ts";
import type { RegistryClient } from "./client.ts";
import { RegistryError } from "./error.ts";
import { readBody } from "./http.ts";
import { withRetries } from "./retry.ts";

/** What is taken, the best first. Without this list, a registry may answer with schema 1. */
const ACCEPT = [
  MEDIA_TYPE.ociIndex,
  MEDIA_TYPE.dockerIndex,
  MEDIA_TYPE.ociManifest,
  MEDIA_TYPE.dockerManifest,
].join(", ");

/** A manifest or an index as it came. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

export const pullScope = (path: string): string => `repository:${path}:pull`;
export const pushScope = (path: string): string => `repository:${path}:pull,push`;

/**
 * What the registry has under a tag or a digest. Throws RegistryError, also where the bytes have
 * another digest than the one asked for or said.
 */
export function fetchManifest(
  client: RegistryClient,
  path: string,
  tagOrDigest: string,
): Promise<FetchedManifest> {
  const { limits } = client.connection;
  return withRetries(limits, async () => {
    using answer = await client.request({
      method: "GET",
      target: `/v2/${path}/manifests/${tagOrDigest}`,
      scopes: [pullScope(path)],
      headers: { Accept: ACCEPT },
      accept: [200],
    });
    const bytes = await readBody(answer, "the manifest", limits.manifestBytes, limits.documentMs);
    const digest = digestOf(bytes);
    const said = answer.headers.get("docker-content-digest");
    const wanted = isDigest(tagOrDigest) ? tagOrDigest : said !== null && isDigest(said) && said;
    if (wanted !== false && wanted !== digest) throw wrongDigest(wanted, digest);
    return {
      descriptor: { mediaType: mediaTypeOf(answer.headers), digest, size: bytes.length },
      bytes,
    };
  });
}

function wrongDigest(wanted: Digest, got: Digest): RegistryError {
  const message = `the manifest is not what its digest says: wanted ${wanted}, its content has ${got}`;
  return new RegistryError(message, { code: "DIGEST_INVALID" });
}

/** The digest that a tag stands for; undefined where there is none, or the registry does not say. */
export async function headManifest(
  client: RegistryClient,
  path: string,
  tagOrDigest: string,
  scope: string = pullScope(path),
): Promise<Digest | undefined> {
  return withRetries(client.connection.limits, async () => {
    using answer = await client.request({
      method: "HEAD",
      target: `/v2/${path}/manifests/${tagOrDigest}`,
      scopes: [scope],
      headers: { Accept: ACCEPT },
      accept: [200, 404, 405],
    });
    const digest = answer.headers.get("docker-content-digest");
    return answer.status === 200 && digest !== null && isDigest(digest) ? digest : undefined;
  });
}

/** Puts a manifest or an index under a tag or its digest. Throws RegistryError. */
export async function putManifest(
  client: RegistryClient,
  path: string,
  tagOrDigest: string,
  mediaType: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  await withRetries(client.connection.limits, async () => {
    using _answer = await client.request({
      method: "PUT",
      target: `/v2/${path}/manifests/${tagOrDigest}`,
      scopes: [pushScope(path)],
      headers: { "Content-Type": mediaType },
      body: bytes,
      accept: [200, 201, 202],
    });
  });
}

/** Bounds what a registry that always names a next page can cost. */
const PAGES_MAX = 1000;

/** All tags of a repository. Throws RegistryError. */
export async function listTags(client: RegistryClient, path: string): Promise<string[]> {
  const { limits } = client.connection;
  const tags: string[] = [];
  let target: string | undefined = `/v2/${path}/tags/list`;
  for (let page = 0; target !== undefined && page < PAGES_MAX; page++) {
    const request = { method: "GET", target, scopes: [pullScope(path)], accept: [200] } as const;
    target = await withRetries(limits, async () => {
      using answer = await client.request(request);
      const body = await readBody(
        answer,
        "the list of tags",
        limits.answerBytes,
        limits.documentMs,
      );
      tags.push(...parseTags(new TextDecoder().decode(body)));
      return nextPage(answer.headers.get("link"));
    });
  }
  return tags;
}

function parseTags(text: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RegistryError("the list of tags is no JSON");
  }
  const tags = typeof value === "object" && value !== null && "tags" in value ? value.tags : [];
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}

/** `</v2/alpine/tags/list?last=3>; rel="next"`. RFC 8288 */
function nextPage(header: string | null): string | undefined {
  const found = /<([^>]+)>\s*;\s*rel="?next"?/.exec(header ?? "");
  return found?.[1];
}

/** The media type without its parameters. */
function mediaTypeOf(headers: Headers): string {
  const header = headers.get("content-type") ?? "";
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}
