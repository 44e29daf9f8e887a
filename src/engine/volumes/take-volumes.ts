// A container takes its volumes into use: they are made where they are missing, and filled.

import { fillVolume } from "./fill-volume.ts";
import type { ResolvedMounts, WantedVolume } from "./resolve-mounts.ts";
import { ANONYMOUS_LABEL, type VolumeStore } from "./volume-store.ts";

export interface TakenVolumes {
  readonly volumes: VolumeStore;
  readonly resolved: ResolvedMounts;
  /** The image's files; undefined: there is no image to fill from. */
  readonly root: string | undefined;
}

/**
 * Makes and fills what is missing. Returns the names of the container's own volumes.
 * @param tell writes down, while nobody can take a volume away, that they are in use
 */
export function takeVolumes(
  { volumes, resolved, root }: TakenVolumes,
  tell: (own: readonly string[]) => void,
): readonly string[] {
  const own = resolved.volumes.filter(({ isAnonymous }) => isAnonymous).map(({ name }) => name);
  if (resolved.volumes.length === 0) {
    tell(own);
    return own;
  }
  using _lock = volumes.lock(false);
  tell(own);
  for (const wanted of resolved.volumes) takeOne(wanted, volumes, root);
  return own;
}

function takeOne(wanted: WantedVolume, volumes: VolumeStore, root: string | undefined): void {
  const { name, target, copy, isAnonymous, options } = wanted;
  const labels = isAnonymous ? { ...wanted.labels, [ANONYMOUS_LABEL]: "" } : wanted.labels;
  const volume = volumes.create(name, { labels, options });
  const isMounted = Object.keys(volume.options).length > 0;
  if (copy && root !== undefined && !isMounted) {
    // Race: two containers at once would both fill it; the lock of a volume is its own.
    using _lock = volumes.lockOne(name);
    fillVolume(volumes.folderOf(name), root, target);
  }
}
