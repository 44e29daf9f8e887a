// Which launches there are preludes for.

import type { KeptLaunch } from "../kept.ts";

/** One in the foreground, without an image and networks, of which nobody but its agent tells. */
export function isForPrelude(launch: KeptLaunch): boolean {
  const { layer, detached, network, told, oomScoreAdj, score } = launch;
  const more = layer ?? detached ?? network ?? told ?? oomScoreAdj;
  return process.arch === "x64" && more === undefined && score.latch !== undefined;
}
