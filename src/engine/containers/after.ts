// What a guardian becomes once its container has ended: everything is cleared up, and where the restart
// policy says so the container is started again.

import { prepareErrno } from "../../../ffi/library.ts";
import { finish } from "./finish.ts";
import { type KeptContainer, type KeptStatus, KeptStore } from "./kept.ts";
import { removeKept } from "./remove.ts";
import { restartLater } from "./restart-policy.ts";

/** Returns the exit code of the hidden command. */
export async function performAfter(id: string): Promise<number> {
  prepareErrno();
  const kept = new KeptStore();
  const again = await settle(id, kept);
  if (again !== undefined) await restartLater(again.container, again.status, kept);
  return 0;
}

/** The container where it is to be started again. */
async function settle(
  id: string,
  kept: KeptStore,
): Promise<{ container: KeptContainer; status: KeptStatus } | undefined> {
  using lock = kept.lock(id);
  const container = lock === undefined ? undefined : kept.read(id);
  if (container === undefined) return undefined;
  const status = await finish(container, kept);
  // Somebody has started it again meanwhile.
  if (status.status === "running") return undefined;
  if (container.options.remove) {
    removeKept(container, kept);
    return undefined;
  }
  return { container, status };
}
