// Whether a registry takes a name and a password.
import type { Credentials } from "../auth/credentials.ts";
import type { RegistryClient } from "./client.ts";
import { RegistryError } from "./error.ts";
import { withRetries } from "./retry.ts";
import { openClient, type RegistryOptions } from "./session.ts";

/** Throws RegistryError where the registry refuses the credentials, or cannot be asked. */
export async function verifyLogin(
  domain: string,
  credentials: Credentials,
  options: RegistryOptions,
): Promise<void> {
  const client = openClient(domain, undefined, { ...options, credentials });
  try {
    await withRetries(client.connection.limits, () => ping(client));
  } catch (error) {
    throw explain(error, domain);
  }
}

async function ping(client: RegistryClient): Promise<void> {
  using _answer = await client.request({
    method: "GET",
    target: "/v2/",
    scopes: [],
    accept: [200],
  });
}

function explain(error: unknown, domain: string): unknown {
  if (!(error instanceof RegistryError) || error.status === undefined) return error;
  const { status, code } = error;
  const isWrong = status === 401 || status === 403;
  const message = isWrong
    ? `login to ${domain} failed: incorrect username or password`
    : `login to ${domain} failed`;
  return new RegistryError(message, { status, code, ...(!isWrong && { cause: error }) });
}
