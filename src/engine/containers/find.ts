// A container by what its user calls it: its name, its id, or the beginning of an id that only one has.

import { UserError } from "../../errors.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";

/** @throws UserError in docker's words, exit code 1 */
export function findKept(text: string, kept: KeptStore): KeptContainer {
  const id = kept.findByName(text) ?? findByPrefix(text, kept.list(), text);
  const container = id === undefined ? undefined : kept.read(id);
  if (container !== undefined) return container;
  if (isInForeground(text)) {
    throw new UserError(
      `container ${text} runs in the foreground and is not kept`,
      "end it where it was started; what `run -d` starts can be managed from anywhere",
      1,
    );
  }
  throw new UserError(`No such container: ${text}`, undefined, 1);
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

function isInForeground(text: string): boolean {
  const store = new StateStore(runFolder(process.env));
  return (store.findByName(text) ?? findByPrefix(text, store.list(), text)) !== undefined;
}
