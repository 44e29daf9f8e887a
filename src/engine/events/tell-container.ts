// Telling of a container of which no more than its id is at hand.

import { findForeground } from "../containers/foreground.ts";
import { KeptStore } from "../containers/kept.ts";
import { tell } from "./tell.ts";

/** One that has gone meanwhile is not told of. */
export function tellContainer(
  action: string,
  id: string,
  further: Readonly<Record<string, string>> = {},
): void {
  const kept = new KeptStore();
  const container = kept.read(id) ?? findForeground(id, kept);
  if (container !== undefined) tell(action, container, further);
}
