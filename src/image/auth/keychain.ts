// Which credentials a registry gets: the helper that docker's config.json names for it, else the
// entry in the file.
import type { Reference } from "../reference.ts";
import { CredentialHelper } from "./credential-helper.ts";
import { type Credentials, makeAuthEntry, readAuthEntry } from "./credentials.ts";
import {
  type DockerConfig,
  dockerConfigPath,
  type Environment,
  readDockerConfig,
  writeAuthEntry,
} from "./docker-config.ts";

/** The key that docker has used for its hub since before there was a version 2. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";
/** The names by which docker.io is found in config files, podman's among them. */
const DOCKER_HUB_HOSTS = ["index.docker.io", "docker.io", "registry-1.docker.io"];

/** Where a registry's credentials were put. */
export interface Stored {
  /** The helper that has them, or the file. */
  readonly place: string;
  /** They lie in the file as they are, which docker warns of. */
  readonly isPlain: boolean;
}

/** The credentials of registries, by docker's config.json and its helpers. */
export class Keychain {
  readonly path: string;
  readonly #environment: Environment;

  /** @param environment with DOCKER_CONFIG and HOME, and what helpers need */
  constructor(environment: Environment) {
    this.#environment = environment;
    this.path = dockerConfigPath(environment);
  }

  /**
   * The credentials for a registry, or undefined. Throws UserError.
   * @param name a host, and maybe a repository in it, for entries of one folder of a registry
   */
  async find({
    domain,
    path,
  }: Pick<Reference, "domain"> & { readonly path?: string }): Promise<Credentials | undefined> {
    const config = readDockerConfig(this.path);
    const helper = this.#helperOf(config, domain);
    if (helper !== undefined) {
      const found = await helper.get(keyOf(domain));
      if (found !== undefined) return found;
    }
    for (const key of candidates(config, domain, path)) {
      const entry = config.auths.get(key);
      const found = entry && readAuthEntry(entry, `${this.path}: auths["${key}"]`);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Keeps the credentials for a registry. Throws UserError. */
  async store(domain: string, credentials: Credentials): Promise<Stored> {
    const key = keyOf(domain);
    const helperName = helperNameOf(readDockerConfig(this.path), domain);
    if (helperName === undefined) {
      writeAuthEntry(this.path, key, makeAuthEntry(credentials));
      return { place: this.path, isPlain: true };
    }
    await new CredentialHelper(helperName, this.#environment).store(key, credentials);
    writeAuthEntry(this.path, key, {});
    return { place: `docker-credential-${helperName}`, isPlain: false };
  }

  /** Forgets the credentials for a registry. False where there were none. Throws UserError. */
  async erase(domain: string): Promise<boolean> {
    const config = readDockerConfig(this.path);
    const helper = this.#helperOf(config, domain);
    const hadSecret = helper !== undefined && (await helper.get(keyOf(domain))) !== undefined;
    if (hadSecret) await helper.erase(keyOf(domain));
    const keys = candidates(config, domain, undefined);
    const removed = keys.map((key) => writeAuthEntry(this.path, key, undefined));
    return hadSecret || removed.includes(true);
  }

  #helperOf(config: DockerConfig, domain: string): CredentialHelper | undefined {
    const name = helperNameOf(config, domain);
    return name === undefined ? undefined : new CredentialHelper(name, this.#environment);
  }
}

function helperNameOf(config: DockerConfig, domain: string): string | undefined {
  const named = config.credHelpers.get(domain) ?? config.credHelpers.get(keyOf(domain));
  return named || config.credsStore;
}

function keyOf(domain: string): string {
  return domain === "docker.io" ? DOCKER_HUB_KEY : domain;
}

/** The keys in the file that stand for a registry, the most exact first. */
function candidates(config: DockerConfig, domain: string, path: string | undefined): string[] {
  const wanted = namespacesOf(domain, path);
  const hosts = domain === "docker.io" ? DOCKER_HUB_HOSTS : [domain];
  const others = [...config.auths.keys()].filter((key) => {
    const isUrl = /^https?:\/\//.test(key);
    return hosts.includes(key) || (isUrl && hosts.includes(hostOf(key)));
  });
  const exact = [...wanted, keyOf(domain)].filter((key) => config.auths.has(key));
  return [...new Set([...exact, ...others])];
}

/** "quay.io/team/app", "quay.io/team": what podman's login can be narrowed to. */
function namespacesOf(domain: string, path: string | undefined): string[] {
  if (path === undefined) return [];
  const parts = path.split("/");
  return parts.map((_, index) => `${domain}/${parts.slice(0, parts.length - index).join("/")}`);
}

const hostOf = (url: string): string => url.replace(/^https?:\/\//, "").replace(/\/.*$/s, "");
