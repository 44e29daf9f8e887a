// A container by what its user calls it: its name, its id, or the beginning of an id that only one has.

import { UserError } from "../../errors.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { findForeground } from "./foreground.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { noSuchContainer } from "../no-such.ts";

/** One that is kept, or runs in the foreground. @throws UserError in docker's words, exit code 1 */
export function findKept(text: string, kept: KeptStore): KeptContainer {
  const store = new StateStore(runFolder(process.env));
  const id =
    kept.findByName(text) ??
    store.findByName(text) ??
    findByPrefix(text, [...new Set([...kept.list(), ...store.list()])], text);
  const container = id === undefined ? undefined : (kept.read(id) ?? findForeground(id, kept));
  if (container !== undefined) return container;
  throw noSuchContainer(text);
}

/** @throws UserError for a prefix that several ids have */
export function findByPrefix(
  prefix: string,
  ids: readonly string[],
  text: string,
): string | undefined {
  if (!/^[0-9a-f]+$/.test(prefix)) return undefined;
  const found = ids.filter((id) => id.startsWith(prefix));
  if (found.length > 1) {
    throw new UserError(`multiple IDs found with provided prefix: ${text}`, undefined, 1);
  }
  return found[0];
}
