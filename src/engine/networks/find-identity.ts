// A container by what its user calls it, whether it is kept or runs in the foreground.

import { findByPrefix } from "../containers/find.ts";
import { type KeptContainer, KeptStore } from "../containers/kept.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { noSuchContainer } from "../no-such.ts";

export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  /** Of its init process, 0 where it does not run. */
  readonly pid: number;
  readonly kept?: KeptContainer;
}

/** @throws UserError in docker's words, exit code 1 */
export function findIdentity(text: string): FoundContainer {
  const kept = new KeptStore();
  const running = new StateStore(runFolder(process.env));
  const id =
    kept.findByName(text) ??
    running.findByName(text) ??
    findByPrefix(text, [...new Set([...kept.list(), ...running.list()])], text);
  const container = id === undefined ? undefined : kept.read(id);
  const record = id === undefined ? undefined : running.readRecord(id);
  if (id === undefined || (container === undefined && record === undefined)) {
    throw noSuchContainer(text);
  }
  return {
    id,
    name: container?.name ?? record?.name ?? "",
    pid: record?.initPid ?? 0,
    ...(container === undefined ? undefined : { kept: container }),
  };
}
