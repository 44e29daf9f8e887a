// All containers, as `ps` shows them.

import { detectCgroups } from "../../../cgroups/detect.ts";
import type { CgroupManager } from "../../../cgroups/manager.ts";
import { type ContainerDetails, readDetails } from "../container-details.ts";
import { type Attachment, readAttachment } from "../networks/attachments.ts";
import { NetworkStore } from "../networks/network-store.ts";
import { describePorts, listNetworkNames } from "../networks/describe.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { imageName } from "../events/describe-run.ts";
import { ensureKeeper, findHealthCheck, type Health, readHealth } from "./health.ts";
import { listForeground } from "./foreground.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { type LiveContainer, type LiveStatus, lookAt } from "./live.ts";

export interface ContainerRow {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: readonly string[];
  readonly createdMs: number;
  readonly status: LiveStatus;
  readonly exitCode: number;
  readonly startedMs: number;
  readonly finishedMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly pid: number;
  /** Of one that runs and has a check. */
  readonly health?: Health["Status"];
  /** `0.0.0.0:8080->80/tcp`; "" for none. */
  readonly ports: string;
  readonly networks: readonly string[];
  /** What it was started with: its image, its mounts; read when it is asked for. */
  readDetails(): ContainerDetails | undefined;
  /** What it has of networks; read when it is asked for. */
  readAttachment(): Attachment | undefined;
}

/** The newest first. */
export function listContainers(): ContainerRow[] {
  const kept = new KeptStore();
  // Once for all of them.
  let cgroups: CgroupManager | undefined;
  const manager = (): CgroupManager => (cgroups ??= detectCgroups());
  const rows: ContainerRow[] = [];
  for (const id of kept.list()) {
    const container = kept.read(id);
    if (container !== undefined) rows.push(makeRow(lookAt(container, kept, manager), kept));
  }
  for (const container of listForeground(kept))
    rows.push(makeRow(lookAt(container, kept, manager), kept));
  return rows.sort((a, b) => b.createdMs - a.createdMs);
}

function makeRow(
  { container, kept, status, record }: LiveContainer,
  store: KeptStore,
): ContainerRow {
  const health = record === undefined ? undefined : lookAtHealth(container, store);
  const { id, name, createdMs, options, imageId = "" } = container;
  return {
    id,
    name,
    image: imageName(options.root),
    imageId,
    command: commandOf(container),
    createdMs,
    status,
    exitCode: kept.exitCode,
    startedMs: kept.startedMs,
    finishedMs: kept.finishedMs,
    labels: options.labels,
    ...(health === undefined ? {} : { health: health.Status }),
    pid: record?.initPid ?? 0,
    ports: options.networking === undefined ? "" : describePorts(id),
    networks: options.networking === undefined ? [options.network.kind] : listNetworkNames(id),
    readDetails: () => readDetails(folderOf(id, store)),
    readAttachment: () => readAttachment(new NetworkStore(), id),
  };
}

/** Of one that is not kept, the state folder is all there is. */
const folderOf = (id: string, kept: KeptStore): string =>
  kept.isKept(id) ? kept.folder(id) : new StateStore(runFolder(process.env)).containerFolder(id);

/** Of one that runs and has a check; whoever asks for it is there afterwards. */
export function lookAtHealth(container: KeptContainer, kept: KeptStore): Health | undefined {
  if (findHealthCheck(container, kept) === undefined) return undefined;
  ensureKeeper(container, kept);
  return readHealth(container.id, kept);
}

export function commandOf({ options }: KeptContainer): readonly string[] {
  return [...(options.entrypoint ?? []), ...options.command];
}
