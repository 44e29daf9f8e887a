// Names: of containers, of hosts, of users.
import type { UserOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import { consistsOf } from "./number.ts";

const alphanumerics = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/** Returns a container's name, docker's pattern: two characters at least. */
export function parseName(text: string): string {
  const bare = text.length > 1 && !"_.-".includes(text.charAt(0));
  if (bare && consistsOf(text, `${alphanumerics}_.-`)) return text;
  throw new UserError(
    `invalid container name (${text}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    "two characters at least, the first a letter or a digit",
  );
}

/**
 * Returns a host name of dot-separated labels, hostname(7).
 * Kernel: sethostname(2) takes 64 bytes, of which docker leaves one to the terminating NUL.
 */
export function parseHostname(text: string): string {
  if (text.length > 63) {
    throw new UserError(`host name must be at most 63 characters: got ${text.length}`);
  }
  let bad = text === "";
  for (const part of text.split(".")) {
    const edges = consistsOf(`${part.charAt(0)}${part.charAt(part.length - 1)}`, alphanumerics);
    if (!edges || !consistsOf(part, `${alphanumerics}_-`)) bad = true;
  }
  if (!bad) return text;
  throw new UserError(
    "invalid host name",
    "letters, digits, hyphens and underscores, in parts separated by dots",
  );
}

/** Returns a user and perhaps a group, each a name or a number: `NAME|UID[:GROUP|GID]`. */
export function parseUser(text: string): UserOption {
  const [user = "", group, ...rest] = text.split(":");
  if (rest.length > 0 || group === "" || (user === "" && group === undefined)) {
    throw new UserError("invalid user", "write NAME|UID[:GROUP|GID]");
  }
  // docker takes `:group` for root's.
  const name = checkAccount(user === "" ? "0" : user);
  return group === undefined ? { user: name } : { user: name, group: checkAccount(group) };
}

/** Returns a group's name or number. */
export function parseGroup(text: string): string {
  return checkAccount(text);
}

// Kernel: ids are 32 bits, and the last one means "leave it as it is" to setresuid(2).
function checkAccount(text: string): string {
  if (text === "" || text.startsWith("-") || includesAny(text, " \t\n,/")) {
    throw new UserError(`invalid user or group: '${text}'`);
  }
  if (consistsOf(text, "0123456789") && Number(text) >= 0xffff_ffff) {
    throw new UserError(`an id must be below 4294967295: got ${text}`);
  }
  return text;
}

function includesAny(text: string, characters: string): boolean {
  for (const character of characters) if (text.includes(character)) return true;
  return false;
}
