// Who uses an image or a volume: containers that run, and those that are kept although they do not.

import { type ContainerDetails, readDetails } from "./container-details.ts";
import { findByPrefix } from "./containers/find.ts";
import { type KeptContainer, KeptStore } from "./containers/kept.ts";
import { lookAt } from "./containers/live.ts";
import { runFolder } from "./run-folder.ts";
import type { RunOptions } from "./run-options.ts";
import { isRunning, StateStore } from "./state-store.ts";

/** A container as far as it holds on to something. */
export interface ContainerUser {
  readonly id: string;
  readonly name: string;
  readonly createdMs: number;
  /** Also where it is paused. */
  readonly isRunning: boolean;
  /** What it was started with; undefined where it never was. */
  readonly details: ContainerDetails | undefined;
  readonly volumes: readonly string[];
}

/** Every container that is not a dead one's rest. */
export function listUsers(): ContainerUser[] {
  const kept = new KeptStore();
  const keptUsers = kept.list().flatMap((id) => {
    const container = kept.read(id);
    return container === undefined ? [] : [makeKeptUser(container, kept)];
  });
  const known = new Set(keptUsers.map(({ id }) => id));
  const states = new StateStore(runFolder(process.env));
  const others = states.list().filter((id) => !known.has(id));
  return [...keptUsers, ...others.flatMap((id) => makeForegroundUser(id, states))];
}

function makeKeptUser(container: KeptContainer, kept: KeptStore): ContainerUser {
  const { id, name, createdMs, options } = container;
  const details = readDetails(kept.folder(id));
  const { status } = lookAt(container, kept);
  return {
    id,
    name,
    createdMs,
    isRunning: status === "running" || status === "paused" || status === "restarting",
    details,
    volumes: [...namesIn(details), ...namedVolumes(options)],
  };
}

function makeForegroundUser(id: string, states: StateStore): ContainerUser[] {
  const details = readDetails(states.containerFolder(id));
  if (details === undefined || isDead(states, id)) return [];
  const record = states.readRecord(id);
  const { name = "", createdMs = 0 } = record ?? {};
  return [{ id, name, createdMs, isRunning: true, details, volumes: namesIn(details) }];
}

/** Whether the process that was responsible is gone, and the container with it. */
function isDead(states: StateStore, id: string): boolean {
  using lock = states.lockAbandoned(id);
  if (lock === undefined) return false;
  const record = states.readRecord(id);
  return record?.status !== "running" || !isRunning(record);
}

function namesIn(details: ContainerDetails | undefined): string[] {
  return (details?.mounts ?? []).flatMap(({ name }) => (name === undefined ? [] : [name]));
}

function namedVolumes({ mounts }: Pick<RunOptions, "mounts">): string[] {
  return mounts.flatMap((mount) =>
    mount.type === "volume" && mount.name !== undefined ? [mount.name] : [],
  );
}

/** The container of a name, an id or the beginning of one. @throws UserError for several */
export function findUser(text: string): ContainerUser | undefined {
  const users = listUsers();
  const named = users.find(({ name, id }) => name === text || id === text);
  if (named !== undefined) return named;
  const id = findByPrefix(
    text,
    users.map((user) => user.id),
    text,
  );
  return users.find((user) => user.id === id);
}
