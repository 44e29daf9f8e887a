// The containers that an option names (`--pid container:web`): by name, id, or the beginning of an id
// that only one has.

import { UserError } from "../errors.ts";
import { KeptStore } from "./containers/kept.ts";
import type { NamespaceOption, RunOptions } from "./run-options.ts";
import { isRunning, type StateStore } from "./state-store.ts";

/**
 * The pid of the init process of each running container that the options name, by the text of the
 * option; one that does not run is left out.
 * @throws UserError for a prefix that several ids have
 */
export function findContainerPids(
  { pid, ipc, network }: RunOptions,
  store: StateStore,
): Record<string, number> {
  const pids: Record<string, number> = {};
  const named: NamespaceOption[] = [pid, ipc, network];
  for (const option of named) {
    if (option.kind !== "container") continue;
    const found = findRunning(option.id, store);
    if (found !== undefined) pids[option.id] = found;
    else requireKept(option.id);
  }
  return pids;
}

/** One that is there and does not run is left to whoever joins it. @throws UserError */
function requireKept(text: string): void {
  const kept = new KeptStore();
  if (kept.findByName(text) !== undefined) return;
  if (kept.list().some((id) => id.startsWith(text))) return;
  throw new UserError(`No such container: ${text}`);
}

/** The id of a container by its name, its id or the beginning of it. @throws UserError */
export function findContainer(text: string, store: StateStore): string | undefined {
  return store.findByName(text) ?? findByPrefix(text, store);
}

function findRunning(text: string, store: StateStore): number | undefined {
  const id = findContainer(text, store);
  const record = id === undefined ? undefined : store.readRecord(id);
  return isRunning(record) ? record?.initPid : undefined;
}

function findByPrefix(prefix: string, store: StateStore): string | undefined {
  let found: string | undefined;
  for (const id of store.list()) {
    if (!id.startsWith(prefix)) continue;
    if (found !== undefined)
      throw new UserError(`several containers have ids with "${prefix}" first`);
    found = id;
  }
  return found;
}
