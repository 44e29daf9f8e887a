// What proves who one is to a registry, and how it is written into docker's config.json.
import { UserError } from "../../errors.ts";

/** Credentials of one registry. Security: never part of a message, a log line or an argv. */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** What a token server gave at login; it is exchanged there for a token each time. */
  | { readonly kind: "identity"; readonly username: string; readonly identityToken: string }
  /** A bearer token that the registry takes as it is. */
  | { readonly kind: "bearer"; readonly token: string };

/** One entry of `auths` in config.json. */
export interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/**
 * The credentials of an entry; undefined where it has none, as docker leaves it when the secret is
 * in a credential store. @param where for the message, such as the file and the registry
 * @throws UserError
 */
export function readAuthEntry(entry: AuthEntry, where: string): Credentials | undefined {
  if (entry.registrytoken) return { kind: "bearer", token: entry.registrytoken };
  const { username, password } = entry.auth ? decodeAuth(entry.auth, where) : entry;
  if (entry.identitytoken) {
    return { kind: "identity", username: username ?? "", identityToken: entry.identitytoken };
  }
  if (!username && !password) return undefined;
  return { kind: "password", username: username ?? "", password: password ?? "" };
}

/** The entry that holds the credentials, as docker writes it. */
export function makeAuthEntry(credentials: Credentials): AuthEntry {
  switch (credentials.kind) {
    case "bearer":
      return { registrytoken: credentials.token };
    case "identity":
      return {
        auth: encodeAuth(credentials.username, ""),
        identitytoken: credentials.identityToken,
      };
    case "password":
      return { auth: encodeAuth(credentials.username, credentials.password) };
  }
}

/** `user:password` in base64, as basic authentication and config.json have it. RFC 7617 */
export function encodeAuth(username: string, password: string): string {
  return Buffer.from(`${username}:${password}`, "utf8").toString("base64");
}

function decodeAuth(text: string, where: string): { username: string; password: string } {
  const decoded = Buffer.from(text, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  // Security: the text itself is the secret, so it is not quoted.
  if (colon < 0) throw new UserError(`${where}: "auth" is not USER:PASSWORD in base64`);
  // Docker cuts what once filled the password up to a block.
  const password = decoded.slice(colon + 1).replace(/\0+$/, "");
  return { username: decoded.slice(0, colon), password };
}
