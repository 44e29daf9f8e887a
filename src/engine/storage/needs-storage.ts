// Whether a run asks for anything that bunker keeps. Apart, as a plain run loads no more than this.

import type { RunOptions } from "../run-options.ts";

/** True for an image, a volume, or the volumes of another container. */
export function needsStorage({ root, mounts, volumesFrom }: RunOptions): boolean {
  if (root.kind === "image" || volumesFrom !== undefined) return true;
  for (const { type } of mounts) if (type === "volume" || type === "image") return true;
  return false;
}
