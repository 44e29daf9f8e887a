// `run --detach` and `create`: a container that is kept, and in the first case started.

import { writeAll, writeText } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import { makeId, makeName } from "../names.ts";
import type { RunOptions } from "../run-options.ts";
import { needsStorage } from "../storage/needs-storage.ts";
import { type KeptContainer, type KeptOptions, KeptStore } from "./kept.ts";
import { launchDetached } from "./launch-detached.ts";
import { removeKept } from "./remove.ts";

/** Prints the id, as docker does. @throws UserError where it cannot be started; then it is gone */
export async function runDetached(options: RunOptions): Promise<number> {
  const kept = new KeptStore();
  const container = keep(options, kept);
  using lock = kept.lock(container.id);
  if (lock === undefined) throw new UserError("the container was removed before it was started");
  try {
    await launchDetached(container, options, kept);
  } catch (error) {
    removeKept(container, kept);
    throw error;
  }
  if (options.cidfile !== undefined) writeIdFile(options.cidfile, container.id);
  writeAll(1, `${container.id}\n`, "stdout");
  return 0;
}

/** `create`: the id of a container that was never started. The image is fetched, if it has one. */
export async function createKept(options: RunOptions): Promise<string> {
  const kept = new KeptStore();
  const container = keep(options, kept);
  try {
    if (needsStorage(options)) {
      const { findStorage } = await import("../storage/container-storage.ts");
      using storage = await findStorage({ ...options, detach: true }, container.id, false);
      storage.pin();
    }
  } catch (error) {
    removeKept(container, kept);
    throw error;
  }
  if (options.cidfile !== undefined) writeIdFile(options.cidfile, container.id);
  return container.id;
}

/** Makes a container known under its name, or one that is made up. */
export function keep(options: RunOptions, kept: KeptStore): KeptContainer {
  const id = makeId();
  for (let attempt = 0; ; attempt++) {
    const name = options.name ?? makeName(id, attempt);
    try {
      const container = { id, name, createdMs: Date.now(), options: storable(options) };
      kept.create(container);
      return container;
    } catch (error) {
      if (options.name !== undefined || !(error instanceof UserError) || attempt > 9) throw error;
    }
  }
}

/** What is for one start alone stays out of what is kept. */
function storable({ pullProgress: _, ...options }: RunOptions): KeptOptions {
  return { ...options, detach: true, pull: "missing" };
}

function writeIdFile(path: string, id: string): void {
  writeText(path, id, { exclusive: true });
}
