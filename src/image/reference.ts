// Names of images as docker reads them: `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`, where a name without a
// host is docker.io's and one without a folder there is in library/. Which texts are taken, and what
// is said of the others, was compared with docker 28 (tests/image/reference.pure.test.ts).
import { UserError } from "../errors.ts";

/** An image's name, whole: what was left out is filled in but for tag and digest. */
export interface Reference {
  /** Host and port of the registry, "docker.io". */
  readonly domain: string;
  /** The repository's name in that registry, "library/alpine". */
  readonly path: string;
  readonly tag?: string;
  /** "sha256:" and 64 hexadecimal digits. */
  readonly digest?: `sha256:${string}`;
}

export const DEFAULT_DOMAIN = "docker.io";
export const DEFAULT_TAG = "latest";
const OFFICIAL_PREFIX = "library/";
/** An older name of docker.io, which some still write. */
const OLD_DEFAULT_DOMAIN = "index.docker.io";
/** Characters of the path; distribution's limit. */
const PATH_MAX = 255;

/** Characters of all together: a long host, path, tag and digest, and then some. */
const TEXT_MAX = 1024;

const HOST_LABEL = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = `(?:${HOST_LABEL}(?:\\.${HOST_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const PATH_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const PATH = `${PATH_PART}(?:/${PATH_PART})*`;
const TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
const DIGEST = "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";

const REFERENCE = new RegExp(`^(${HOST})/(${PATH})(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const WHOLE_TAG = new RegExp(`^${TAG}$`);
const WHOLE_HOST = new RegExp(`^${HOST}$`);
const SHA256 = /^sha256:[0-9a-f]{64}$/;

const FORM = "the form is [HOST[:PORT]/]NAME[:TAG][@DIGEST], such as alpine:3.20";

/**
 * The reference that a text names.
 * @throws UserError in docker's words
 */
export function parseReference(text: string): Reference {
  if (text.length > TEXT_MAX) throw new UserError(`invalid reference format: ${quote(text)}`, FORM);
  if (/^[0-9a-f]{64}$/.test(text)) {
    const why = "cannot specify 64-byte hexadecimal strings";
    throw new UserError(`invalid repository name (${text}), ${why}`);
  }
  const { domain, rest } = splitDomain(text);
  const name = /^[^:@]*/.exec(rest)?.[0] ?? "";
  if (name !== name.toLowerCase()) {
    throw new UserError(`invalid reference format: repository name (${name}) must be lowercase`);
  }
  const found = REFERENCE.exec(`${domain}/${rest}`);
  if (found === null) throw new UserError(`invalid reference format: ${quote(text)}`, FORM);
  const [, , path = "", tag, digest] = found;
  if (path.length > PATH_MAX) {
    throw new UserError(`repository name must not be more than ${PATH_MAX} characters`);
  }
  return {
    domain,
    path,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest: parseReferenceDigest(digest) }),
  };
}

/** What stands before the first slash is a host where it looks like one: docker's rule. */
function splitDomain(text: string): { domain: string; rest: string } {
  const slash = text.indexOf("/");
  const first = slash < 0 ? "" : text.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase();
  const given = isHost ? first : DEFAULT_DOMAIN;
  const rest = isHost ? text.slice(slash + 1) : text;
  const domain = given === OLD_DEFAULT_DOMAIN ? DEFAULT_DOMAIN : given;
  const isOfficial = domain === DEFAULT_DOMAIN && !rest.includes("/");
  return { domain, rest: isOfficial ? OFFICIAL_PREFIX + rest : rest };
}

function parseReferenceDigest(text: string): `sha256:${string}` {
  const algorithm = text.slice(0, text.indexOf(":"));
  if (algorithm !== "sha256") {
    throw new UserError(`unsupported digest algorithm: ${algorithm}`, "bunker knows sha256");
  }
  if (text.length !== "sha256:".length + 64) {
    throw new UserError(`invalid checksum digest length: ${text}`);
  }
  if (!SHA256.test(text)) throw new UserError(`invalid checksum digest format: ${text}`);
  return `sha256:${text.slice("sha256:".length)}`;
}

const quote = (text: string): string =>
  JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);

/** The reference with the tag `latest` where it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  const isBare = reference.tag === undefined && reference.digest === undefined;
  return isBare ? { ...reference, tag: DEFAULT_TAG } : reference;
}

/** The name without tag and digest, whole: "docker.io/library/alpine". */
export function canonicalName({ domain, path }: Reference): string {
  return `${domain}/${path}`;
}

/** The name without tag and digest, as short as docker shows it: "alpine". */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`;
  const name = path.startsWith(OFFICIAL_PREFIX) ? path.slice(OFFICIAL_PREFIX.length) : path;
  const short = name.includes("/") ? path : name;
  // docker.io/a.b/c without its host would be the path c of the host a.b.
  const read = splitDomain(short);
  return read.domain === domain && read.rest === path ? short : `${domain}/${path}`;
}

/** The whole text, "docker.io/library/alpine:latest": what images are stored under. */
export function formatReference(reference: Reference): string {
  return canonicalName(reference) + suffixOf(reference);
}

/** The text as docker shows it, "alpine:latest". */
export function formatFamiliar(reference: Reference): string {
  return familiarName(reference) + suffixOf(reference);
}

function suffixOf({ tag, digest }: Reference): string {
  return (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
}

/** Whether a text can be a tag. */
export const isTag = (text: string): boolean => WHOLE_TAG.test(text);

/**
 * The host of a registry as it is written for login and logout: a scheme and a path are left off.
 * @throws UserError
 */
export function parseRegistryHost(text: string): string {
  const host = text.replace(/^https?:\/\//, "").replace(/\/.*$/s, "");
  if (!WHOLE_HOST.test(host)) throw new UserError(`invalid registry: ${quote(text)}`);
  const isDefault = host === OLD_DEFAULT_DOMAIN || host === "registry-1.docker.io";
  return isDefault ? DEFAULT_DOMAIN : host;
}
