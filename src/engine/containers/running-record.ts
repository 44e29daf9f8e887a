// Where the state of a container is, and its processes as long as it runs.

import { runFolder } from "../run-folder.ts";
import { type ContainerRecord, isRunning, StateStore } from "../state-store.ts";
import type { KeptStore } from "./kept.ts";

/** The folder of its state, whether it is there or not. */
export const stateFolder = (id: string): string =>
  new StateStore(runFolder(process.env)).containerFolder(id);

/** Where what is known of it lies: of one that is not kept, in the folder of its state. */
export const knownFolder = (id: string, kept: KeptStore): string =>
  kept.isKept(id) ? kept.folder(id) : stateFolder(id);

/** The record of a container whose init process is there. */
export function findRecord(id: string): ContainerRecord | undefined {
  const record = new StateStore(runFolder(process.env)).readRecord(id);
  return isRunning(record) ? record : undefined;
}
