// Volumes that nobody named: they go with their container.

import type { VolumeStore } from "./volume-store.ts";

export function removeOwnVolumes(names: readonly string[], volumes: VolumeStore): void {
  for (const name of names) if (volumes.find(name) !== undefined) volumes.remove(name);
}
