// `resume`: lets the processes of a paused container go on.
import { detectCgroups } from "../../../cgroups/detect.ts";
import { UserError } from "../../errors.ts";
import type { OciGlobals } from "./options.ts";
import { cgroupOf } from "./pause.ts";
import { readState } from "./state.ts";
import { OciStore } from "./store.ts";

/** @throws UserError where it is not paused */
export async function resumeContainer(id: string, globals: OciGlobals): Promise<void> {
  using container = new OciStore(globals.root).lock(id);
  const { status } = await readState(id, globals);
  if (status !== "paused") throw new UserError("container not paused");
  detectCgroups().thaw(cgroupOf(container.read()?.cgroupsPath));
}
