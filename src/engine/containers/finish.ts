// The end of a container that was kept: its exit status is written down, and what it had of the host is
// given back. Whoever finds it ended does this, under its lock: the guardian's successor, or the next
// command where that was killed.

import { detectControl } from "../../../cgroups/detect-control.ts";
import { fileType } from "../../../ffi/files.ts";
import { CGROUP_PREFIX } from "../cgroup-prefix.ts";
import { readDetails } from "../container-details.ts";
import { describeEnd, tell } from "../events/tell.ts";
import { tellMounts, tellNetwork, type ToldNetwork } from "../events/tell-of-things.ts";
import { readAttachment } from "../networks/attachments.ts";
import { NetworkStore } from "../networks/network-store.ts";
import { runFolder } from "../run-folder.ts";
import { isRunning, StateStore } from "../state-store.ts";
import { awaitExit } from "./await-exit.ts";
import { UNKNOWN_EXIT } from "./exit-file.ts";
import { openGuardian } from "./guardian-process.ts";
import type { KeptContainer, KeptStatus, KeptStore } from "./kept.ts";
import { killIfSame, killProcess } from "./wait-for.ts";

const SIGKILL = 9;

/**
 * Clears up after a container that has ended, and says how. To be called with its lock held. What it
 * finds done already it leaves.
 */
export async function finish(container: KeptContainer, kept: KeptStore): Promise<KeptStatus> {
  const before = kept.readStatus(container.id);
  const store = new StateStore(runFolder(process.env));
  const record = store.readRecord(container.id);
  // One that is at its gate while nobody starts it any more was never let go: it is as if not made.
  if (record !== undefined && isRunning(record)) {
    if (before.status === "running") return before;
    killIfSame(record.initPid, record.initStart);
  }
  const folder = store.containerFolder(container.id);
  const hasRun = before.status === "running";
  // Its folder is what is made first and removed last.
  if (!hasRun && fileType(folder) === 0) return before;
  const exit = hasRun ? awaitExit(folder, record) : undefined;
  const cgroups = detectControl();
  const cgroupsPath = record?.cgroupsPath || `/${CGROUP_PREFIX}${container.id}`;
  const oomKilled = cgroups.oomKills(cgroupsPath) > 0;
  const status: KeptStatus = {
    ...before,
    status: "exited",
    finishedMs: exit?.timeMs ?? Date.now(),
    exitCode: exit?.code ?? UNKNOWN_EXIT,
    oomKilled,
  };
  // Order: before the folder is removed, which is all that knows of the end until this is written.
  if (hasRun) kept.writeStatus(container.id, status);
  cgroups.kill(cgroupsPath, SIGKILL);
  cgroups.remove(cgroupsPath);
  using guardian = record === undefined ? undefined : openGuardian(record, folder);
  // One that still has its links, or half of them, loses them before its folder.
  const isNetworked = container.options.networking !== undefined;
  const networks = isNetworked ? networksOf(container.id) : [];
  if (isNetworked) (await import("../networks/tear-down.ts")).tryTearDown(container.id);
  store.freeName(container.name);
  store.removeFolder(container.id);
  // Order: once there is nothing to guard any more, its deputy does not go on in its place.
  if (guardian !== undefined && record?.agentPid !== process.pid) killProcess(guardian);
  if (!hasRun) return before;
  if (oomKilled) tell("oom", container);
  tell("die", container, describeEnd(status.exitCode, status.startedMs, status.finishedMs));
  for (const network of networks) tellNetwork("disconnect", network, container.id);
  tellMounts("unmount", container.id, readDetails(kept.folder(container.id))?.mounts ?? []);
  return status;
}

/** Those that it is in. */
function networksOf(id: string): ToldNetwork[] {
  const store = new NetworkStore();
  const { endpoints = [] } = readAttachment(store, id) ?? {};
  return endpoints.map(({ networkId, network: name }) => {
    return { id: networkId, name, driver: store.read(name)?.driver ?? "bridge" };
  });
}
