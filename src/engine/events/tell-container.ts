// Telling of a container of which no more than its id is at hand.

import { findKept } from "../containers/find.ts";
import { KeptStore } from "../containers/kept.ts";
import { tell } from "./tell.ts";

/** One that has gone meanwhile is not told of. */
export function tellContainer(
  action: string,
  id: string,
  further: Readonly<Record<string, string>> = {},
): void {
  try {
    tell(action, findKept(id, new KeptStore()), further);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "UserError") throw error;
  }
}
