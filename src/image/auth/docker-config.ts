// ~/.docker/config.json, which bunker shares with docker: read with its credentials, and written so
// that whatever else is in it stays. https://docs.docker.com/reference/cli/docker/#configuration-files
import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { flock, LOCK } from "../../../ffi/flock.ts";
import { UserError } from "../../errors.ts";
import type { AuthEntry } from "./credentials.ts";

/** The parts of config.json that bunker knows. */
export interface DockerConfig {
  /** By the registry's key: "https://index.docker.io/v1/", "quay.io", "quay.io/team". */
  readonly auths: ReadonlyMap<string, AuthEntry>;
  /** The helper for registries without one of their own: `docker-credential-NAME`. */
  readonly credsStore?: string;
  readonly credHelpers: ReadonlyMap<string, string>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where config.json is: in $DOCKER_CONFIG or ~/.docker. */
export function dockerConfigPath(environment: Environment): string {
  const folder = environment["DOCKER_CONFIG"];
  if (folder) return `${folder}/config.json`;
  return `${environment["HOME"] || "/root"}/.docker/config.json`;
}

/** The config at `path`, an empty one where there is no file. Throws UserError for a broken one. */
export function readDockerConfig(path: string): DockerConfig {
  return parseDockerConfig(readObject(path), path);
}

type JsonObject = Record<string, unknown>;

function readObject(path: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT") || isErrno(error, "ENOTDIR")) return {};
    throw error;
  }
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Security: the parser's message quotes the text, which may be a secret.
    throw new UserError(`${path} is not JSON`);
  }
  if (!isObject(value)) throw new UserError(`${path} must be a JSON object`);
  return value;
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isErrno = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

function parseDockerConfig(object: JsonObject, path: string): DockerConfig {
  const auths = new Map<string, AuthEntry>();
  for (const [key, entry] of Object.entries(section(object, "auths", path))) {
    if (!isObject(entry)) throw new UserError(`${path}: auths["${key}"] must be an object`);
    auths.set(key, parseAuthEntry(entry));
  }
  const credHelpers = new Map<string, string>();
  for (const [key, name] of Object.entries(section(object, "credHelpers", path))) {
    if (typeof name !== "string") {
      throw new UserError(`${path}: credHelpers["${key}"] must be a string`);
    }
    credHelpers.set(key, name);
  }
  const { credsStore } = object;
  const hasStore = typeof credsStore === "string" && credsStore !== "";
  return { auths, credHelpers, ...(hasStore && { credsStore }) };
}

function section(object: JsonObject, name: string, path: string): JsonObject {
  const value = object[name] ?? {};
  if (!isObject(value)) throw new UserError(`${path}: ${name} must be an object`);
  return value;
}

const AUTH_FIELDS = ["auth", "username", "password", "identitytoken", "registrytoken"] as const;

function parseAuthEntry(object: JsonObject): AuthEntry {
  const entry: { -readonly [K in keyof AuthEntry]: string } = {};
  for (const name of AUTH_FIELDS) {
    const value = object[name];
    if (typeof value === "string" && value !== "") entry[name] = value;
  }
  return entry;
}

/**
 * Sets one registry's entry in the file at `path`, or removes it. An empty entry says that there is
 * one in the credential store. True where the file had one before. Throws UserError, errors of the file system.
 */
export function writeAuthEntry(path: string, key: string, entry: AuthEntry | undefined): boolean {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Race: two logins at once would each write the file without the other's entry.
  const lock = openSync(folder, "r");
  try {
    flock(lock, LOCK.LOCK_EX);
    const object = readObject(path);
    const auths = { ...section(object, "auths", path) };
    const had = Object.hasOwn(auths, key);
    if (entry === undefined && !had) return false;
    if (entry === undefined) delete auths[key];
    else auths[key] = entry;
    replaceFile(path, `${JSON.stringify({ ...object, auths }, undefined, "\t")}\n`);
    return had;
  } finally {
    closeSync(lock);
  }
}

/** Security: only its owner may read the file, and who reads it sees the old text or the new one. */
function replaceFile(link: string, text: string): void {
  const path = followLink(link);
  const temporary = `${path}.${process.pid}.${crypto.randomUUID().slice(0, 8)}`;
  const fd = openSync(temporary, "wx", 0o600);
  try {
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    chmodSync(temporary, 0o600);
    keepOwner(path, temporary);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** The file behind a link: some keep their dot files elsewhere. */
function followLink(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** With sudo, HOME may be another user's, who still wants to read the file. */
function keepOwner(path: string, temporary: string): void {
  if (process.geteuid?.() !== 0) return;
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const { uid, gid } = statSync(path, { throwIfNoEntry: false }) ?? statSync(folder);
  chownSync(temporary, uid, gid);
}
