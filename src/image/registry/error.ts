// What a registry, or the way to it, answered instead of what was asked for.

export interface RegistryErrorDetails {
  readonly hint?: string | undefined;
  /** The HTTP status, where there was an answer. */
  readonly status?: number;
  /** The registry's own word, "MANIFEST_UNKNOWN"; or that of the network, "ECONNREFUSED". */
  readonly code?: string | undefined;
  /** Whether the same request may fare better a moment later. */
  readonly isTemporary?: boolean;
  /** How long the registry asks to wait. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The world's refusal, as SyscallError is the kernel's. */
export class RegistryError extends Error {
  override readonly name = "RegistryError";
  readonly hint: string | undefined;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly isTemporary: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: RegistryErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.hint = details.hint;
    this.status = details.status;
    this.code = details.code;
    this.isTemporary = details.isTemporary ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }
}

const TLS_VERIFY_HINT =
  "name its certificate authority in /etc/bunker/registries.json, or use --tls-verify=false";

const OFFLINE_HINT =
  "HTTPS_PROXY names a proxy, /etc/bunker/registries.json a mirror; 'bunker load' needs no network";

/** What the codes of the network mean to a person; of those not listed, the code itself is said. */
const NETWORK_WORDS: Readonly<Record<string, { text: string; hint?: string; final?: true }>> = {
  ECONNREFUSED: { text: "connection refused", hint: "is the port right, and is it running?" },
  ECONNRESET: { text: "the connection was cut" },
  EPIPE: { text: "the connection was cut" },
  EHOSTUNREACH: { text: "no route to the host", hint: OFFLINE_HINT },
  ENETUNREACH: { text: "the network cannot be reached", hint: OFFLINE_HINT },
  ETIMEDOUT: { text: "the connection timed out", hint: OFFLINE_HINT },
  ENOTFOUND: { text: "no such host", hint: OFFLINE_HINT, final: true },
  EAI_AGAIN: { text: "the name server does not answer", hint: OFFLINE_HINT },
  EPROTO: { text: "it does not speak TLS", final: true },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    text: "its certificate is signed by itself",
    hint: TLS_VERIFY_HINT,
    final: true,
  },
  SELF_SIGNED_CERT_IN_CHAIN: {
    text: "its certificate authority is unknown",
    hint: TLS_VERIFY_HINT,
    final: true,
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    text: "its certificate authority is unknown",
    hint: TLS_VERIFY_HINT,
    final: true,
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    text: "its certificate authority is unknown",
    hint: TLS_VERIFY_HINT,
    final: true,
  },
  CERT_HAS_EXPIRED: { text: "its certificate has expired", final: true },
  CERT_NOT_YET_VALID: { text: "its certificate is not valid yet", final: true },
  ERR_TLS_CERT_ALTNAME_INVALID: { text: "its certificate is for another host", final: true },
  ERR_PROXY_TUNNEL: { text: "the proxy refused to pass the connection on", final: true },
};

/** The error for a request that got no answer. @param what "reach registry …", for the message */
export function networkError(what: string, error: unknown): RegistryError {
  const code = codeOf(error);
  const known = code === undefined ? undefined : NETWORK_WORDS[code];
  const text = known?.text ?? code ?? (error instanceof Error ? error.message : String(error));
  return new RegistryError(`cannot ${what}: ${text}`, {
    code,
    hint: known?.hint,
    isTemporary: known?.final !== true,
  });
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** A stranger's text as one line of bounded length that a terminal can be given. */
export function printable(text: string, length = 300): string {
  // Security: escape sequences of a registry would reach the terminal.
  const clean = text.replaceAll(/[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]+/g, " ").trim();
  return clean.length > length ? `${clean.slice(0, length)}…` : clean;
}
