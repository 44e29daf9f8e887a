// Starting a container that is kept and does not run: again, or for the first time.

import { UserError } from "../../errors.ts";
import { readDetails } from "../container-details.ts";
import type { MountOption, RunOptions } from "../run-options.ts";
import { type StopOptions, stopContainer } from "./end.ts";
import { findKept } from "./find.ts";
import { finish } from "./finish.ts";
import { type KeptContainer, KeptStore } from "./kept.ts";
import { launchDetached } from "./launch-detached.ts";
import { lookAt } from "./live.ts";

/** One that runs already is left. @throws UserError where it cannot be started */
export async function startContainer(text: string): Promise<void> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  using lock = kept.lock(container.id);
  if (lock === undefined) throw new UserError(`No such container: ${text}`, undefined, 1);
  const { status } = lookAt(container, kept);
  if (status === "running" || status === "paused") return;
  const before = finish(container, kept);
  try {
    await launchDetached(container, optionsOf(container, kept), kept);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const exitCode = error instanceof UserError ? error.exitCode : 128;
    kept.writeStatus(container.id, { ...before, status: before.status, error: message, exitCode });
    throw error;
  }
}

/** The options for another start: the volumes are those that it has got already. */
function optionsOf({ id, options }: KeptContainer, kept: KeptStore): RunOptions {
  const details = readDetails(kept.folder(id));
  if (details === undefined) return options;
  const targets = new Set<string>();
  const mounts: MountOption[] = [];
  for (const { type, name, target, readonly } of details.mounts) {
    if (type !== "volume" || name === undefined) continue;
    mounts.push({ type: "volume", name, target, readonly, copy: false });
    targets.add(target);
  }
  for (const mount of options.mounts) if (!targets.has(mount.target)) mounts.push(mount);
  return { ...options, mounts };
}

/** Stops it where it runs, and starts it. */
export async function restartContainer(text: string, options: StopOptions): Promise<void> {
  stopContainer(text, options);
  await startContainer(text);
}
