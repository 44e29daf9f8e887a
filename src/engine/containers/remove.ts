// Removing a container that is kept, with its layer, its log, and the volumes that nobody named.

import { UserError } from "../../errors.ts";
import { readDetails } from "../container-details.ts";
import { dataFolder } from "../data-folder.ts";
import { tell } from "../events/tell.ts";
import { removeOwnVolumes } from "../volumes/own-volumes.ts";
import { VolumeStore } from "../volumes/volume-store.ts";
import { endWith } from "./end.ts";
import { findKept } from "./find.ts";
import { finish } from "./finish.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { lookAt } from "./live.ts";

const SIGKILL = 9;

export interface RemoveOptions {
  /** Ends it first, at once. */
  readonly force: boolean;
  /** Its anonymous volumes as well. */
  readonly volumes: boolean;
}

/** @throws UserError where it runs and is not to be ended */
export async function removeContainer(text: string, options: RemoveOptions): Promise<void> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { status } = lookAt(container, kept);
  if (status === "running" || status === "paused" || status === "restarting") {
    if (!options.force) throw refusal(text, container, status);
    await endWith(container, kept, SIGKILL, -1);
  }
  using lock = kept.lock(container.id);
  if (lock === undefined) return;
  await finish(container, kept);
  removeKept(container, kept, options.volumes);
}

function refusal(text: string, { id }: KeptContainer, status: string): UserError {
  const hint =
    status === "paused"
      ? "unpause and then stop the container, or use --force"
      : "stop the container before removing it, or use --force";
  const message = `cannot remove container "${text}": container is ${status}: ${id.slice(0, 12)}`;
  return new UserError(message, hint, 1);
}

/** To be called with its lock held, once it does not run. */
export function removeKept(
  container: KeptContainer,
  kept: KeptStore,
  withVolumes = container.options.remove,
): void {
  const own = readDetails(kept.folder(container.id))?.ownVolumes ?? [];
  kept.remove(container);
  tell("destroy", container);
  if (withVolumes) removeOwnVolumes(own, new VolumeStore(dataFolder(process.env)));
}
