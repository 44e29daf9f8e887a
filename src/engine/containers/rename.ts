// Another name for a container, which may run.

import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { findKept } from "./find.ts";
import { KeptStore } from "./kept.ts";
import { findRecord } from "./running-record.ts";

/** @throws UserError for a name that is another's */
export function renameContainer(text: string, name: string): void {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  if (container.name === name) {
    throw new UserError(
      "Renaming a container with the same name as its current name",
      undefined,
      1,
    );
  }
  using lock = kept.lock(container.id);
  if (lock === undefined) throw new UserError(`No such container: ${text}`, undefined, 1);
  const renamed = kept.rename(container, name);
  tell("rename", renamed, { oldName: `/${container.name}` });
  if (findRecord(container.id) === undefined) return;
  // As long as it runs, its name is known beside those of the containers in the foreground as well.
  const store = new StateStore(runFolder(process.env));
  store.moveName(container.name, name, container.id);
}
