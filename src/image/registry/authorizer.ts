// The Authorization header for a registry: basic, or tokens from the server that its challenge
// names. https://distribution.github.io/distribution/spec/auth/token/
import { type Credentials, encodeAuth } from "../auth/credentials.ts";
import type { Challenge } from "./challenge.ts";
import type { Endpoint } from "./endpoint.ts";
import { printable, RegistryError } from "./error.ts";
import { type Answer, type Connection, exchange, readBody } from "./http.ts";
import { readRefusal } from "./refusal.ts";
import { withRetries } from "./retry.ts";

interface Header {
  readonly value: string;
  readonly expiresAtMs: number;
}

/** Tokens without a word about it live as long, by the specification. */
const DEFAULT_LIFE_S = 60;
/** A token that ends while the request is on its way would be refused. */
const MARGIN_MS = 5000;
/** Who asks, as token servers write it into their logs. */
const CLIENT_ID = "bunker";

/** Gets, keeps and renews what one registry wants to see. */
export class Authorizer {
  readonly #headers = new Map<string, Header>();
  readonly #pending = new Map<string, Promise<string>>();
  #credentials: Promise<Credentials | undefined> | undefined;

  constructor(
    private readonly endpoint: Endpoint,
    private readonly connection: Connection,
    private readonly loadCredentials: () => Promise<Credentials | undefined>,
  ) {}

  /** The header for requests of these scopes, where it is known already. */
  header(scopes: readonly string[]): string | undefined {
    const key = scopes.join(" ");
    const known = this.#headers.get(key);
    if (known === undefined || known.expiresAtMs > Date.now()) return known?.value;
    this.#headers.delete(key);
    return undefined;
  }

  /** Whether the registry was given a name and a secret, not just an anonymous token. */
  async hasCredentials(): Promise<boolean> {
    return (await this.#load()) !== undefined;
  }

  /**
   * The header that a challenge asks for; undefined where there are no credentials for it. Throws
   * RegistryError, UserError for a keychain in disorder.
   * @param scopes "repository:library/alpine:pull"
   */
  async answer(
    challenges: readonly Challenge[],
    scopes: readonly string[],
    origin: string,
  ): Promise<string | undefined> {
    const credentials = await this.#load();
    const key = scopes.join(" ");
    if (credentials?.kind === "bearer") return this.#keep(key, `Bearer ${credentials.token}`);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) {
      // Several layers at once need the same token once.
      const pending = this.#pending.get(key) ?? this.#fetchToken(bearer, scopes, origin, key);
      this.#pending.set(key, pending);
      return pending.finally(() => this.#pending.delete(key));
    }
    const isBasic = challenges.some(({ scheme }) => scheme === "basic");
    if (!isBasic || credentials?.kind !== "password") return undefined;
    return this.#keep(key, basic(credentials));
  }

  /** Forgets a header that was refused. */
  forget(scopes: readonly string[]): void {
    this.#headers.delete(scopes.join(" "));
  }

  #load(): Promise<Credentials | undefined> {
    return (this.#credentials ??= this.loadCredentials());
  }

  #keep(key: string, value: string, expiresAtMs = Infinity): string {
    this.#headers.set(key, { value, expiresAtMs });
    return value;
  }

  async #fetchToken(
    challenge: Challenge,
    scopes: readonly string[],
    origin: string,
    key: string,
  ): Promise<string> {
    const realm = parseRealm(challenge.parameters.get("realm"), this.endpoint);
    const credentials = await this.#load();
    if (credentials !== undefined) this.#mustTrust(realm, origin);
    const request = {
      realm,
      service: challenge.parameters.get("service"),
      scopes: scopesOf(challenge, scopes),
    };
    const { limits } = this.connection;
    const { token, lifeS } = await withRetries(limits, () =>
      this.#requestToken(request, credentials),
    );
    return this.#keep(key, `Bearer ${token}`, Date.now() + lifeS * 1000 - MARGIN_MS);
  }

  /** Security: a registry may send us anywhere for a token; our secret does not go along. */
  #mustTrust(realm: URL, origin: string): void {
    const registry = new URL(origin);
    const isNamed = this.endpoint.tokenServers.some((host) => host === realm.host);
    if (isNamed || isNeighbour(registry.hostname, realm.hostname)) return;
    throw new RegistryError(
      `registry "${this.endpoint.domain}" wants its credentials sent to another host, "${realm.host}"`,
      { hint: 'if that is right, name it in "tokenServers" in /etc/bunker/registries.json' },
    );
  }

  async #requestToken(request: TokenRequest, credentials: Credentials | undefined): Promise<Token> {
    const { limits } = this.connection;
    using answer = await this.#sendTokenRequest(request, credentials);
    const { host } = request.realm;
    if (answer.status !== 200) {
      const error = await readRefusal(this.connection, answer, host, "a token");
      if (answer.status !== 401 && answer.status !== 403) throw error;
      throw new RegistryError(error.message, {
        status: answer.status,
        code: "UNAUTHORIZED",
        hint: `run "bunker login ${this.endpoint.domain}"`,
      });
    }
    const body = await readBody(answer, "the token", limits.answerBytes, limits.documentMs);
    return parseToken(new TextDecoder().decode(body), host);
  }

  #sendTokenRequest(
    { realm, service, scopes }: TokenRequest,
    credentials: Credentials | undefined,
  ): Promise<Answer> {
    const isSameHost = new URL(this.endpoint.origins[0] ?? "").hostname === realm.hostname;
    const { cert: _cert, key: _key, ...foreign } = this.endpoint.tls;
    const tls = isSameHost ? this.endpoint.tls : foreign;
    const parameters = new URLSearchParams();
    if (service !== undefined) parameters.set("service", service);
    if (credentials?.kind === "identity") {
      parameters.set("grant_type", "refresh_token");
      parameters.set("client_id", CLIENT_ID);
      parameters.set("refresh_token", credentials.identityToken);
      if (scopes.length > 0) parameters.set("scope", scopes.join(" "));
      const headers = { "Content-Type": "application/x-www-form-urlencoded" };
      const body = parameters.toString();
      return exchange(this.connection, { method: "POST", url: realm, headers, body, tls });
    }
    for (const scope of scopes) parameters.append("scope", scope);
    if (credentials?.kind === "password") parameters.set("account", credentials.username);
    const url = new URL(realm);
    for (const [name, value] of parameters) url.searchParams.append(name, value);
    const headers: Record<string, string> =
      credentials?.kind === "password" ? { Authorization: basic(credentials) } : {};
    return exchange(this.connection, { method: "GET", url, headers, tls });
  }
}

interface TokenRequest {
  readonly realm: URL;
  readonly service: string | undefined;
  readonly scopes: readonly string[];
}

interface Token {
  readonly token: string;
  readonly lifeS: number;
}

const basic = ({ username, password }: { username: string; password: string }): string =>
  `Basic ${encodeAuth(username, password)}`;

function parseRealm(text: string | undefined, { domain, allowsPlain }: Endpoint): URL {
  const realm = URL.parse(text ?? "");
  if (realm === null || !/^https?:$/.test(realm.protocol) || realm.username !== "") {
    const shown = JSON.stringify(printable(text ?? "", 100));
    throw new RegistryError(`registry "${domain}" names no usable token server: ${shown}`);
  }
  // Security: whoever listens could use the token, or the secret, as ours.
  if (realm.protocol === "http:" && !allowsPlain) {
    throw new RegistryError(
      `registry "${domain}" names a token server without TLS: "${realm.host}"`,
    );
  }
  return realm;
}

/** What we want, and what the challenge names besides. */
function scopesOf(challenge: Challenge, scopes: readonly string[]): string[] {
  const named = (challenge.parameters.get("scope") ?? "").split(" ").filter((each) => each !== "");
  const others = named.filter((each) => {
    const resource = each.slice(0, each.lastIndexOf(":") + 1);
    return !scopes.some((own) => own.startsWith(resource));
  });
  return [...scopes, ...others];
}

/**
 * Whether a token server's name shows that it belongs to a registry: the same host or one below it,
 * the domain that the registry's is in (gitlab.com for registry.gitlab.com), or another name in
 * that (auth.docker.io for registry-1.docker.io).
 */
export function isNeighbour(registry: string, server: string): boolean {
  if (registry === server) return true;
  const isAddress = !/[a-z]/i.test(registry.slice(registry.lastIndexOf(".") + 1));
  if (isAddress) return false;
  const parent = registry.slice(registry.indexOf(".") + 1);
  const zones = [registry, parent].filter((zone) => !isPublic(zone));
  return zones.some((zone) => server === zone || server.endsWith(`.${zone}`));
}

/** "com", "co.uk" and their like belong to nobody. */
function isPublic(zone: string): boolean {
  const [top = "", second = "", ...rest] = zone.split(".").reverse();
  if (second === "") return true;
  return rest.length === 0 && top.length === 2 && second.length <= 3;
}

function parseToken(text: string, host: string): Token {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const fields = typeof value === "object" && value !== null ? value : {};
  const tokens = [
    "token" in fields ? fields.token : undefined,
    "access_token" in fields ? fields.access_token : undefined,
  ];
  const token = tokens.find((each) => typeof each === "string" && each !== "");
  if (typeof token !== "string" || /[^\x21-\x7e]/.test(token)) {
    throw new RegistryError(`token server "${host}" gave no token`);
  }
  const life = "expires_in" in fields ? fields.expires_in : undefined;
  const lifeS = typeof life === "number" && life > 0 ? life : DEFAULT_LIFE_S;
  return { token, lifeS: Math.max(lifeS, DEFAULT_LIFE_S) };
}
