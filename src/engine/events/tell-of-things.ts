// Telling of what happens to images, volumes and networks, with docker's words and attributes.

import type { MountPoint } from "../container-details.ts";
import { tellOf } from "./tell.ts";

/** @param name what it is called in this event: docker's `name` */
export function tellImage(action: string, id: string, name: string = id): void {
  tellOf("image", action, id, { name });
}

export function tellVolume(
  action: string,
  name: string,
  more: Readonly<Record<string, string>> = {},
): void {
  tellOf("volume", action, name, { driver: "local", ...more });
}

/** Of all volumes among what is mounted in a container. */
export function tellMounts(
  action: "mount" | "unmount",
  container: string,
  mounts: readonly MountPoint[],
): void {
  for (const { name, target: destination, readonly } of mounts) {
    if (name === undefined) continue;
    const how = { destination, propagation: "", "read/write": String(!readonly) };
    tellVolume(action, name, { container, ...(action === "mount" ? how : {}) });
  }
}

/** A network as far as events say something of it. */
export interface ToldNetwork {
  readonly id: string;
  readonly name: string;
  readonly driver: string;
}

/** @param container which was connected or disconnected */
export function tellNetwork(
  action: "create" | "connect" | "disconnect" | "destroy",
  { id, name, driver: type }: ToldNetwork,
  container?: string,
): void {
  tellOf("network", action, id, { name, type, ...(container === undefined ? {} : { container }) });
}

/** What a `prune` has brought. */
export function tellPruned(
  type: "container" | "image" | "network" | "volume",
  reclaimedBytes: number,
): void {
  tellOf(type, "prune", "", { reclaimed: String(reclaimedBytes) });
}
