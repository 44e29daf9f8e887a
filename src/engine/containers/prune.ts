// `container prune`: every container that does not run is removed.

import { fileType } from "../../../ffi/files.ts";
import { type Filters, matchesLabels, parseMoment } from "../filters.ts";
import { finish } from "./finish.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { lookAt } from "./live.ts";
import { removeKept } from "./remove.ts";
import { measureFolder } from "../volumes/verbs.ts";
import { tellPruned } from "../events/tell-of-things.ts";

export interface PrunedContainers {
  readonly deleted: readonly string[];
  readonly reclaimedBytes: number;
}

/** @param filters `until`, `label` and `label!` */
export async function pruneContainers(filters: Filters): Promise<PrunedContainers> {
  const kept = new KeptStore();
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const id of kept.list()) {
    const container = kept.read(id);
    if (container === undefined || !isWanted(container, filters)) continue;
    using lock = kept.lock(id);
    if (lock === undefined || isUp(container, kept)) continue;
    await finish(container, kept);
    const upper = `${kept.folder(id)}/upper`;
    // One on a folder of the host or on its root has no layer of its own.
    if (fileType(upper) !== 0) reclaimedBytes += measureFolder(upper);
    removeKept(container, kept);
    deleted.push(id);
  }
  tellPruned("container", reclaimedBytes);
  return { deleted, reclaimedBytes };
}

function isUp(container: KeptContainer, kept: KeptStore): boolean {
  const { status } = lookAt(container, kept);
  return status === "running" || status === "paused" || status === "restarting";
}

function isWanted({ createdMs, options }: KeptContainer, filters: Filters): boolean {
  for (const text of filters.get("until") ?? []) {
    if (createdMs > parseMoment(text, Date.now())) return false;
  }
  return matchesLabels(options.labels, filters);
}
