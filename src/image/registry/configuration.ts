// /etc/bunker/registries.json: what an administrator says of single registries.
//
//   { "registries": {
//       "docker.io":             { "mirrors": ["mirror.example.org"] },
//       "registry.example.org":  { "ca": "/etc/ssl/own.pem", "tokenServers": ["login.example.com"] },
//       "10.0.0.5:5000":         { "insecure": true } } }
import { readTextIfThere } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import type { Environment } from "../auth/docker-config.ts";
import { parseRegistryHost } from "../reference.ts";

/** What is set for one registry. */
export interface RegistrySettings {
  /** Registries that are asked first, in this order. They never get this one's credentials. */
  readonly mirrors: readonly string[];
  /** Certificates are not verified, and HTTP will do where there is no TLS. */
  readonly insecure: boolean;
  /** A file with certificate authorities, beside the system's. */
  readonly ca?: string;
  /** Foreign hosts that may get this registry's credentials, as they give tokens for it. */
  readonly tokenServers: readonly string[];
}

export type RegistryConfiguration = ReadonlyMap<string, RegistrySettings>;

export const NO_SETTINGS: RegistrySettings = { mirrors: [], insecure: false, tokenServers: [] };

/** Where the file is: $BUNKER_REGISTRIES names another one. */
export function registriesPath(environment: Environment): string {
  return environment["BUNKER_REGISTRIES"] || "/etc/bunker/registries.json";
}

/** The settings in a file; none where there is no file. Throws UserError. */
export function readRegistryConfiguration(path: string): RegistryConfiguration {
  const text = readTextIfThere(path);
  return text === undefined ? new Map() : parseRegistryConfiguration(text, path);
}

/** @param where the file's name, for messages @throws UserError */
export function parseRegistryConfiguration(text: string, where: string): RegistryConfiguration {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : "";
    throw new UserError(`${where} is not JSON: ${why}`);
  }
  const { registries = {} } = fieldsOf(value, where, ["registries"]);
  const entries = Object.entries(objectOf(registries, `${where}: registries`));
  return new Map(
    entries.map(([host, settings]) => [
      parseRegistryHost(host),
      parseSettings(settings, `${where}: registries["${host}"]`),
    ]),
  );
}

const FIELDS = ["mirrors", "insecure", "ca", "tokenServers"] as const;

function parseSettings(value: unknown, where: string): RegistrySettings {
  const { mirrors = [], insecure = false, ca, tokenServers = [] } = fieldsOf(value, where, FIELDS);
  if (typeof insecure !== "boolean") throw new UserError(`${where}.insecure must be true or false`);
  if (ca !== undefined && (typeof ca !== "string" || !ca.startsWith("/"))) {
    throw new UserError(`${where}.ca must be the absolute path of a file`);
  }
  return {
    mirrors: hostsOf(mirrors, `${where}.mirrors`),
    insecure,
    ...(ca !== undefined && { ca }),
    tokenServers: hostsOf(tokenServers, `${where}.tokenServers`),
  };
}

function objectOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new UserError(`${where} must be an object`);
  }
  return { ...value };
}

/** A misspelt field would silently leave a registry open, so unknown ones are refused. */
function fieldsOf<K extends string>(
  value: unknown,
  where: string,
  known: readonly K[],
): { readonly [P in K]?: unknown } {
  const object = objectOf(value, where);
  const names: readonly string[] = known;
  const stranger = Object.keys(object).find((name) => !names.includes(name));
  if (stranger === undefined) return object as { readonly [P in K]?: unknown };
  throw new UserError(`${where} has no field "${stranger}"`, `there are: ${known.join(", ")}`);
}

function hostsOf(value: unknown, where: string): string[] {
  const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
  if (!isList) throw new UserError(`${where} must be a list of hosts`);
  return value.map(parseRegistryHost);
}
