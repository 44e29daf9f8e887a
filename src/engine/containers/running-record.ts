// Where the processes of a container are that runs.

import { runFolder } from "../run-folder.ts";
import { type ContainerRecord, isRunning, StateStore } from "../state-store.ts";

/** The record of a container whose init process is there. */
export function findRecord(id: string): ContainerRecord | undefined {
  const record = new StateStore(runFolder(process.env)).readRecord(id);
  return isRunning(record) ? record : undefined;
}
