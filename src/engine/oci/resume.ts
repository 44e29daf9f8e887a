// `resume`: lets the processes of a paused container go on.
import { UserError } from "../../errors.ts";
import type { OciGlobals } from "./options.ts";
import { cgroupOf, readLocked } from "./pause.ts";
import { cgroupsOf } from "./cgroups-of.ts";
import { statusOf } from "./status.ts";
import { OciStore } from "./store.ts";

/** @throws UserError where it is not paused */
export async function resumeContainer(id: string, globals: OciGlobals): Promise<void> {
  using container = new OciStore(globals.root).lock(id);
  const record = readLocked(container);
  const status = await statusOf(record, container.folder);
  if (status !== "paused") throw new UserError("container not paused");
  cgroupsOf(record).thaw(cgroupOf(record));
}
