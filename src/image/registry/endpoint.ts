// Where a registry is reached and how far it is trusted: its addresses, the certificates that it may
// show, its mirrors.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { rootCertificates } from "node:tls";
import { UserError } from "../../errors.ts";
import type { Environment } from "../auth/docker-config.ts";
import { NO_SETTINGS, type RegistryConfiguration } from "./configuration.ts";
import { isLoopback } from "./proxy.ts";

/** What a command line says about the way to registries. */
export interface EndpointOptions {
  /** `--tls-verify=false`; left out, the configuration decides. */
  readonly tlsVerify?: boolean | undefined;
  /** `--cert-dir`: a folder with `*.crt` (authorities), `*.cert` and `*.key`, in place of certs.d. */
  readonly certificateFolder?: string | undefined;
}

export interface TlsSettings {
  readonly rejectUnauthorized: boolean;
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

export interface Endpoint {
  /** As it stands in references, "docker.io". */
  readonly domain: string;
  /** What its API is tried at, the best first. */
  readonly origins: readonly string[];
  /** Whether HTTP without TLS may carry what is said to it. */
  readonly allowsPlain: boolean;
  readonly tls: TlsSettings;
  readonly tokenServers: readonly string[];
}

const API_HOSTS: Readonly<Record<string, string>> = { "docker.io": "registry-1.docker.io" };
/** Docker's and podman's folders of certificates, with a folder for each registry. */
const CERTIFICATE_FOLDERS = [
  "/etc/bunker/certs.d",
  "/etc/containers/certs.d",
  "/etc/docker/certs.d",
];

/** The mirrors of a registry, then itself. Throws UserError for certificates that cannot be read. */
export function findEndpoints(
  domain: string,
  configuration: RegistryConfiguration,
  options: EndpointOptions,
  environment: Environment,
): Endpoint[] {
  const { mirrors } = configuration.get(domain) ?? NO_SETTINGS;
  return [...mirrors, domain].map((host) =>
    findEndpoint(host, configuration, options, environment),
  );
}

/** The registry itself. Throws UserError for certificates that cannot be read. */
export function findEndpoint(
  domain: string,
  configuration: RegistryConfiguration,
  { tlsVerify, certificateFolder }: EndpointOptions,
  environment: Environment,
): Endpoint {
  const settings = configuration.get(domain) ?? NO_SETTINGS;
  const host = API_HOSTS[domain] ?? domain;
  const { hasOwn, ...certificates } = readCertificates(
    domain,
    settings.ca,
    certificateFolder,
    environment,
  );
  // As docker has it, what is said to this machine itself needs no TLS.
  const isVerified = tlsVerify ?? !(settings.insecure || (!hasOwn && isLoopbackHost(host)));
  const allowsPlain = !isVerified;
  const tls = { rejectUnauthorized: isVerified, ...certificates };
  return {
    domain,
    origins: allowsPlain ? [`https://${host}`, `http://${host}`] : [`https://${host}`],
    allowsPlain,
    tls,
    tokenServers: settings.tokenServers,
  };
}

function isLoopbackHost(host: string): boolean {
  const url = URL.parse(`https://${host}`);
  if (url === null) throw new UserError(`invalid registry: ${JSON.stringify(host)}`);
  return isLoopback(url.hostname);
}

interface Certificates extends Pick<TlsSettings, "ca" | "cert" | "key"> {
  /** Whether authorities were named for this registry. */
  readonly hasOwn: boolean;
}

function readCertificates(
  domain: string,
  file: string | undefined,
  folder: string | undefined,
  environment: Environment,
): Certificates {
  const folders =
    folder === undefined ? CERTIFICATE_FOLDERS.map((each) => `${each}/${domain}`) : [folder];
  const files = folders.filter(existsSync).flatMap((each) =>
    readdirSync(each)
      .sort()
      .map((name) => `${each}/${name}`),
  );
  if (folder !== undefined && !existsSync(folder)) {
    throw new UserError(`cannot read certificates: no folder "${folder}"`);
  }
  const authorities = [...(file === undefined ? [] : [file]), ...files.filter(endsWith(".crt"))];
  const cert = files.find(endsWith(".cert"));
  const key = files.find(endsWith(".key"));
  const system = systemAuthorities(environment);
  const own = authorities.map(readCertificate);
  // What is given replaces the runtime's own list, so that has to be given, too.
  const base = system === undefined ? [...rootCertificates] : [system];
  return {
    hasOwn: own.length > 0,
    ...((own.length > 0 || system !== undefined) && { ca: [...base, ...own] }),
    ...(cert !== undefined && { cert: readCertificate(cert) }),
    ...(key !== undefined && { key: readCertificate(key) }),
  };
}

const endsWith =
  (end: string) =>
  (path: string): boolean =>
    path.endsWith(end);

function readCertificate(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UserError(`cannot read certificate "${path}"`, undefined, 125, { cause: error });
  }
}

/** Of Debian, Fedora, SUSE, Alpine: where Go's crypto/x509 looks, too. */
const SYSTEM_AUTHORITIES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/ssl/cert.pem",
];

/** The authorities that this machine trusts; undefined where it has no list, as in small images. */
function systemAuthorities(environment: Environment): string | undefined {
  const named = environment["SSL_CERT_FILE"];
  const path = [...(named ? [named] : []), ...SYSTEM_AUTHORITIES].find(existsSync);
  return path === undefined ? undefined : readCertificate(path);
}
