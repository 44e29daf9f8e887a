// `system df`, `system prune`, `system check`.

import { detectCgroups } from "../../../cgroups/detect.ts";
import { fileType, listDirectory } from "../../../ffi/files.ts";
import type { CheckOptions, Finding } from "../../image/store/check.ts";
import { measureUsage } from "../../image/store/usage.ts";
import { type ContainerUser, listUsers } from "../container-users.ts";
import { KeptStore } from "../containers/kept.ts";
import { removeContainer } from "../containers/remove.ts";
import { dataFolder } from "../data-folder.ts";
import type { Filters } from "../filters.ts";
import { readFacts } from "../images/image-facts.ts";
import type { ImageRow } from "../images/list-images.ts";
import { isKeptFolder } from "../kept-folder.ts";
import { openStore } from "../images/open-store.ts";
import { manifestsInUse, pruneImages, type Removal } from "../images/remove-image.ts";
import { pruneNetworks } from "../networks/verbs.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { sweepLayers } from "../storage/container-storage.ts";
import { sweep } from "../sweep.ts";
import {
  listVolumes,
  measureFolder,
  type PrunedVolumes,
  pruneVolumes,
  type VolumeRow,
} from "../volumes/verbs.ts";
import { VolumeStore } from "../volumes/volume-store.ts";

export { bootSystem } from "./boot.ts";
export { readInfo, type SystemInfo } from "./info.ts";
export type { Finding } from "../../image/store/check.ts";

/** A line of `system df`. */
export interface UsageRow {
  readonly type: "Images" | "Containers" | "Local Volumes" | "Build Cache";
  readonly total: number;
  readonly active: number;
  readonly sizeBytes: number;
  readonly reclaimableBytes: number;
}

export interface ImageUsageRow extends ImageRow {
  readonly sharedBytes: number;
  readonly containers: number;
}

export interface ContainerUsageRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly command: string;
  readonly volumes: number;
  readonly sizeBytes: number;
  readonly createdMs: number;
  readonly isRunning: boolean;
}

export interface DiskUsage {
  readonly rows: readonly UsageRow[];
  readonly images: readonly ImageUsageRow[];
  readonly containers: readonly ContainerUsageRow[];
  readonly volumes: readonly (VolumeRow & { readonly sizeBytes: number })[];
}

/** What images, containers and volumes take on the disk. */
export function measureDisk(): DiskUsage {
  const containers = listUsers();
  const images = measureImages(containers);
  const measured = containers.map((each) => measureContainer(each));
  const stopped = measured.filter(({ isRunning }) => !isRunning);
  const volumes = listVolumes(new Map()).map((volume) => ({
    ...volume,
    sizeBytes: measureFolder(volume.mountpoint),
  }));
  const unused = volumes.filter(({ users }) => users.length === 0);
  const rows: UsageRow[] = [
    images.row,
    {
      type: "Containers",
      total: measured.length,
      active: measured.length - stopped.length,
      sizeBytes: sumOf(measured),
      reclaimableBytes: sumOf(stopped),
    },
    {
      type: "Local Volumes",
      total: volumes.length,
      active: volumes.length - unused.length,
      sizeBytes: sumOf(volumes),
      reclaimableBytes: sumOf(unused),
    },
    { type: "Build Cache", total: 0, active: 0, sizeBytes: 0, reclaimableBytes: 0 },
  ];
  return { rows, images: images.rows, containers: measured, volumes };
}

function measureImages(containers: readonly ContainerUser[]): {
  readonly row: UsageRow;
  readonly rows: readonly ImageUsageRow[];
} {
  using store = openStore();
  const used = new Map<string, number>();
  for (const { details } of containers) {
    const id = details?.image?.id;
    if (id !== undefined) used.set(id, (used.get(id) ?? 0) + 1);
  }
  const all = store.list();
  const { images, imageBytes, garbageBytes } = store.usage();
  const inUse = measureUsage(
    all.filter(({ id }) => used.has(id)),
    store,
  ).imageBytes;
  const row: UsageRow = {
    type: "Images",
    total: all.length,
    active: all.filter(({ id }) => used.has(id)).length,
    sizeBytes: imageBytes + garbageBytes,
    reclaimableBytes: imageBytes + garbageBytes - inUse,
  };
  const entries = store.entries();
  const rows = images.map(({ image, bytes, sharedBytes }): ImageUsageRow => {
    const facts = readFacts(store, image, entries);
    const [first] = facts?.tags ?? [];
    return {
      id: image.id,
      repository: first?.repository ?? "<none>",
      tag: first?.tag ?? "<none>",
      digest: image.top.digest,
      createdMs: facts?.createdMs,
      sizeBytes: bytes,
      sharedBytes,
      containers: used.get(image.id) ?? 0,
    };
  });
  return { row, rows };
}

function measureContainer(user: ContainerUser): ContainerUsageRow {
  const { id, name, details, createdMs, isRunning } = user;
  const upper = `${dataFolder(process.env)}/containers/${id}/upper`;
  const { Entrypoint = [], Cmd = [] } = details?.config ?? {};
  return {
    id,
    name,
    image: details?.image?.name ?? "",
    command: [...Entrypoint, ...Cmd].join(" "),
    isRunning,
    volumes: user.volumes.length,
    sizeBytes: fileType(upper) === 0 ? 0 : measureFolder(upper),
    createdMs,
  };
}

const sumOf = (rows: readonly { readonly sizeBytes: number }[]): number =>
  rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

export interface PruneOptions {
  /** All images that no container uses, not just those without a name. */
  readonly all: boolean;
  /** Volumes that nobody named as well. */
  readonly volumes: boolean;
  readonly filters: Filters;
}

/** What was taken away. */
export interface Pruned {
  /** Ids of those that were stopped, and of what a killed bunker has left. */
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly images: Removal;
  readonly volumes: PrunedVolumes;
}

/** Takes away what nobody uses, and what killed processes have left. */
export async function pruneSystem({ all, volumes, filters }: PruneOptions): Promise<Pruned> {
  const containers = new StateStore(runFolder(process.env));
  const stopped = listUsers().filter(({ isRunning }) => !isRunning);
  for (const { id } of stopped) await removeContainer(id, { force: false, volumes: false });
  const swept = [...stopped.map(({ id }) => id), ...sweep(containers, detectCgroups)];
  const layers = sweepLayers(dataFolder(process.env), containers);
  removeUnfinishedVolumes();
  new KeptStore().sweep();
  return {
    containers: [...new Set([...swept, ...layers])],
    networks: pruneNetworks(filters),
    volumes: volumes ? pruneVolumes(filters, false) : { deleted: [], reclaimedBytes: 0 },
    images: pruneImages(all, filters),
  };
}

function removeUnfinishedVolumes(): void {
  const store = new VolumeStore(dataFolder(process.env));
  using _lock = store.lock(true);
  store.removeUnfinished();
}

/** Looks at everything that is kept, and mends what can be. @throws UserError while it is in use */
export async function checkSystem(given: CheckOptions): Promise<Finding[]> {
  const options = { ...given, inUse: manifestsInUse() };
  const data = dataFolder(process.env);
  const containers = new StateStore(runFolder(process.env));
  using store = openStore();
  return [
    ...store.check(options),
    ...(options.verify ? await store.checkContents(options) : []),
    ...checkLayers(data, containers, options),
    ...checkVolumes(data, options),
  ];
}

function checkLayers(data: string, containers: StateStore, { repair }: CheckOptions): Finding[] {
  const left = (listDirectory(`${data}/containers`) ?? []).filter(
    ({ name }) =>
      fileType(containers.containerFolder(name)) === 0 &&
      !isKeptFolder(`${data}/containers/${name}`),
  );
  if (left.length === 0) return [];
  if (repair) sweepLayers(data, containers);
  const what = `writable layers of containers that are gone: ${left.length}`;
  return [{ what, repair: "removed", isRepaired: repair, isLeftover: true }];
}

function checkVolumes(data: string, { repair }: CheckOptions): Finding[] {
  const store = new VolumeStore(data);
  const entries = listDirectory(`${data}/volumes`) ?? [];
  const unfinished = entries.filter(({ name }) => /^\.(made|gone)-/.test(name));
  const findings: Finding[] = [];
  if (unfinished.length > 0) {
    using _lock = store.lock(true);
    if (repair) store.removeUnfinished();
    const what = `unfinished volumes: ${unfinished.length}`;
    findings.push({ what, repair: "removed", isRepaired: repair, isLeftover: true });
  }
  for (const { name } of entries) {
    if (name.startsWith(".") || store.find(name) !== undefined) continue;
    findings.push({ what: `"${name}" among the volumes has no _data folder`, isRepaired: false });
  }
  return findings;
}
