// Which cgroup directories a container sees under /sys/fs/cgroup, from what the manager says.

import type { CgroupControl } from "../../cgroups/manager.ts";
import type { CgroupView } from "./request.ts";

const PROCS_FILE = "/cgroup.procs";

/**
 * One view a hierarchy: the container's own cgroup, or with `whole` the hierarchy itself (where the
 * container shares the host's cgroup namespace on a host with a single hierarchy, as docker has it).
 */
export function listCgroupViews(
  manager: CgroupControl,
  cgroupsPath: string,
  whole: boolean,
): CgroupView[] {
  const isSingle = manager.join(cgroupsPath).how === "clone-into";
  const roots = manager.mountPoints();
  const views: CgroupView[] = [];
  for (const file of manager.procsFiles(cgroupsPath)) {
    const directory = file.slice(0, -PROCS_FILE.length);
    const root = roots[views.length];
    if (root === undefined) break;
    if (isSingle) views.push({ name: "", directory: whole ? root : directory, links: [] });
    else views.push(viewOf(directory, root));
  }
  return views;
}

function viewOf(directory: string, root: string): CgroupView {
  const name = root.slice(root.lastIndexOf("/") + 1);
  return { name, directory, links: name.includes(",") ? name.split(",") : [] };
}
