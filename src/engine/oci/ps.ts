// `ps`: the processes of a container, which are those in its cgroup and in the ones below it.
import type { OciGlobals } from "./options.ts";
import { cgroupsOf } from "./cgroups-of.ts";
import { isAlive, OciStore } from "./store.ts";

/** Their pids on this host; none where it has stopped. */
export async function listProcesses(id: string, globals: OciGlobals): Promise<number[]> {
  const record = new OciStore(globals.root).read(id);
  // Without a cgroup only the first of them is known.
  if (record.cgroupsPath === "") return isAlive(record) ? [record.initPid] : [];
  return cgroupsOf(record).pids(record.cgroupsPath, { recursive: true });
}
