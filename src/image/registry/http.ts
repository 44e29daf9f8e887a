// One exchange with a registry over the runtime's fetch: proxies, certificates, a bound on the wait
// for the answer. Redirects are left to the caller, who knows what may go where.
import { joinBytes } from "../../../ffi/bytes.ts";
import { networkError, RegistryError } from "./error.ts";
import type { TlsSettings } from "./endpoint.ts";
import type { RegistryLimits } from "./limits.ts";
import { proxyFor, withoutProxyVariables } from "./proxy.ts";
import type { Environment } from "../auth/docker-config.ts";

export interface Exchange {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Blob | string | Uint8Array<ArrayBuffer>;
  readonly tls: TlsSettings;
  /** Longer than the limit, for an answer that comes after a long body. */
  readonly answerMs?: number;
}

/** What all exchanges of a command have in common. */
export interface Connection {
  readonly environment: Environment;
  readonly limits: RegistryLimits;
  /** Ends everything, such as at Ctrl-C. */
  readonly signal?: AbortSignal | undefined;
}

/** An answer whose body has not been read yet. dispose() ends it wherever it is. */
export interface Answer extends Disposable {
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
}

/** Sends a request and returns the head of the answer, whatever its status. Throws RegistryError. */
export async function exchange(connection: Connection, request: Exchange): Promise<Answer> {
  const { limits, signal } = connection;
  const answerMs = request.answerMs ?? limits.answerMs;
  const controller = new AbortController();
  const stop = (): void => controller.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener("abort", stop, { once: true });
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, answerMs);
  try {
    const response = await startFetch(connection, request, controller.signal);
    const dispose = (): void => {
      signal?.removeEventListener("abort", stop);
      controller.abort();
    };
    return {
      status: response.status,
      headers: response.headers,
      body: response.body,
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    signal?.removeEventListener("abort", stop);
    signal?.throwIfAborted();
    const what = `reach registry "${request.url.host}"`;
    if (!isLate) throw networkError(what, error);
    throw new RegistryError(`cannot ${what}: no answer within ${formatMs(answerMs)}`, {
      code: "ETIMEDOUT",
      isTemporary: true,
    });
  } finally {
    clearTimeout(timer);
  }
}

const formatMs = (ms: number): string => `${ms / 1000} s`;

function startFetch(
  { environment }: Connection,
  { method, url, headers, body, tls }: Exchange,
  signal: AbortSignal,
): Promise<Response> {
  const proxy = proxyFor(url, environment);
  return withoutProxyVariables(() =>
    fetch(url, {
      method,
      headers: { "User-Agent": "bunker", ...headers },
      ...(body !== undefined && { body }),
      redirect: "manual",
      signal,
      // A layer is what its digest says as it comes over the wire: nothing may unpack it on the way.
      decompress: false,
      ...(url.protocol === "https:" && { tls: toRuntime(tls) }),
      ...(proxy !== undefined && { proxy }),
    }),
  );
}

function toRuntime({ ca, ...rest }: TlsSettings): {
  rejectUnauthorized: boolean;
  ca?: string[];
  cert?: string;
  key?: string;
} {
  return { ...rest, ...(ca !== undefined && { ca: [...ca] }) };
}

/**
 * The whole body, at most `maxBytes` of it. Throws RegistryError where there is more, it is cut, or
 * it takes too long.
 * @param what for messages: "the manifest"
 */
export async function readBody(
  answer: Answer,
  what: string,
  maxBytes: number,
  limitMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const tooLarge = (): RegistryError =>
    new RegistryError(`${what} is larger than the ${maxBytes} bytes that are allowed`);
  const declared = Number(answer.headers.get("content-length") ?? 0);
  if (declared > maxBytes) throw tooLarge();
  if (answer.body === null) return new Uint8Array(0);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    answer[Symbol.dispose]();
  }, limitMs);
  try {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of answer.body) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge();
      chunks.push(chunk);
    }
    return joinBytes(chunks);
  } catch (error) {
    if (error instanceof RegistryError) throw error;
    if (!isLate) throw networkError(`read ${what}`, error);
    throw new RegistryError(`cannot read ${what}: it is not there after ${formatMs(limitMs)}`, {
      isTemporary: true,
    });
  } finally {
    clearTimeout(timer);
  }
}
