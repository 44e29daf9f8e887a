// Removing a container that is kept, with its layer, its log, and the volumes that nobody named.

import type { KeptContainer, KeptStore } from "./kept.ts";

/** To be called with its lock held, once it does not run. */
export function removeKept(container: KeptContainer, kept: KeptStore): void {
  kept.remove(container);
}
