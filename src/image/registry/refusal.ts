// A registry's refusal → RegistryError: the status, and what the registry says of it.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes
import { printable, RegistryError } from "./error.ts";
import { type Answer, type Connection, readBody } from "./http.ts";

/** Statuses that may be gone at the next attempt. */
const TEMPORARY = [408, 425, 429, 500, 502, 503, 504];

/**
 * The error that an answer stands for, whose body is read for it.
 * @param what the request, for the message: `GET /v2/alpine/manifests/latest`
 */
export async function readRefusal(
  { limits }: Connection,
  answer: Answer,
  host: string,
  what: string,
): Promise<RegistryError> {
  const { status, headers } = answer;
  const { code, text } = await readReason(answer, limits.answerBytes, limits.documentMs);
  const reason = text === "" ? "" : `: ${text}`;
  const refused = `registry "${host}" refused ${what}: ${status} ${STATUS_WORDS[status] ?? ""}`;
  return new RegistryError(refused.trimEnd() + reason, {
    status,
    code,
    isTemporary: TEMPORARY.includes(status),
    retryAfterMs: parseRetryAfter(headers.get("retry-after"), Date.now()),
    ...(status === 429 && { hint: "the registry allows only so many requests: log in, or wait" }),
  });
}

const STATUS_WORDS: Readonly<Record<number, string>> = {
  400: "bad request",
  401: "unauthorized",
  403: "forbidden",
  404: "not found",
  405: "method not allowed",
  413: "too large",
  416: "range not satisfiable",
  429: "too many requests",
  500: "internal server error",
  502: "bad gateway",
  503: "service unavailable",
  504: "gateway timeout",
};

interface Reason {
  readonly code: string | undefined;
  readonly text: string;
}

/** A body that cannot be read says nothing; the status is the error then. */
async function readReason(answer: Answer, maxBytes: number, limitMs: number): Promise<Reason> {
  using _end = answer;
  try {
    const body = await readBody(answer, "the error", maxBytes, limitMs);
    const isJson = /\bjson\b/.test(answer.headers.get("content-type") ?? "");
    return parseReason(new TextDecoder().decode(body), isJson);
  } catch {
    return { code: undefined, text: "" };
  }
}

/** The first of the errors in a body, in docker's form: the code in words, then the message. */
export function parseReason(body: string, isJson: boolean): Reason {
  const first = firstError(body);
  if (first !== undefined) {
    const words = first.code.toLowerCase().replaceAll("_", " ");
    const parts = [words, first.message].filter((part) => part !== "");
    return { code: first.code || undefined, text: printable([...new Set(parts)].join(": ")) };
  }
  // A page for a browser says nothing here.
  const isPage = isJson || body.trimStart().startsWith("<");
  return { code: undefined, text: isPage ? "" : printable(body) };
}

function firstError(body: string): { code: string; message: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const list = "errors" in value && Array.isArray(value.errors) ? value.errors : [value];
  const error: unknown = list[0];
  if (typeof error !== "object" || error === null) return undefined;
  const text = (name: string): string => {
    const field: unknown = Object.entries(error).find(([key]) => key === name)?.[1];
    return typeof field === "string" ? field : "";
  };
  const [code, message] = [text("code"), text("message") || text("details") || text("error")];
  return code === "" && message === "" ? undefined : { code, message };
}

/** The wait that a Retry-After header asks for, in seconds or as a date. RFC 9110, 10.2.3 */
export function parseRetryAfter(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
