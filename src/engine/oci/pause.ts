// `pause`: stops every process of a container where it is.
import { UserError } from "../../errors.ts";
import type { OciGlobals } from "./options.ts";
import { cgroupsOf } from "./cgroups-of.ts";
import { statusOf } from "./status.ts";
import { type LockedContainer, NO_CONTAINER, type OciRecord, OciStore } from "./store.ts";

/** @throws UserError where it does not run, or is paused already */
export async function pauseContainer(id: string, globals: OciGlobals): Promise<void> {
  // Race: nobody may delete it, or start it, between the question and the freeze.
  using container = new OciStore(globals.root).lock(id);
  const record = readLocked(container);
  const status = await statusOf(record, container.folder);
  if (status !== "running" && status !== "created") throw new UserError("container not running");
  cgroupsOf(record).freeze(cgroupOf(record));
}

/** What is known of a container. @throws UserError where its maker did not get so far */
export function readLocked(container: LockedContainer): OciRecord {
  const record = container.read();
  if (record === undefined) throw new UserError(NO_CONTAINER);
  return record;
}

/** Where its limits are, and its processes are held. @throws UserError where it has no cgroup */
export function cgroupOf({ cgroupsPath }: OciRecord): string {
  if (cgroupsPath !== "") return cgroupsPath;
  throw new UserError("the container has no cgroup, so it can be neither paused nor limited");
}
