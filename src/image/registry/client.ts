// Requests to one registry: they carry its authorization, follow its redirects, fall back to HTTP
// where that is allowed, and turn refusals into errors.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
import type { Credentials } from "../auth/credentials.ts";
import { Authorizer } from "./authorizer.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { Endpoint, TlsSettings } from "./endpoint.ts";
import { printable, RegistryError } from "./error.ts";
import { type Answer, type Connection, exchange, type Exchange } from "./http.ts";
import { readRefusal } from "./refusal.ts";

export interface RegistryRequest {
  readonly method: Exchange["method"];
  /** "/v2/library/alpine/manifests/latest", or what the registry gave as the place of an upload. */
  readonly target: string;
  readonly scopes: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Blob | string | Uint8Array<ArrayBuffer>;
  /** Statuses that are answers rather than refusals. */
  readonly accept: readonly number[];
  readonly answerMs?: number;
}

export class RegistryClient {
  readonly #authorizer: Authorizer;
  /** The address that answered; undefined before the first request. */
  #origin: string | undefined;

  constructor(
    readonly endpoint: Endpoint,
    readonly connection: Connection,
    loadCredentials: () => Promise<Credentials | undefined>,
  ) {
    this.#authorizer = new Authorizer(endpoint, connection, loadCredentials);
  }

  /** The answer, of one of the accepted statuses; to be disposed. Throws RegistryError, UserError. */
  async request(request: RegistryRequest): Promise<Answer> {
    let isRenewed = false;
    for (;;) {
      const { answer, url } = await this.#send(request);
      const challenges = this.#challengesOf(answer, url);
      const isChallenged = challenges.length > 0 && !isRenewed;
      if (isChallenged && (await this.#meet(challenges, request, url))) {
        isRenewed = true;
        answer[Symbol.dispose]();
        continue;
      }
      // Order: what is accepted is an answer to whoever said who they are.
      if (request.accept.includes(answer.status)) return answer;
      throw await this.#refusal(answer, request, url);
    }
  }

  /** Whether this registry gets a name and a secret from us. */
  hasCredentials(): Promise<boolean> {
    return this.#authorizer.hasCredentials();
  }

  async #meet(
    challenges: readonly Challenge[],
    { scopes }: RegistryRequest,
    url: URL,
  ): Promise<boolean> {
    this.#authorizer.forget(scopes);
    return (await this.#authorizer.answer(challenges, scopes, url.origin)) !== undefined;
  }

  /** Security: only the registry itself may ask for authorization, not where it redirects to. */
  #challengesOf({ status, headers }: Answer, url: URL): Challenge[] {
    if (status !== 401 || url.origin !== this.#origin) return [];
    return parseChallenges(headers.get("www-authenticate"));
  }

  async #refusal(answer: Answer, request: RegistryRequest, url: URL): Promise<RegistryError> {
    const what = `${request.method} ${printable(url.pathname, 200)}`;
    const error = await readRefusal(this.connection, answer, url.host, what);
    if (error.status !== 401) return error;
    const hint = `run "bunker login ${this.endpoint.domain}"`;
    return new RegistryError(error.message, { status: 401, code: error.code, hint });
  }

  /** Sends a request, at the first time to one address after the other until one answers. */
  async #send(request: RegistryRequest): Promise<Located> {
    if (this.#origin !== undefined) return this.#follow(request, this.#origin);
    const { origins } = this.endpoint;
    for (const [index, origin] of origins.entries()) {
      try {
        const located = await this.#follow(request, origin);
        this.#origin ??= origin;
        return located;
      } catch (error) {
        if (index === origins.length - 1 || !isOtherProtocol(error)) throw asFirstAnswer(error);
      }
    }
    throw new RegistryError(`registry "${this.endpoint.domain}" has no address`);
  }

  async #follow(request: RegistryRequest, origin: string): Promise<Located> {
    let url = locate(request.target, origin, this.endpoint);
    for (let count = 0; count <= this.connection.limits.redirects; count++) {
      const answer = await exchange(this.connection, this.#dress(request, url, origin));
      this.#origin ??= origin;
      const target = redirectOf(request, answer);
      if (target === undefined) return { answer, url };
      answer[Symbol.dispose]();
      url = locate(target, url.href, this.endpoint);
    }
    throw new RegistryError(`registry "${this.endpoint.domain}" redirects without an end`);
  }

  /** Security: authorization and client certificate are for the registry's own address only. */
  #dress(request: RegistryRequest, url: URL, origin: string): Exchange {
    const isOwn = url.origin === new URL(origin).origin;
    const authorization = isOwn ? this.#authorizer.header(request.scopes) : undefined;
    const { method, headers = {}, body, answerMs } = request;
    return {
      method,
      url,
      headers: { ...headers, ...(authorization !== undefined && { Authorization: authorization }) },
      ...(body !== undefined && { body }),
      ...(answerMs !== undefined && { answerMs }),
      tls: isOwn ? this.endpoint.tls : foreignTls(this.endpoint.tls),
    };
  }
}

interface Located {
  readonly answer: Answer;
  /** Where it came from, after redirects. */
  readonly url: URL;
}

function foreignTls({ cert: _cert, key: _key, ...rest }: TlsSettings): TlsSettings {
  return rest;
}

/** Where nobody has answered yet, nobody is expected to: a wrong name or port is said at once. */
function asFirstAnswer(error: unknown): unknown {
  if (!(error instanceof RegistryError) || error.code !== "ECONNREFUSED") return error;
  return new RegistryError(error.message, { code: error.code, hint: error.hint });
}

/** Whether another protocol may be what the registry speaks. */
function isOtherProtocol(error: unknown): boolean {
  const codes = ["EPROTO", "ECONNREFUSED", "ECONNRESET"];
  return error instanceof RegistryError && error.code !== undefined && codes.includes(error.code);
}

/** Where a registry sends us instead. A body goes along only where the status says so. */
function redirectOf({ method }: RegistryRequest, { status, headers }: Answer): string | undefined {
  const isRead = method === "GET" || method === "HEAD";
  const statuses = isRead ? [301, 302, 303, 307, 308] : [307, 308];
  if (!statuses.includes(status)) return undefined;
  return headers.get("location") ?? undefined;
}

/** The URL of a place that a registry names. Throws RegistryError where we must not go there. */
function locate(target: string, base: string, { domain, allowsPlain }: Endpoint): URL {
  const url = URL.parse(target, base);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "") {
    const shown = JSON.stringify(printable(target, 100));
    throw new RegistryError(`registry "${domain}" sends us to an unusable address: ${shown}`);
  }
  if (url.protocol === "http:" && !allowsPlain) {
    const hint = "on the way anybody could change what is said";
    throw new RegistryError(`registry "${domain}" sends us to a host without TLS: "${url.host}"`, {
      hint,
    });
  }
  return url;
}
