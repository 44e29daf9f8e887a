// `pull`, `push`, `login`, `logout`, `manifest inspect`: what needs a registry.

import { readFileSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { Keychain } from "../../image/auth/keychain.ts";
import { parsePlatform } from "../../image/platform.ts";
import {
  canonicalName,
  DEFAULT_DOMAIN,
  familiarName,
  formatFamiliar,
  formatReference,
  parseReference,
  parseRegistryHost,
  type Reference,
  withDefaultTag,
} from "../../image/reference.ts";
import { verifyLogin } from "../../image/registry/login.ts";
import { fetchManifest } from "../../image/registry/manifests.ts";
import { type ProgressSink, SILENT } from "../../image/registry/progress.ts";
import { listRemoteTags, type PulledImage, pullImage } from "../../image/registry/pull.ts";
import { type PushedImage, pushImage } from "../../image/registry/push.ts";
import { openClient, type RegistryOptions } from "../../image/registry/session.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";
import { narrowImage } from "./narrow-image.ts";
import { noteRepoDigest } from "./repo-digest.ts";
import { canonicalReference, findImage, getImage, openStore } from "./open-store.ts";
import { tellImage } from "../events/tell-of-things.ts";

export type { BlobProgress, ProgressSink } from "../../image/registry/progress.ts";

/** How a registry is to be spoken to. */
export interface TransferOptions {
  readonly progress?: ProgressSink;
  readonly platform?: string;
  /** False: also without TLS, or with certificates that nobody vouches for. */
  readonly tlsVerify?: boolean;
  /** A folder of certificates, in place of those below /etc. */
  readonly certificateFolder?: string;
  /** `USER:PASSWORD`, in place of what `login` has kept. */
  readonly credentials?: string;
  readonly allTags?: boolean;
}

/** @throws UserError, RegistryError */
export async function pullImages(text: string, options: TransferOptions): Promise<PulledImage[]> {
  using store = openStore();
  const registry = makeRegistryOptions(options);
  const reference = parseReference(text);
  const pull = async (one: Reference): Promise<PulledImage> => {
    const image = await pullImage(one, registry, store);
    noteRepoDigest(image.name, image.top.digest, store);
    tellTransfer("pull", parseReference(image.name));
    return image;
  };
  if (options.allTags !== true) return [await pull(reference)];
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new UserError("tag can't be used with --all-tags/-a", undefined, 1);
  }
  const pulled: PulledImage[] = [];
  for (const tag of await listRemoteTags(reference, registry)) {
    pulled.push(await pull({ ...reference, tag }));
  }
  return pulled;
}

/**
 * @param source the image
 * @param text the name that it gets in a registry
 * @throws UserError, RegistryError
 */
export async function pushImages(
  source: string,
  text: string,
  options: TransferOptions,
): Promise<PushedImage[]> {
  using store = openStore();
  const registry = makeRegistryOptions(options);
  const reference = parseReference(text);
  const references = options.allTags === true ? listTagsHere(text, store) : [reference];
  const pushed: PushedImage[] = [];
  for (const each of references) {
    const isOther = source !== text && options.allTags !== true;
    const whole = isOther ? getImage(store, source) : getPushed(each, registry, store);
    const image = narrowImage(whole, options.platform, store);
    const result = await pushImage(each, image, registry, store);
    noteRepoDigest(formatReference(withDefaultTag(each)), result.digest, store);
    tellTransfer("push", withDefaultTag(each));
    pushed.push(result);
  }
  return pushed;
}

/** What comes and goes is known by its name, not by its id. */
export function tellTransfer(action: "pull" | "push", reference: Reference): void {
  tellImage(action, formatFamiliar(reference), familiarName(reference));
}

/** docker's words for an image that is not there. */
function getPushed(
  reference: Reference,
  { progress }: RegistryOptions,
  store: ImageStore,
): StoredImage {
  const image = findImage(store, formatReference(reference));
  if (image !== undefined) return image;
  progress.message(`The push refers to repository [${canonicalName(reference)}]`);
  const name = familiarName(reference);
  throw new UserError(`An image does not exist locally with the tag: ${name}`, undefined, 1);
}

function listTagsHere(text: string, store: ImageStore): Reference[] {
  const reference = parseReference(text);
  if (reference.tag !== undefined) {
    throw new UserError("tag can't be used with --all-tags/-a", undefined, 1);
  }
  const wanted = familiarName(reference);
  const all = [...store.references().keys()].map((name) => parseReference(name));
  const ours = all.filter((each) => each.tag !== undefined && familiarName(each) === wanted);
  if (ours.length > 0) return ours;
  throw new UserError(
    `An image does not exist locally with the tag: ${wanted}`,
    "'bunker images' lists what is there",
    1,
  );
}

export function makeRegistryOptions(options: TransferOptions): RegistryOptions {
  const { progress = SILENT, platform, tlsVerify, certificateFolder, credentials } = options;
  return {
    environment: process.env,
    progress,
    ...(platform !== undefined && { platform: parsePlatform(platform) }),
    ...(tlsVerify !== undefined && { tlsVerify }),
    ...(certificateFolder !== undefined && { certificateFolder }),
    ...(credentials !== undefined && { credentials: parseCredentials(credentials) }),
  };
}

function parseCredentials(text: string) {
  const colon = text.indexOf(":");
  if (colon < 0) throw new UserError("credentials must be USER:PASSWORD");
  const [username, password] = [text.slice(0, colon), text.slice(colon + 1)];
  return { kind: "password", username, password } as const;
}

/** Where a login's secret was put. */
export interface LoginOutcome {
  readonly registry: string;
  readonly place: string;
  readonly isPlain: boolean;
}

/** Verifies a name and a password with a registry, and keeps them. @throws UserError, RegistryError */
export async function login(
  server: string | undefined,
  username: string,
  password: string,
  options: TransferOptions,
): Promise<LoginOutcome> {
  const registry = server === undefined ? DEFAULT_DOMAIN : parseRegistryHost(server);
  const credentials = { kind: "password", username, password } as const;
  await verifyLogin(registry, credentials, makeRegistryOptions(options));
  const stored = await new Keychain(process.env).store(registry, credentials);
  return { registry, ...stored };
}

/** Forgets what `login` has kept, if anything. @throws UserError */
export async function logout(server: string | undefined): Promise<void> {
  const registry = server === undefined ? DEFAULT_DOMAIN : parseRegistryHost(server);
  await new Keychain(process.env).erase(registry);
}

/** The name that is kept for a registry, which `login` without a name takes again. */
export async function knownUser(server: string | undefined): Promise<string | undefined> {
  const domain = server === undefined ? DEFAULT_DOMAIN : parseRegistryHost(server);
  const found = await new Keychain(process.env).find({ domain });
  return found !== undefined && "username" in found ? found.username : undefined;
}

/** A manifest or an index as the registry has it. */
export interface InspectedManifest {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly reference: string;
  readonly document: unknown;
  /** As it came, in base64. */
  readonly raw: string;
}

/** @throws UserError, RegistryError */
export async function inspectManifest(
  text: string,
  options: TransferOptions,
): Promise<InspectedManifest> {
  const reference = canonicalReference(text);
  if (reference === undefined) throw new UserError(`invalid reference format: "${text}"`);
  const { domain, path, tag, digest } = reference;
  const client = openClient(domain, path, makeRegistryOptions(options));
  const { descriptor, bytes } = await fetchManifest(client, path, digest ?? tag ?? "latest");
  const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const raw = Buffer.from(bytes).toString("base64");
  return { ...descriptor, reference: formatReference(reference), document, raw };
}

/** A password from stdin, its last line end left off. */
export function readPassword(): string {
  return readFileSync(0, "utf8").replace(/\r?\n$/, "");
}
