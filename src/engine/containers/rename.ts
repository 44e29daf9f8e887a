// Another name for a container, which may run.

import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { findKept } from "./find.ts";
import { KeptStore } from "./kept.ts";
import { findRecord } from "./running-record.ts";

/** @param askName is asked for the new one once it is wanted. @throws UserError for one of another's */
export function renameContainer(text: string, askName: () => string): void {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const name = naming(askName);
  if (container.name === name) {
    throw new UserError(
      "Renaming a container with the same name as its current name",
      undefined,
      1,
    );
  }
  using lock = kept.lock(container.id);
  if (lock === undefined) throw new UserError(`No such container: ${text}`, undefined, 1);
  const renamed = naming(() => kept.rename(container, name));
  tell("rename", renamed, { oldName: `/${container.name}` });
  if (findRecord(container.id) === undefined) return;
  // As long as it runs, its name is known beside those of the containers in the foreground as well.
  const store = new StateStore(runFolder(process.env));
  store.moveName(container.name, name, container.id);
}

/** docker's words for a name that cannot be. */
function naming<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`Error when allocating new name: ${error.message}`, error.hint, 1);
  }
}
