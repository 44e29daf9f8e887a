// Reading /proc/self/mountinfo and /proc/self/cgroup. man 5 proc, man 7 cgroups.
//
// Every run comes through here with cold code, where the first filter or flatMap of a process costs
// more (0.07 ms) than all of the parsing: hence the plain loops, here and in the planners.

export interface CgroupMount {
  /** The mount point. */
  readonly directory: string;
  /** Which part of the hierarchy is mounted: "/" unless a container sees its own part only. */
  readonly root: string;
  readonly unified: boolean;
  /** Empty for a unified one; `name=systemd` for a named one. */
  readonly controllers: readonly string[];
}

const SEPARATOR = " - cgroup";

/** Mount options that are no controllers. */
const OPTIONS = ",rw,ro,xattr,noprefix,clone_children,cpuset_v2_mode,favordynmods,nofavordynmods,";

/**
 * The cgroup mounts in the text of mountinfo: each hierarchy once, at its first mount point.
 * @param isInReach whether a mount point is not covered by another mount
 */
export function parseCgroupMounts(
  mountinfo: string,
  isInReach: (directory: string) => boolean = () => true,
): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  const seen: string[] = [];
  let at = mountinfo.indexOf(SEPARATOR);
  for (; at !== -1; at = mountinfo.indexOf(SEPARATOR, at + 1)) {
    const start = mountinfo.lastIndexOf("\n", at) + 1;
    const end = mountinfo.indexOf("\n", at);
    const place = mountinfo.slice(start, at).split(" ");
    const source = mountinfo.slice(at + 3, end === -1 ? undefined : end).split(" ");
    const mount = makeMount(place, source);
    if (mount === undefined || seen.includes(mount.controllers.join())) continue;
    if (!isInReach(mount.directory)) continue;
    seen.push(mount.controllers.join());
    mounts.push(mount);
  }
  return mounts;
}

// 35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
function makeMount(place: readonly string[], source: readonly string[]): CgroupMount | undefined {
  const directory = unescapeOctal(place[4] ?? "");
  const root = unescapeOctal(place[3] ?? "/");
  if (source[0] === "cgroup2") return { directory, root, unified: true, controllers: [] };
  if (source[0] !== "cgroup") return undefined;
  const controllers: string[] = [];
  for (const option of (source[2] ?? "").split(",")) {
    const isOther = OPTIONS.includes(`,${option},`) || option.startsWith("release_agent=");
    if (!isOther) controllers.push(option);
  }
  return controllers.length === 0 ? undefined : { directory, root, unified: false, controllers };
}

/** The kernel writes a space in a path as \040. */
function unescapeOctal(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** Controller (or `name=…`, or "" for the unified hierarchy) → this process's path in it. */
export function parseOwnCgroups(text: string): Map<string, string> {
  const own = new Map<string, string>();
  for (const line of text.split("\n")) {
    // 4:memory:/user.slice: the path may have colons itself.
    const [id, controllers, ...path] = line.split(":");
    if (id === undefined || controllers === undefined || path.length === 0) continue;
    for (const controller of controllers.split(",")) own.set(controller, path.join(":"));
  }
  return own;
}

/** `own` as seen from the mount point; "/" where it lies outside of what is mounted. */
export function pathBelow(own: string, root: string): string {
  if (own.startsWith("/..")) return "/";
  if (root === "/") return own;
  if (own === root) return "/";
  return own.startsWith(`${root}/`) ? own.slice(root.length) : "/";
}
