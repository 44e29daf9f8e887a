// Which cgroup directories a container sees under /sys/fs/cgroup, from what the manager says.

import type { CgroupManager } from "../../cgroups/manager.ts";
import type { CgroupView } from "./request.ts";

const PROCS_FILE = "/cgroup.procs";

/**
 * One view a hierarchy: the container's own cgroup, or with `whole` the hierarchy itself (where the
 * container shares the host's cgroup namespace on a host with a single hierarchy, as docker has it).
 */
export function listCgroupViews(
  manager: CgroupManager,
  cgroupsPath: string,
  whole: boolean,
): CgroupView[] {
  const directories = manager
    .procsFiles(cgroupsPath)
    .map((file) => file.slice(0, -PROCS_FILE.length));
  if (manager.join(cgroupsPath).how === "clone-into") {
    return directories.map((directory) => ({
      name: "",
      directory: whole ? rootOf(directory, cgroupsPath) : directory,
      links: [],
    }));
  }
  return directories.map((directory) => {
    const root = rootOf(directory, cgroupsPath);
    const name = root.slice(root.lastIndexOf("/") + 1);
    const controllers = name.split(",");
    return { name, directory, links: controllers.length > 1 ? controllers : [] };
  });
}

/** The hierarchy's mount point: the directory without the cgroup's own path. */
function rootOf(directory: string, cgroupsPath: string): string {
  return directory.endsWith(cgroupsPath)
    ? directory.slice(0, directory.length - cgroupsPath.length)
    : directory;
}
