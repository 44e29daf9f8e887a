// Pausing a container, and letting it go on.

import { detectControl } from "../../../cgroups/detect-control.ts";
import { UserError } from "../../errors.ts";
import { tell } from "../events/tell.ts";
import { findKept } from "./find.ts";
import { KeptStore } from "./kept.ts";
import { lookAfter } from "./live.ts";
import { notRunning } from "../no-such.ts";

/** @throws UserError where it does not run, or is paused */
export async function pauseContainer(text: string): Promise<void> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { status, record } = await lookAfter(container, kept);
  if (record === undefined) throw notRunning(`Container ${container.id} is not running`, text);
  if (status === "paused")
    throw new UserError(`Container ${container.id} is already paused`, undefined, 1);
  detectControl().freeze(record.cgroupsPath);
  tell("pause", container);
}

/** @throws UserError where it is not paused */
export async function unpauseContainer(text: string): Promise<void> {
  const kept = new KeptStore();
  const container = findKept(text, kept);
  const { status, record } = await lookAfter(container, kept);
  if (record === undefined || status !== "paused") {
    throw new UserError(`Container ${container.id} is not paused`, undefined, 1);
  }
  detectControl().thaw(record.cgroupsPath);
  tell("unpause", container);
}
