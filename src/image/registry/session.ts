// What all work with registries begins with: the configuration, the keychain, a client for a
// registry and its mirrors.
import { type Environment } from "../auth/docker-config.ts";
import { Keychain } from "../auth/keychain.ts";
import type { Credentials } from "../auth/credentials.ts";
import type { Platform } from "../types.ts";
import { RegistryClient } from "./client.ts";
import { readRegistryConfiguration, registriesPath } from "./configuration.ts";
import { type EndpointOptions, findEndpoints } from "./endpoint.ts";
import { DEFAULT_LIMITS, type RegistryLimits } from "./limits.ts";
import type { ProgressSink } from "./progress.ts";

export interface RegistryOptions extends EndpointOptions {
  /** The caller's: proxies, HOME, DOCKER_CONFIG, PATH for credential helpers. */
  readonly environment: Environment;
  readonly progress: ProgressSink;
  /** Whose image of an index is meant; this machine's where it is left out. */
  readonly platform?: Platform | undefined;
  /** In place of the keychain's, for one command: `--creds`. */
  readonly credentials?: Credentials | undefined;
  readonly limits?: RegistryLimits;
  /** Ends the work wherever it is. */
  readonly signal?: AbortSignal | undefined;
}

/** A client for each mirror of a registry, and last for the registry itself. Throws UserError. */
export function openClients(
  domain: string,
  path: string | undefined,
  options: RegistryOptions,
): RegistryClient[] {
  const { environment, limits = DEFAULT_LIMITS, signal, credentials } = options;
  const configuration = readRegistryConfiguration(registriesPath(environment));
  const keychain = new Keychain(environment);
  const endpoints = findEndpoints(domain, configuration, options, environment);
  return endpoints.map((endpoint) => {
    const isMirror = endpoint.domain !== domain;
    const load = async (): Promise<Credentials | undefined> => {
      // Security: what was given for a registry is not for its mirrors.
      if (credentials !== undefined) return isMirror ? undefined : credentials;
      return keychain.find({ domain: endpoint.domain, ...(path !== undefined && { path }) });
    };
    return new RegistryClient(endpoint, { environment, limits, signal }, load);
  });
}

/** The client for a registry itself, past its mirrors: to push, to log in. Throws UserError. */
export function openClient(
  domain: string,
  path: string | undefined,
  options: RegistryOptions,
): RegistryClient {
  const client = openClients(domain, path, options).at(-1);
  if (client === undefined) throw new Error("a registry without an endpoint");
  return client;
}
