// `pause`: stops every process of a container where it is.
import { detectCgroups } from "../../../cgroups/detect.ts";
import { UserError } from "../../errors.ts";
import type { OciGlobals } from "./options.ts";
import { readState } from "./state.ts";
import { OciStore } from "./store.ts";

/** @throws UserError where it does not run, or is paused already */
export async function pauseContainer(id: string, globals: OciGlobals): Promise<void> {
  // Race: nobody may delete it, or start it, between the question and the freeze.
  using container = new OciStore(globals.root).lock(id);
  const { status } = await readState(id, globals);
  if (status !== "running" && status !== "created") throw new UserError("container not running");
  detectCgroups().freeze(cgroupOf(container.read()?.cgroupsPath));
}

/** Freezing is a matter of cgroups. @throws UserError for a container that has none */
export function cgroupOf(cgroupsPath: string | undefined): string {
  if (cgroupsPath) return cgroupsPath;
  throw new UserError("the container has no cgroup, so it can be neither paused nor limited");
}
