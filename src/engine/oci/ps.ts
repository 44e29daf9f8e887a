// `ps`: the processes of a container, which are those in its cgroup and in the ones below it.
import { detectCgroups } from "../../../cgroups/detect.ts";
import type { OciGlobals } from "./options.ts";
import { isAlive, OciStore } from "./store.ts";

/** Their pids on this host; none where it has stopped. */
export async function listProcesses(id: string, globals: OciGlobals): Promise<number[]> {
  const record = new OciStore(globals.root).read(id);
  const { cgroupsPath, initPid } = record;
  // Without a cgroup only the first of them is known.
  if (cgroupsPath === "") return isAlive(record) ? [initPid] : [];
  return detectCgroups().pids(cgroupsPath, { recursive: true });
}
