// `system boot`: what a power loss or a reboot has left is cleared up, and the containers whose restart
// policy says so are started again.

import { detectCgroups } from "../../../cgroups/detect.ts";
import { prepareErrno } from "../../../ffi/library.ts";
import { finish } from "../containers/finish.ts";
import { type KeptContainer, type KeptStatus, KeptStore } from "../containers/kept.ts";
import { lookAt } from "../containers/live.ts";
import { removeKept } from "../containers/remove.ts";
import { wantsRestart } from "../containers/restart-policy.ts";
import { startContainer } from "../containers/start.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { sweep } from "../sweep.ts";

export interface Booted {
  /** Names. */
  readonly started: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: unknown }[];
}

/** In the order in which they were made. One that cannot be started keeps no other from it. */
export async function bootSystem(): Promise<Booted> {
  prepareErrno();
  const kept = new KeptStore();
  kept.sweep();
  const wanted: KeptContainer[] = [];
  for (const id of kept.list()) {
    const container = kept.read(id);
    if (container !== undefined && (await settle(container, kept))) wanted.push(container);
  }
  sweep(new StateStore(runFolder(process.env)), detectCgroups);
  const started: string[] = [];
  const failed: { name: string; error: unknown }[] = [];
  for (const { id, name } of wanted.sort((a, b) => a.createdMs - b.createdMs)) {
    try {
      await startContainer(id);
      started.push(name);
    } catch (error) {
      failed.push({ name, error });
    }
  }
  return { started, failed };
}

/** Writes its end down, if it has not been yet. True where it is to be started. */
async function settle(container: KeptContainer, kept: KeptStore): Promise<boolean> {
  const { status } = lookAt(container, kept);
  if (status === "running" || status === "paused") return false;
  using lock = kept.lock(container.id);
  if (lock === undefined) return false;
  const ended = settleRestarting(container, await finish(container, kept), kept);
  if (container.options.remove && ended.startedMs > 0) {
    removeKept(container, kept);
    return false;
  }
  return ended.startedMs > 0 && isWanted(container, ended);
}

/** Whoever was to start it again after a pause is gone. */
function settleRestarting({ id }: KeptContainer, status: KeptStatus, kept: KeptStore): KeptStatus {
  if (status.status !== "restarting") return status;
  const exited: KeptStatus = { ...status, status: "exited" };
  kept.writeStatus(id, exited);
  return exited;
}

/** As docker has it: `always` is also started where it was stopped by hand before. */
function isWanted(container: KeptContainer, ended: KeptStatus): boolean {
  return container.options.restart?.kind === "always" || wantsRestart(container, ended);
}
