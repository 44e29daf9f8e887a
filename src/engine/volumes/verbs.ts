// `volume create, ls, inspect, rm, prune`.

import { lstatSync, readdirSync } from "node:fs";
import { UserError } from "../../errors.ts";
import { type ContainerUser, listUsers } from "../container-users.ts";
import { dataFolder } from "../data-folder.ts";
import { type Filters, matchesLabels, matchesPattern } from "../filters.ts";
import { makeId } from "../names.ts";
import { checkVolumeOptions } from "./volume-place.ts";
import { ANONYMOUS_LABEL, type Volume, VolumeStore } from "./volume-store.ts";
import { tellPruned } from "../events/tell-of-things.ts";

export interface CreateVolumeOptions {
  /** Absent: one is made up. */
  readonly name?: string;
  readonly driver: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

/** A volume as lists and `inspect` show it. */
export interface VolumeRow extends Volume {
  readonly mountpoint: string;
  /** Ids of the containers that have it. */
  readonly users: readonly string[];
}

/** What a removal has brought. */
export interface PrunedVolumes {
  readonly deleted: readonly string[];
  readonly reclaimedBytes: number;
}

/** Makes a volume; its name. @throws UserError in docker's words */
export function createVolume(options: CreateVolumeOptions): string {
  if (options.driver !== "local" && options.driver !== "") {
    throw new UserError(
      `create ${options.name ?? ""}: error looking up volume plugin ${options.driver}: plugin "${options.driver}" not found`,
      "the only driver is local",
      1,
    );
  }
  const isAnonymous = options.name === undefined || options.name === "";
  const labels = isAnonymous ? { ...options.labels, [ANONYMOUS_LABEL]: "" } : options.labels;
  const name = isAnonymous ? makeId() : (options.name ?? "");
  checkVolumeOptions(name, options.options);
  return openVolumes().create(name, { labels, options: options.options }).name;
}

/** @throws UserError for a filter's value that cannot be */
export function listVolumes(filters: Filters): VolumeRow[] {
  const names = filters.get("name") ?? [];
  const dangling = filters.get("dangling")?.map((value) => value === "true" || value === "1");
  return listRows().filter((row) => {
    if (names.length > 0 && !names.some((name) => matchesPattern(row.name, name))) return false;
    if (dangling !== undefined && !dangling.includes(row.users.length === 0)) return false;
    if (filters.get("driver")?.includes("local") === false) return false;
    return matchesLabels(row.labels, filters);
  });
}

/** Those that are there, and the names of those that are not. */
export function inspectVolumes(names: readonly string[]): {
  readonly found: readonly VolumeRow[];
  readonly missing: readonly string[];
} {
  const rows = listRows();
  const found = names.map((name) => rows.find((row) => row.name === name));
  return {
    found: found.filter((row) => row !== undefined),
    missing: names.filter((_name, index) => found[index] === undefined),
  };
}

/** Takes a volume away. @throws UserError: there is none, or it is in use */
export function removeVolume(name: string): void {
  const store = openVolumes();
  using _lock = store.lock(true);
  store.get(name);
  const users = findUsers(name, listUsers());
  if (users.length > 0) {
    throw new UserError(
      `remove ${name}: volume is in use - [${users.join(", ")}]`,
      "stop that container first",
      1,
    );
  }
  store.remove(name);
}

/** Takes all volumes away that nobody uses: the anonymous ones, or with `all` the named as well. */
export function pruneVolumes(filters: Filters, all: boolean): PrunedVolumes {
  const store = openVolumes();
  using _lock = store.lock(true);
  store.removeUnfinished();
  const unused = listRows().filter(
    ({ users, labels }) =>
      users.length === 0 && (all || ANONYMOUS_LABEL in labels) && matchesLabels(labels, filters),
  );
  let reclaimedBytes = 0;
  for (const { name, mountpoint } of unused) {
    reclaimedBytes += measureFolder(mountpoint);
    store.remove(name);
  }
  tellPruned("volume", reclaimedBytes);
  return { deleted: unused.map(({ name }) => name), reclaimedBytes };
}

/** The bytes of all files below a folder, each inode counted once. */
export function measureFolder(path: string): number {
  const seen = new Set<string>();
  const measure = (file: string): number => {
    const { dev, ino, nlink, size, isFolder } = statOf(file);
    if (isFolder) {
      let bytes = 0;
      for (const name of readdirSync(file)) bytes += measure(`${file}/${name}`);
      return bytes;
    }
    if (nlink <= 1) return size;
    const inode = `${dev}:${ino}`;
    if (seen.has(inode)) return 0;
    seen.add(inode);
    return size;
  };
  return measure(path);
}

function statOf(path: string) {
  const { dev, ino, nlink, size, ...rest } = lstatSync(path);
  return { dev, ino, nlink, size, isFolder: (rest.mode & 0o170000) === 0o040000 };
}

function openVolumes(): VolumeStore {
  return new VolumeStore(dataFolder(process.env));
}

function listRows(): VolumeRow[] {
  const store = openVolumes();
  const containers = listUsers();
  return store.list().map((volume) => ({
    ...volume,
    mountpoint: store.mountpoint(volume.name),
    users: findUsers(volume.name, containers),
  }));
}

function findUsers(name: string, containers: readonly ContainerUser[]): string[] {
  return containers.filter(({ volumes }) => volumes.includes(name)).map(({ id }) => id);
}
